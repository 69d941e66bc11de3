"""Timeouts that are made, and whether anything enters them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_MAKERS = frozenset({"async_timeout.timeout", "async_timeout.timeout_at", "asyncio.timeout", "asyncio.timeout_at"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def unentered(module: Module, call: ast.Call) -> str | None:
    """Return in words what becomes of a timeout that is surely never entered, None for any other call.

    Args:
        module: the module.
        call: a call.
    """
    if module.name(call.func) not in _MAKERS or not module.in_coroutine(call):
        return None
    around = module.parent(call)
    if isinstance(around, ast.Expr):
        return "as a statement"
    if isinstance(around, ast.Await):
        return "that is awaited"
    target = _target(around)
    if isinstance(target, ast.Name) and not _may_be_entered(module, target):
        return "that is never entered"
    return None


def _target(statement: ast.AST | None) -> ast.expr | None:
    match statement:
        case ast.Assign(targets=[target]) | ast.AnnAssign(target=target):
            return target
    return None


def _may_be_entered(module: Module, target: ast.Name) -> bool:
    """Tell whether a local that holds a timeout is used for more than its attributes."""
    function = module.function(target)
    assert isinstance(function, _FUNCTIONS)
    for node in walk(function):
        if isinstance(node, (ast.Global, ast.Nonlocal)) and target.id in node.names:
            return True
        is_use = isinstance(node, ast.Name) and node.id == target.id and isinstance(node.ctx, ast.Load)
        if is_use and not _is_looked_at(module, node):
            return True
    return any(
        isinstance(node, ast.Name) and node.id in ("locals", "vars") and module.name(node) == f"builtins.{node.id}"
        for node in walk(function)
    )


def _is_looked_at(module: Module, use: ast.AST) -> bool:
    """Tell whether a use only asks the timeout something; ``__aenter__`` and what is unknown may enter it."""
    attribute = module.parent(use)
    return isinstance(attribute, ast.Attribute) and attribute.attr in ("expired", "reschedule", "when")
