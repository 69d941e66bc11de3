"""Functions that arrange for a CancelledError (a deadline, a double of a test), or that run while one is held."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.errors import CANCELLED_ERROR
from flake8_cancel.code.lost.flags import own_parts
from flake8_cancel.code.meaning.values import Kind

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_LATER = frozenset({"call_at", "call_later", "call_soon"})


def arranges_for_it(module: Module, function: ast.AST) -> bool:
    """Tell whether a function lets a CancelledError come at a time of its own.

    It puts the class, or an instance, somewhere (``side_effect = [..., it]``), or has the event loop cancel a task:
    ``loop.call_later(timeout, asyncio.current_task().cancel)``.
    """
    for node in own_parts(function):
        if isinstance(node, ast.Call) and _sets_a_time(module, node):
            return True
        if not isinstance(node, (ast.Name, ast.Attribute)) or module.name(node) != CANCELLED_ERROR:
            continue
        around = module.parent(node)
        if isinstance(around, ast.Call) and isinstance(around.func, ast.Attribute) and around.func.attr == "append":
            return True
        while isinstance(around, (ast.Call, ast.List, ast.Tuple)):
            around = module.parent(around)
        # A constant of classes to be caught is no double.
        is_constant = isinstance(around, ast.Assign) and isinstance(around.value, (ast.Tuple, ast.Name, ast.Attribute))
        is_double = isinstance(around, ast.Assign) and not is_constant
        if is_double or (isinstance(around, ast.keyword) and around.arg == "side_effect"):
            return True
    return False


def _sets_a_time(module: Module, call: ast.Call) -> bool:
    """Tell whether a call has the event loop cancel a task."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in _LATER:
        return False
    return any(
        isinstance(one, ast.Attribute) and one.attr == "cancel" and module.kind(one.value) is Kind.TASK
        for one in call.args[:2]
    )


def caller_holds_one(module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether a cancellation is caught already where a function is called, for its caller to raise.

    A parameter is a CancelledError, or a private function is only called in handlers that take nothing else.
    """
    parameters = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    if any(module.name(one.annotation) == CANCELLED_ERROR for one in parameters if one.annotation):
        return True
    uses = module.uses(function) if function.name.startswith("_") else []
    return bool(uses) and all(_is_handling(module, use) for use in uses)


def _is_handling(module: Module, node: ast.AST) -> bool:
    """Tell whether a node stands in a handler of CancelledError alone, in the same function."""
    function = module.function(node)
    handlers = (one for one in module.ancestors(node) if isinstance(one, ast.ExceptHandler))
    own = (handler for handler in handlers if module.function(handler) is function)
    return any(module.names(handler.type) == (CANCELLED_ERROR,) for handler in own)
