"""Cleanup that waits for a task of its own until it is done, whoever cancels the waiter meanwhile, and how often."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.catchers import Catcher
from flake8_cancel.code.lost.flags import own_parts

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_WATCHES = frozenset({"asyncio.shield", "asyncio.wait"})


def outwaits(module: Module, catcher: Catcher) -> bool:
    """Tell whether a catcher in a ``finally`` is there to wait on, as long as a task that is shielded is not done.

    The cancellation that began the cleanup is raised behind it; that of a cleanup without one is given up for the task.

    Args:
        module: the module.
        catcher: a handler or ``with`` item.
    """
    block = module.parent(catcher)
    loop = module.parent(block) if block else None
    task = _waited_out(loop)
    if loop is None or task is None or not _is_in_final(module, loop):
        return False
    waits = [node for node in own_parts(loop) if isinstance(node, ast.Await)]
    return bool(waits) and all(_watches(module, wait.value, task) for wait in waits)


def _waited_out(loop: ast.AST | None) -> str | None:
    """Return the task of ``while not task.done()``."""
    match loop:
        case ast.While(
            test=ast.UnaryOp(op=ast.Not(), operand=ast.Call(func=ast.Attribute(value=ast.Name(id=task), attr="done")))
        ):
            return task
    return None


def _watches(module: Module, waited: ast.expr, task: str) -> bool:
    """Tell whether a wait does not pass its cancellation on to the one task that it waits for."""
    if not isinstance(waited, ast.Call) or module.name(waited.func) not in _WATCHES or not waited.args:
        return False
    first = waited.args[0]
    watched = first.elts if isinstance(first, (ast.List, ast.Set, ast.Tuple)) else [first]
    return all(isinstance(one, ast.Name) and one.id == task for one in watched)


def _is_in_final(module: Module, node: ast.AST) -> bool:
    function = module.function(node)
    child = node
    for around in module.ancestors(node):
        if around is function:
            return False
        if child in getattr(around, "finalbody", ()):
            return True
        child = around
    return False
