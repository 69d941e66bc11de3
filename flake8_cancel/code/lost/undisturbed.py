"""Coroutine functions that nothing cancels but the end of the event loop."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.testing import has_deadline, runs_in_test
from flake8_cancel.code.tree import named, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_LOOKING = (ast.If, ast.While, ast.IfExp, ast.BoolOp, ast.UnaryOp, ast.Compare, ast.Assert)
_DISPLAYS = (ast.List, ast.Set, ast.Tuple)
# What a collection is told that does nothing but to hold its tasks.
_HOLDING = frozenset({"add", "discard", "remove"})
_CALLBACK = "add_done_callback"


def never_cancelled(module: Module, function: ast.AST | None, around: frozenset[ast.AST] = frozenset()) -> bool:
    """Tell whether only tests run a function, or it runs as tasks that this file keeps and never cancels.

    They are kept in attributes, or in a collection that does no more than to hold them. To await such a task would
    cancel it with the waiter; to shield it or to give it to ``asyncio.wait`` does not. What the loop cancels at its end
    it cancels together with the tasks that the function made. A private helper that only such functions await is not
    cancelled either.

    Args:
        module: the module.
        function: a coroutine function.
        around: the functions that are asked about already.
    """
    if not isinstance(function, ast.AsyncFunctionDef) or function in around:
        return False
    if runs_in_test(module, function):
        return True
    uses = module.uses(function)
    if not module.started_only_as_task(function):
        is_helper = bool(uses) and function.name.startswith("_")
        return is_helper and all(_is_part(module, use, around | {function}) for use in uses)
    return bool(uses) and all(_is_kept(module, use) for use in uses)


def _is_part(module: Module, use: ast.expr, around: frozenset[ast.AST]) -> bool:
    """Tell whether a function is awaited where it is used, under no deadline, in one that is never cancelled."""
    call = module.parent(use)
    is_awaited = isinstance(call, ast.Call) and call.func is use and isinstance(module.parent(call), ast.Await)
    return is_awaited and not has_deadline(module, use) and never_cancelled(module, module.function(use), around)


def _is_kept(module: Module, use: ast.expr) -> bool:
    """Tell whether the task that is made where a function is used is kept, and left alone."""
    attribute = _kept_in(module, use)
    if attribute is None:
        return _is_background(module, use)
    kept = (node for node in walk(module.tree) if isinstance(node, ast.Attribute) and node.attr == attribute)
    return all(_leaves_alone(module, node) for node in kept if isinstance(node.ctx, ast.Load))


def _is_background(module: Module, use: ast.expr) -> bool:
    """Tell whether a task goes into a collection that only holds it, and nobody does anything else with it."""
    statement, function = module.statement(use), module.function(use)
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)) if function:
            loads = [module.parent(node) for node in named(function, name) if isinstance(node.ctx, ast.Load)]
        case _:
            return False
    calls = [one for one in loads if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute)]
    callbacks = [one for one in loads if isinstance(one, ast.Attribute) and one.attr == _CALLBACK]
    holders = [one.func.value for one in calls if isinstance(one.func, ast.Attribute) and one.func.attr == "add"]
    is_all = len(holders) + len(callbacks) == len(loads)
    return is_all and bool(holders) and all(_only_holds(module, one) for one in holders)


def _only_holds(module: Module, collection: ast.expr) -> bool:
    """Tell whether all that this file does with a collection is to put tasks in, and to take out what is done."""
    last = collection.attr if isinstance(collection, ast.Attribute) else getattr(collection, "id", None)
    uses = (
        node
        for node in walk(module.tree)
        if isinstance(node, (ast.Attribute, ast.Name))
        and last in (getattr(node, "attr", None), getattr(node, "id", None))
    )
    parents = [module.parent(node) for node in uses if isinstance(node.ctx, ast.Load)]
    return last is not None and all(isinstance(one, ast.Attribute) and one.attr in _HOLDING for one in parents)


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
