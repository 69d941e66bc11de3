"""The outcomes of ``gather(..., return_exceptions=True)``: how a test sorts them, and what a cancelled child comes to."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.errors import BASE_EXCEPTION, CANCELLED_ERROR, EXCEPTION, is_exception
from flake8_cancel.code.keeping import is_log
from flake8_cancel.code.scopes import COMPREHENSIONS
from flake8_cancel.code.values import Kind

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# What a cancelled child comes to: it is used as a good result, or is left out where the errors are looked at.
USED, LEFT_OUT = "used", "left out"

_JUMPS = (ast.Break, ast.Continue, ast.Raise, ast.Return)
_LOOPS = (ast.For, ast.AsyncFor)
_SOME = frozenset({"builtins.all", "builtins.any", "builtins.len", "builtins.next", "builtins.sum"})
_SHOWS = frozenset({"builtins.repr", "builtins.str", "builtins.type"})
_THROUGH = frozenset({"builtins.enumerate", "builtins.list", "builtins.reversed", "builtins.zip"})
_COUNTS = frozenset({"builtins.len", "builtins.sum"})


class Sorting(NamedTuple):
    """A test for Exception that sorts outcomes.

    Attributes:
        way: USED or LEFT_OUT.
        gather: the call that gave them, where it is in the same function.
        exception: the expression that names Exception, None where a constant does.
        only_looks: whether what is done to an error is only to log, to count or to skip it.
    """

    way: str
    gather: ast.Call | None
    exception: ast.expr | None
    only_looks: bool


def sorting_at(module: Module, test: ast.Call) -> Sorting | None:
    """Return how a test sorts outcomes, None unless it certainly mistakes a cancelled child.

    Args:
        module: the module.
        test: a call.
    """
    if module.name(test.func) != "builtins.isinstance" or len(test.args) != 2:
        return None
    classes = module.names(test.args[1])
    if EXCEPTION not in classes or not {None, BASE_EXCEPTION, CANCELLED_ERROR}.isdisjoint(classes):
        return None
    outcome = test.args[0]
    is_handed = not _is_outcome(module, outcome)
    if (is_handed and not _is_handed_over(module, outcome)) or _is_told_apart(module, test):
        return None
    treated = _treated(module, test)
    if treated is None:
        return None
    way, only_looks = treated
    gathers = _gathers(module, test)
    if way == LEFT_OUT and (not gathers or any(map(module.cancelled_before, gathers))):
        # Whoever cancels its children need not be told that they are cancelled.
        return None
    return Sorting(way, gathers[-1] if gathers else None, _named(module, test.args[1]), only_looks)


def _is_outcome(module: Module, expression: ast.expr) -> bool:
    return module.kind(expression) is Kind.OUTCOME


def _is_handed_over(module: Module, outcome: ast.expr) -> bool:
    """Tell whether the outcome is an element of a parameter that a call in this file gives a gather's outcomes."""
    function = module.function(outcome)
    iterated = _iterated(module, outcome)
    if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) or not isinstance(iterated, ast.Name):
        return False
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    if iterated.id not in names or any(
        isinstance(node, ast.Name) and node.id == iterated.id and not isinstance(node.ctx, ast.Load)
        for node in ast.walk(function)
    ):
        return False
    for call in ast.walk(module.tree):
        if isinstance(call, ast.Call) and call.args and module.definition(call.func) is function:
            position = names.index(iterated.id) - (names[0] in ("self", "cls") and isinstance(call.func, ast.Attribute))
            if position < len(call.args) and module.element_kind(call.args[position]) is Kind.OUTCOME:
                return True
    return False


def _iterated(module: Module, outcome: ast.expr) -> ast.expr | None:
    """Return what the loop or comprehension runs over that gives a name its value."""
    if not isinstance(outcome, ast.Name):
        return None
    for around in module.ancestors(outcome):
        loops: Sequence[ast.comprehension | ast.For | ast.AsyncFor] = ()
        if isinstance(around, COMPREHENSIONS):
            loops = around.generators
        elif isinstance(around, _LOOPS):
            loops = (around,)
        for loop in loops:
            if any(isinstance(node, ast.Name) and node.id == outcome.id for node in ast.walk(loop.target)):
                return loop.iter
    return None


def _is_told_apart(module: Module, test: ast.Call) -> bool:
    """Tell whether another test of the same outcomes may know a cancelled child from a good result."""
    mine = _sources(module, test.args[0])
    for node in ast.walk(module.function(test) or module.tree):
        if isinstance(node, ast.Compare) and not _is_none(node):
            asked: list[ast.expr] = [node.left, *node.comparators]
        elif isinstance(node, ast.Match):
            asked = [node.subject]
        elif isinstance(node, ast.Call) and node is not test and node.args and _knows(module, node):
            asked = node.args[:1]
        else:
            continue
        if any(not mine.isdisjoint(_sources(module, one)) for one in asked):
            return True
    return False


def _sources(module: Module, outcome: ast.expr) -> frozenset[str]:
    """Return what tells that two expressions are outcomes of the same children: their own names, or their list's."""
    own = module.reference(outcome)
    if own is None:
        return frozenset()
    waiting = [_iterated(module, outcome)]
    found = {own}
    for one in waiting:
        if isinstance(one, ast.Call) and module.name(one.func) in _THROUGH:
            waiting.extend(one.args)
        elif one is not None and (reference := module.reference(one)):
            found.add(reference)
    return frozenset(found)


def _is_none(node: ast.Compare) -> bool:
    return any(isinstance(side, ast.Constant) and side.value is None for side in (node.left, *node.comparators))


def _knows(module: Module, call: ast.Call) -> bool:
    """Tell whether a call may find out that its argument is a cancellation: it asks for more than some Exceptions."""
    name = module.name(call.func)
    if name == "builtins.type":
        return True
    if name not in ("builtins.isinstance", "builtins.issubclass") or len(call.args) != 2:
        return False
    known = module.names(call.args[1])
    return any(name is None or not _is_error(module, name) for name in known)


def _is_error(module: Module, name: str) -> bool:
    return name == EXCEPTION or (module.bases(name) is not None and is_exception(name, module.bases))


def _treated(module: Module, test: ast.Call) -> tuple[str, bool] | None:
    """Return what a cancelled child comes to, and whether errors are only looked at."""
    condition: ast.expr = test
    is_error = True
    for around in module.ancestors(test):
        if isinstance(around, ast.UnaryOp) and isinstance(around.op, ast.Not):
            is_error = not is_error
        elif isinstance(around, ast.BoolOp):
            # What else is asked may not turn an error into a good result.
            if isinstance(around.op, ast.Or) is not is_error:
                return None
        elif isinstance(around, ast.If):
            return _branched(module, test.args[0], around, is_error) if condition is around.test else None
        elif isinstance(around, ast.IfExp):
            if condition is not around.test:
                return None
            return USED, _only_shows(module, around.body if is_error else around.orelse)
        elif isinstance(around, ast.Assert):
            return None if is_error else (USED, False)
        elif isinstance(around, ast.comprehension):
            return _filtered(module, around) if is_error else (USED, True)
        else:
            return _counted(module, condition, around)
        assert isinstance(around, ast.expr)
        condition = around
    return None


def _branched(module: Module, outcome: ast.expr, branch: ast.If, is_error: bool) -> tuple[str, bool] | None:
    bad, good = (branch.body, branch.orelse) if is_error else (branch.orelse, branch.body)
    only_looks = all(map(_only_looks, bad))
    if any(not isinstance(statement, ast.Pass) for statement in good):
        return USED, only_looks
    if bad and isinstance(bad[-1], _JUMPS) and _is_used_behind(module, outcome, branch):
        return USED, only_looks
    return None if all(map(_only_logs, bad)) else (LEFT_OUT, only_looks)


def _is_used_behind(module: Module, outcome: ast.expr, branch: ast.If) -> bool:
    own = module.reference(outcome)
    return any(
        isinstance(node, ast.expr) and module.reference(node) == own
        for statement in _behind(module, branch)
        for node in ast.walk(statement)
    )


def _behind(module: Module, branch: ast.If) -> Iterator[ast.stmt]:
    """Yield the statements of the same block behind a statement."""
    around = module.parent(branch)
    for field in ("body", "orelse", "finalbody"):
        block = getattr(around, field, None)
        if isinstance(block, list) and branch in block:
            yield from block[block.index(branch) + 1 :]


def _filtered(module: Module, part: ast.comprehension) -> tuple[str, bool] | None:
    """A comprehension of the errors alone."""
    errors = module.parent(part)
    assert isinstance(errors, ast.expr)
    call = module.parent(errors)
    if isinstance(call, ast.Call) and module.name(call.func) in _COUNTS:
        return LEFT_OUT, True
    return None if _is_only_logged(module, errors) else (LEFT_OUT, False)


def _counted(module: Module, condition: ast.expr, around: ast.AST) -> tuple[str, bool] | None:
    """``any(isinstance(r, Exception) for r in results)`` and the like."""
    if not isinstance(around, (ast.GeneratorExp, ast.ListComp)) or condition is not around.elt:
        return None
    call = module.parent(around)
    if not isinstance(call, ast.Call) or module.name(call.func) not in _SOME or _is_only_logged(module, call):
        return None
    return LEFT_OUT, module.name(call.func) in _COUNTS


def _is_only_logged(module: Module, errors: ast.expr) -> bool:
    """Tell whether a log is all that errors are for."""
    statement = _statement(module, errors)
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)):
        return _only_logs(statement)
    target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
    if not isinstance(target, ast.Name) or statement.value is not errors:
        return False
    uses = [
        _statement(module, node)
        for node in ast.walk(module.function(errors) or module.tree)
        if isinstance(node, ast.Name) and node.id == target.id and isinstance(node.ctx, ast.Load)
    ]
    return all(map(_only_logs, uses))


def _statement(module: Module, expression: ast.expr) -> ast.stmt:
    return next(around for around in module.ancestors(expression) if isinstance(around, ast.stmt))


def _only_logs(statement: ast.stmt) -> bool:
    if isinstance(statement, (ast.If, ast.For)):
        return all(map(_only_logs, (*statement.body, *statement.orelse)))
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant) or is_log(statement.value)
    return isinstance(statement, (ast.Pass, ast.Continue))


def _only_looks(statement: ast.stmt) -> bool:
    """Tell whether a statement only logs, counts or skips."""
    if isinstance(statement, ast.AugAssign):
        return isinstance(statement.value, ast.Constant)
    return _only_logs(statement)


def _only_shows(module: Module, expression: ast.expr) -> bool:
    calls = [node for node in ast.walk(expression) if isinstance(node, (ast.Call, ast.Await))]
    return all(isinstance(call, ast.Call) and module.name(call.func) in _SHOWS for call in calls)


def _gathers(module: Module, test: ast.Call) -> list[ast.Call]:
    """Return the calls of gather before a test in its function that return exceptions."""
    found = [
        node
        for node in ast.walk(module.function(test) or module.tree)
        if isinstance(node, ast.Call)
        and module.name(node.func) == "asyncio.gather"
        and any(keyword.arg == "return_exceptions" for keyword in node.keywords)
    ]
    # In a comprehension the test stands before what it runs over.
    return sorted((call for call in found if call.lineno <= (test.end_lineno or 0) + 3), key=lambda call: call.lineno)


def _named(module: Module, classes: ast.expr) -> ast.expr | None:
    """Return the expression among the classes of a test that names Exception itself."""
    parts = classes.elts if isinstance(classes, ast.Tuple) else [classes]
    return next((part for part in parts if module.names(part) == (EXCEPTION,) and _is_written(part)), None)


def _is_written(expression: ast.expr) -> bool:
    return isinstance(expression, (ast.Name, ast.Attribute)) and ast.unparse(expression).endswith("Exception")
