"""Loops that cancel one task in each turn."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# Which tasks such a loop cancels, as a repair must know it.
ALL, COPIED, SOME = "all", "copied", "some"

_LEAVING = (ast.Await, ast.Raise, ast.Return, ast.Yield, ast.YieldFrom)
_ASYNCHRONOUS = (ast.AsyncFor, ast.AsyncWith)


class CancelLoop(NamedTuple):
    """A loop that goes through tasks and cancels them.

    Attributes:
        loop: the loop; the outermost one, where loops stand in each other.
        which: ALL (every task of a collection that the function has for itself), COPIED (every task of what may be
            changed by others, or gone through only once) or SOME (those that the loop comes to cancel).
        is_simple: whether what follows the loop is reached whenever something was cancelled, without a wait.
    """

    loop: ast.For
    which: str
    is_simple: bool


def cancel_loop(module: Module, call: ast.Call) -> CancelLoop | None:
    """Return the loop that goes through the task that is cancelled, None if it is not one of several.

    Args:
        module: the module.
        call: the call of ``cancel()``; what becomes of it, if anything, is awaited.
    """
    assert isinstance(call.func, ast.Attribute)
    task = call.func.value
    statement: ast.AST = call
    loops = []
    for parent in module.ancestors(call):
        if isinstance(parent, ast.For):
            loops.append(parent)
        elif isinstance(parent, (ast.Await, ast.Expr)):
            statement = parent
        elif not isinstance(parent, ast.If):
            break
    if not any(_goes_through(loop, task) for loop in loops):
        return None
    loop = loops[-1]
    own = set(walk(statement))
    leaves = any(isinstance(node, (*_LEAVING, *_ASYNCHRONOUS)) and node not in own for node in walk(loop))
    is_simple = isinstance(task, ast.Name) and not (leaves or loop.orelse)
    return CancelLoop(loop, _which(module, loop, statement), is_simple)


def _goes_through(loop: ast.For, task: ast.expr) -> bool:
    names = {node.id for node in walk(loop.target) if isinstance(node, ast.Name)}
    return any(isinstance(node, ast.Name) and node.id in names for node in walk(task))


def _which(module: Module, loop: ast.For, statement: ast.AST) -> str:
    if loop.body != [statement] or not isinstance(loop.target, ast.Name):
        return SOME
    return ALL if isinstance(loop.iter, ast.Name) and module.kind(loop.iter) is Kind.COLLECTION else COPIED
