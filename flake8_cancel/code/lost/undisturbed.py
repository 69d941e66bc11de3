"""Coroutine functions that nothing cancels but the end of the event loop."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.testing import runs_in_test
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_LOOKING = (ast.If, ast.While, ast.IfExp, ast.BoolOp, ast.UnaryOp, ast.Compare, ast.Assert)
_DISPLAYS = (ast.List, ast.Set, ast.Tuple)


def never_cancelled(module: Module, function: ast.AST | None) -> bool:
    """Tell whether only tests run a function, or it runs as tasks kept in attributes that this file never cancels.

    To await such a task would cancel it with the waiter; to shield it or to give it to ``asyncio.wait`` does not. What
    the loop cancels at its end it cancels together with the tasks that the function made.

    Args:
        module: the module.
        function: a coroutine function.
    """
    if not isinstance(function, ast.AsyncFunctionDef):
        return False
    if runs_in_test(module, function):
        return True
    if not module.started_only_as_task(function):
        return False
    kept = [_kept_in(module, use) for use in module.uses(function)]
    if not kept or None in kept:
        return False
    named = (node for node in walk(module.tree) if isinstance(node, ast.Attribute) and node.attr in kept)
    return all(_leaves_alone(module, node) for node in named if isinstance(node.ctx, ast.Load))


def _kept_in(module: Module, use: ast.expr) -> str | None:
    """Return the attribute that holds the task which is made where a function is used."""
    statement = module.statement(use)
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    if len(targets) != 1 or not isinstance(targets[0], ast.Attribute):
        return None
    return targets[0].attr


def _leaves_alone(module: Module, task: ast.Attribute) -> bool:
    around = module.parent(task)
    if isinstance(around, ast.Attribute):
        return around.attr != "cancel"
    if isinstance(around, _DISPLAYS):
        call = module.parent(around)
        return isinstance(call, ast.Call) and module.name(call.func) == "asyncio.wait"
    if isinstance(around, ast.Call):
        return task in around.args and module.name(around.func) == "asyncio.shield"
    return isinstance(around, _LOOKING)
