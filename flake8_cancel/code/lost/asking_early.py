"""Who asks a task whether it is cancelled before it can be: directly behind the ``cancel()``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.api import LOGGING_VERBS
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_BLOCKS = ("body", "orelse", "finalbody")


def cancelled_just_before(module: Module, asking: ast.Call) -> ast.Call | None:
    """Return the ``cancel()`` of a task behind which it is asked at once whether it is cancelled, or None.

    A task that was running then is not; what is made of the answer takes this for an error.

    Args:
        module: the module.
        asking: the call of ``cancelled()`` or ``done()``.
    """
    assert isinstance(asking.func, ast.Attribute)
    task = asking.func.value
    name, statement = module.reference(task), _statement_asking(module, asking)
    if name is None or statement is None or module.kind(task) is not Kind.TASK:
        return None
    function = module.function(asking)
    for call in module.cancels(function) if function else ():
        cancelling = module.parent(call)
        assert isinstance(call.func, ast.Attribute)
        if module.reference(call.func.value) != name or not isinstance(cancelling, ast.Expr):
            continue
        if _leads_straight(module, cancelling, statement, name):
            return call
    return None


def _statement_asking(module: Module, asking: ast.Call) -> ast.stmt | None:
    """Return the statement that takes it for an error if the task is not yet cancelled."""
    parent = module.parent(asking)
    if isinstance(parent, ast.Assert) and parent.test is asking:
        return parent
    statement = module.parent(parent) if parent else None
    match statement:
        case ast.If(test=ast.UnaryOp(op=ast.Not(), operand=operand), body=body) if operand is asking:
            return statement if all(_complains(one) for one in body) else None
    return None


def _complains(statement: ast.stmt) -> bool:
    """Tell whether a statement raises, or logs."""
    if isinstance(statement, ast.Raise):
        return True
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=verb))):
            return verb in LOGGING_VERBS
    return False


def _leads_straight(module: Module, cancelling: ast.stmt, asking: ast.stmt, name: str) -> bool:
    """Tell whether one statement follows another in one block, and nothing between suspends or changes the name."""
    block = next(
        (
            part
            for part in (getattr(module.parent(cancelling), field, None) for field in _BLOCKS)
            if isinstance(part, list) and cancelling in part and asking in part
        ),
        None,
    )
    if block is None or block.index(cancelling) > block.index(asking):
        return False
    return all(_is_plain(module, one, name) for one in block[block.index(cancelling) + 1 : block.index(asking)])


def _is_plain(module: Module, statement: ast.stmt, name: str) -> bool:
    if not isinstance(statement, (ast.Expr, ast.Assign, ast.Assert, ast.Pass)):
        return False
    for node in walk(statement):
        if isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom)):
            return False
        if module.reference(node) == name and isinstance(getattr(node, "ctx", None), ast.Store):
            return False
        # A call that runs the loop: then this function is none of its coroutines.
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.startswith("run"):
            return False
    return True
