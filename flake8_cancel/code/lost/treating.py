"""What a test makes of errors, and of what is none: the branches it decides, the collections it fills."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.lost.keeping import is_log
from flake8_cancel.code.tree import named, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# What becomes of an error that is missed: it is used as a good result, or left out where the errors are looked at.
USED, LEFT_OUT = "used", "left out"

_JUMPS = (ast.Break, ast.Continue, ast.Raise, ast.Return)
_SOME = frozenset({"builtins.all", "builtins.any", "builtins.len", "builtins.next", "builtins.sum"})
_SHOWS = frozenset({"builtins.repr", "builtins.str", "builtins.type"})
_COUNTS = frozenset({"builtins.len", "builtins.sum"})


def treated(module: Module, test: ast.Call) -> tuple[str, bool] | None:
    """Return what becomes of what a test for errors misses, and whether errors are only looked at; None if unclear.

    Args:
        module: the module.
        test: the call of ``isinstance``.
    """
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
            bad, good = (around.body, around.orelse) if is_error else (around.orelse, around.body)
            is_nothing = isinstance(good, ast.Constant) and good.value is None
            return LEFT_OUT if is_nothing else USED, _only_shows(module, test.args[0], bad)
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
    if not bad and all(isinstance(statement, ast.Continue) for statement in good):
        bad, good = list(_behind(module, branch)), []
    only_looks = all(map(_only_looks, bad))
    # A further test of what is no error finds out what is no good result either.
    is_asked = any(isinstance(one, ast.If) for one in good)
    is_told = not is_asked and all(_only_tells(module, one) for one in (*bad, *good))
    # What is printed may be all that a program is there for.
    if is_told and not any(_prints(module, one) for one in good) and _is_only_told(module, outcome, branch):
        return None
    if any(not isinstance(statement, ast.Pass) for statement in good):
        return USED, only_looks
    if bad and isinstance(bad[-1], _JUMPS) and _is_used_behind(module, outcome, branch):
        return USED, only_looks
    return None if all(map(_only_logs, bad)) else (LEFT_OUT, only_looks)


def _is_only_told(module: Module, outcome: ast.expr, branch: ast.If) -> bool:
    """Tell whether an outcome is of no use behind a test but for a log."""
    own = module.reference(outcome)
    used = [one for one in _behind(module, branch) if any(module.reference(node) == own for node in walk(one))]
    return all(map(_only_logs, used))


def _prints(module: Module, statement: ast.stmt) -> bool:
    calls = (node for node in walk(statement) if isinstance(node, ast.Call))
    return any(module.name(call.func) == "builtins.print" for call in calls)


def _only_tells(module: Module, statement: ast.stmt) -> bool:
    """Tell whether a statement only logs, or makes a text for a log."""
    if not isinstance(statement, ast.Assign):
        return _only_logs(statement)
    if not isinstance(statement.value, (ast.Constant, ast.JoinedStr)):
        return False
    names = {target.id for target in statement.targets if isinstance(target, ast.Name)}
    uses = (
        module.statement(node)
        for node in walk(module.function(statement) or module.tree)
        if isinstance(node, ast.Name) and node.id in names and isinstance(node.ctx, ast.Load)
    )
    return len(names) == len(statement.targets) and all(map(_only_logs, uses))


def _is_used_behind(module: Module, outcome: ast.expr, branch: ast.If) -> bool:
    own = module.reference(outcome)
    return any(
        isinstance(node, ast.expr) and module.reference(node) == own
        for statement in _behind(module, branch)
        for node in walk(statement)
    )


def _behind(module: Module, branch: ast.If) -> Iterator[ast.stmt]:
    """Yield the statements of the same block behind a statement; an ``elif`` stands in that of its ``if``."""
    around = module.parent(branch)
    if isinstance(around, ast.If) and around.orelse == [branch]:
        yield from _behind(module, around)
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
    statement = module.statement(errors)
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)):
        return _only_logs(statement)
    target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
    if not isinstance(target, ast.Name) or statement.value is not errors:
        return False
    uses = [
        module.statement(node)
        for node in named(module.function(errors) or module.tree, target.id)
        if isinstance(node.ctx, ast.Load)
    ]
    return all(map(_only_logs, uses))


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


def _only_shows(module: Module, outcome: ast.expr, expression: ast.expr) -> bool:
    """Tell whether an expression calls nothing, and gives the outcome to nobody, but for a text of it."""
    calls = [node for node in walk(expression) if isinstance(node, (ast.Call, ast.Await))]
    shows = {call for call in calls if isinstance(call, ast.Call) and module.name(call.func) in _SHOWS}
    own = module.reference(outcome)
    given = [node for node in walk(expression) if isinstance(node, ast.expr) and module.reference(node) == own]
    return len(shows) == len(calls) and all(
        isinstance(around, ast.FormattedValue) or around in shows for around in map(module.parent, given)
    )
