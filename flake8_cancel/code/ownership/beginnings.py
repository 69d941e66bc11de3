"""Tasks that may be cancelled before their first step: their coroutine never runs then, not even its handlers."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.releases import after, ends_normally
from flake8_cancel.code.graph.points import ASYNC_EXIT, SUSPEND, State
from flake8_cancel.code.ownership.fates import fate
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_WAITS = (ast.Await, ast.AsyncFor, ast.AsyncWith)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def not_begun(module: Module, cancel: ast.Call) -> ast.Call | None:
    """Return what makes a task that a ``cancel()`` may reach before its first step, None where that is not certain.

    Certain is: a method makes the task and returns to who uses the object without letting the loop run it, and the
    function that cancels it comes to that without suspending. Whoever uses the object may call one right after the
    other.

    Args:
        module: the module.
        cancel: the call of ``cancel()``, of an attribute of ``self``.
    """
    function = module.function(cancel)
    assert isinstance(cancel.func, ast.Attribute)
    task = cancel.func.value
    if not isinstance(function, _FUNCTIONS) or not (module.reference(task) or "").startswith("self."):
        return None
    if any(isinstance(node, _WAITS) and node.lineno < cancel.lineno for node in walk(function)):
        return None
    is_inner = function.name.startswith("_") and not function.name.startswith("__")
    if module.started_only_as_task(function) or (is_inner and module.uses(function)):
        return None
    if function.name == "__aexit__":
        # The block between the two waits: who has nothing to wait for there needs no ``async with``.
        return None
    made = (call for call in fate(module, task).made if module.function(call) is not function)
    return next((call for call in made if _is_left_at_once(module, call, frozenset())), None)


def _is_left_at_once(module: Module, call: ast.Call, seen: frozenset[ast.AST]) -> bool:
    """Tell whether a function may return to who uses its object without suspending behind a call."""
    function = module.function(call)
    statement = module.statement(call)
    if not isinstance(function, _FUNCTIONS) or function in seen:
        return False
    flow = module.flow(function)
    if flow is None or flow.walk(after(flow, statement), ends_normally, avoid=_suspends) is None:
        return False
    callers = [module.parent(use) for use in module.uses(function)]
    calls = [one for one in callers if isinstance(one, ast.Call)]
    return not callers or any(_is_left_at_once(module, one, seen | {function}) for one in calls)


def _suspends(state: State) -> bool:
    return state.point.kind in (ASYNC_EXIT, SUSPEND)
