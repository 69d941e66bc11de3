"""Where a lost cancellation only ends a task: nobody in this file goes on behind the function that loses it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.framing import ends_something
from flake8_cancel.code.graph.catchers import Catcher
from flake8_cancel.code.lost.elsewhere import is_private, is_root, is_stand_in, left_to_others, never_ends
from flake8_cancel.code.lost.flags import own_parts
from flake8_cancel.code.lost.going_on import works
from flake8_cancel.code.lost.losses import ENDS, GOES_ON, VALUE, Loss, in_loop

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_WAITS = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.Yield)


def ends_task(module: Module, catcher: Catcher, loss: Loss) -> bool:
    """Tell whether a loss is the end of what this file only ever starts as a task, or leaves to others to run.

    A task's function may do something more, to clean up or to answer, but it comes to its end: no loop takes another
    turn. Who cancelled the task gets what he wanted, except for the word that it was cancelled. So does who ends a
    program, or what would else run for ever.

    Args:
        module: the module.
        catcher: the handler or ``with`` item that loses the cancellation.
        loss: how it is lost.
    """
    if loss.kind not in (ENDS, GOES_ON, VALUE) or loss.for_ever or in_loop(module, catcher, loss):
        return False
    function = module.function(catcher)
    if not isinstance(function, ast.AsyncFunctionDef):
        return False
    if module.started_only_as_task(function) or is_stand_in(module, function):
        return True
    if loss.kind == ENDS and left_to_others(module, function):
        return True
    if loss.kind == GOES_ON and never_ends(module, function):
        return left_to_others(module, function)
    if loss.kind == VALUE or not (is_root(module, function) or _ends_its_callers(module, function, frozenset())):
        return False
    return loss.kind == ENDS or _only_cleans_up_behind(module, catcher, function)


def _ends_its_callers(module: Module, function: ast.AsyncFunctionDef, around: frozenset[ast.AST]) -> bool:
    """Tell whether a private function is the last thing that functions do which are only started as tasks."""
    uses = module.uses(function) if is_private(function.name) and function not in around else ()
    return bool(uses) and all(_ends_caller(module, use, around | {function}) for use in uses)


def _ends_caller(module: Module, use: ast.expr, around: frozenset[ast.AST]) -> bool:
    """Tell whether a function is awaited where it is used, by one that ends a task and does nothing behind it."""
    call = module.parent(use)
    wait = module.parent(call) if isinstance(call, ast.Call) and call.func is use else None
    caller = module.function(use)
    if not isinstance(wait, ast.Await) or not isinstance(caller, ast.AsyncFunctionDef):
        return False
    if not module.started_only_as_task(caller) and not _ends_its_callers(module, caller, around):
        return False
    flow = module.flow(caller)
    if flow is None or not isinstance(module.parent(wait), ast.Expr):
        return False
    waits = flow.suspensions(lambda point: point.node is wait)
    behind = [further for wait in waits for further in flow.ahead(wait)]
    return flow.walk(behind, works) is None


def _only_cleans_up_behind(module: Module, catcher: Catcher, function: ast.AsyncFunctionDef) -> bool:
    """Tell whether all that a function still waits for behind a handler is the end of something."""
    last = getattr(module.parent(catcher), "end_lineno", 0)
    waits = (node for node in own_parts(function) if isinstance(node, _WAITS) and node.lineno > last)
    statements = map(module.statement, waits)
    return all(ends_something(one, module.facts) or module.only_waits_for_cancelled([one]) for one in statements)
