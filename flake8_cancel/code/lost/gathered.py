"""How a test sorts the outcomes of ``gather(..., return_exceptions=True)``, and what becomes of a cancelled child."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.graph.errors import BASE_EXCEPTION, CANCELLED_ERROR, EXCEPTION, is_exception
from flake8_cancel.code.lost.treating import LEFT_OUT, USED, treated
from flake8_cancel.code.meaning.scopes import COMPREHENSIONS
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import named, of_types, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_LOOPS = (ast.For, ast.AsyncFor)
_THROUGH = frozenset({"builtins.enumerate", "builtins.list", "builtins.reversed", "builtins.zip"})
# Calls that take a CancelledError like any other result.
_BLIND = frozenset({"builtins.all", "builtins.any", "builtins.bool", "builtins.len"})


class Sorting(NamedTuple):
    """A test for Exception that sorts outcomes.

    Attributes:
        way: USED or LEFT_OUT, see ``treating``.
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
    if not {None, BASE_EXCEPTION, CANCELLED_ERROR}.isdisjoint(classes):
        return None
    if EXCEPTION not in classes and not _is_last_of_errors(module, test, classes):
        return None
    outcome = test.args[0]
    is_handed = not _is_outcome(module, outcome)
    if (is_handed and not _is_handed_over(module, outcome)) or _is_told_apart(module, test):
        return None
    found = treated(module, test)
    if found is None:
        return None
    way, only_looks = found
    if EXCEPTION not in classes and way != USED:
        return None
    gathers = _gathers(module, test)
    # Whoever cancels its children need not be told that they are cancelled.
    if way == LEFT_OUT and (not gathers or any(map(module.cancelled_before, gathers)) or _cancels(module, test)):
        return None
    return Sorting(way, gathers[-1] if gathers else None, _named(module, test.args[1]), only_looks)


def _is_last_of_errors(module: Module, test: ast.Call, classes: tuple[str | None, ...]) -> bool:
    """Tell whether a test asks for some Exceptions, and none that asks the same outcome for others stands behind it."""
    if not all(name and _is_error(module, name) for name in classes):
        return False
    mine = module.reference(test.args[0])
    others = (
        node
        for node in of_types(module.function(test) or module.tree, (ast.Call,))
        if module.name(node.func) == "builtins.isinstance" and len(node.args) == 2
    )
    same = [one for one in others if mine is None or module.reference(one.args[0]) == mine]
    return all(EXCEPTION not in module.names(one.args[1]) and one.lineno <= test.lineno for one in same)


def _is_outcome(module: Module, expression: ast.expr) -> bool:
    return module.kind(expression) is Kind.OUTCOME


def _is_handed_over(module: Module, outcome: ast.expr) -> bool:
    """Tell whether the outcome is an element of a parameter that a call in this file gives a gather's outcomes."""
    function = module.function(outcome)
    iterated = _iterated(module, outcome)
    if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) or not isinstance(iterated, ast.Name):
        return False
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    if iterated.id not in names or any(not isinstance(node.ctx, ast.Load) for node in named(function, iterated.id)):
        return False
    for call in walk(module.tree):
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
            if any(isinstance(node, ast.Name) and node.id == outcome.id for node in walk(loop.target)):
                return loop.iter
    return None


def _is_told_apart(module: Module, test: ast.Call) -> bool:
    """Tell whether another test of the same outcomes may know a cancelled child from a good result."""
    mine = _sources(module, test.args[0])
    for node in walk(module.function(test) or module.tree):
        if isinstance(node, ast.Attribute) and node.attr == "cancelled":
            return True
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
    if module.name(call.func) == "builtins.isinstance" and len(call.args) == 2:
        return any(name is None or not _is_error(module, name) for name in module.names(call.args[1]))
    # Any other call that decides something.
    return module.name(call.func) not in _BLIND and any(
        isinstance(around, (ast.If, ast.IfExp)) and call in set(walk(around.test)) for around in module.ancestors(call)
    )


def _is_error(module: Module, name: str) -> bool:
    return name == EXCEPTION or (module.bases(name) is not None and is_exception(name, module.bases))


def _gathers(module: Module, test: ast.Call) -> list[ast.Call]:
    """Return the calls of gather before a test in its function that return exceptions."""
    found = [
        node
        for node in walk(module.function(test) or module.tree)
        if isinstance(node, ast.Call)
        and module.name(node.func) == "asyncio.gather"
        and any(keyword.arg == "return_exceptions" for keyword in node.keywords)
    ]
    # A comprehension runs over what stands behind its tests.
    statement = module.statement(test)
    before = [call for call in found if call.lineno <= (statement.end_lineno or 0)]
    return sorted(before, key=lambda call: (call.lineno, call.col_offset))


def _cancels(module: Module, test: ast.Call) -> bool:
    """Tell whether the function calls something that by its name cancels."""
    calls = [node.func for node in walk(module.function(test) or module.tree) if isinstance(node, ast.Call)]
    words = (func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "") for func in calls)
    return any("cancel" in word.lower() for word in words)


def _named(module: Module, classes: ast.expr) -> ast.expr | None:
    """Return the expression among the classes of a test that names Exception itself."""
    parts = classes.elts if isinstance(classes, ast.Tuple) else [classes]
    return next((part for part in parts if module.names(part) == (EXCEPTION,) and _is_written(part)), None)


def _is_written(expression: ast.expr) -> bool:
    return isinstance(expression, (ast.Name, ast.Attribute)) and ast.unparse(expression).endswith("Exception")
