"""Who raises CancelledError by hand, though nobody cancelled."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.errors import CANCEL, CANCELLED_ERROR, NO, catches
from flake8_cancel.code.lost.flags import own_parts
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# Asked of a task or a future, these tell that something was cancelled.
_ASKS = frozenset({"cancelled", "cancelling"})
_TESTS = (ast.If, ast.While, ast.IfExp)


def raises_by_hand(module: Module, statement: ast.Raise) -> bool:
    """Tell whether a coroutine function raises a CancelledError that comes from no cancellation.

    It comes from one where a handler for it is around, or a test of what such a handler did, of whether something was
    cancelled, or of what only somebody else knows. A function that never suspends stands in for one that is cancelled.

    Args:
        module: the module.
        statement: a ``raise``.
    """
    raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
    if raised is None or module.names(raised) != (CANCELLED_ERROR,):
        return False
    function = module.function(statement)
    if not isinstance(function, ast.AsyncFunctionDef):
        return False
    flow = module.flow(function)
    if flow is None or not flow.suspends():
        return False
    left = {*_left_by_handlers(module, function), *_told_by_others(function)}
    for around in module.ancestors(statement):
        if around is function:
            return True
        if isinstance(around, ast.ExceptHandler) and _takes(module, around):
            return False
        if isinstance(around, _TESTS) and _tells(module, around.test, left):
            return False
        if isinstance(around, ast.Match) and _tells(module, around.subject, left):
            return False
    return True


def _left_by_handlers(module: Module, function: ast.AsyncFunctionDef) -> Iterator[str]:
    """Yield what the handlers of a function that take a cancellation set."""
    for handler in own_parts(function):
        if not isinstance(handler, ast.ExceptHandler) or not _takes(module, handler):
            continue
        for node in walk(handler):
            if isinstance(getattr(node, "ctx", None), ast.Store):
                yield module.reference(node) or ""
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                # flag.set(), errors.append(error)
                yield module.reference(node.func.value) or ""


def _told_by_others(function: ast.AsyncFunctionDef) -> Iterator[str]:
    """Yield the names that are unpacked from what a call gave: it may have told how something ended."""
    for node in own_parts(function):
        if isinstance(node, ast.Assign) and isinstance(node.value, (ast.Await, ast.Call)):
            for target in node.targets:
                if isinstance(target, ast.Tuple):
                    yield from (part.id for part in walk(target) if isinstance(part, ast.Name))


def _takes(module: Module, handler: ast.ExceptHandler) -> bool:
    return handler.type is None or catches(CANCEL, module.names(handler.type), module.bases) != NO


def _tells(module: Module, test: ast.expr, left: set[str]) -> bool:
    """Tell whether a test may ask for a cancellation: for what a handler left, for the kind of an error, or others."""
    for node in walk(test):
        if isinstance(node, ast.Call) and not (module.name(node.func) or "").startswith("builtins."):
            return True
        if isinstance(node, ast.Attribute) and (module.reference(node.value) != "self" or node.attr in _ASKS):
            return True
        if isinstance(node, (ast.Name, ast.Attribute)) and module.reference(node) in left:
            return True
        if isinstance(node, (ast.Name, ast.Attribute)) and CANCELLED_ERROR in module.names(node):
            return True
    return False
