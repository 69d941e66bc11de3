"""What this file gives to other threads to be run there."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# What runs a function in another thread: the place of that function among the arguments, and its keyword.
_STARTERS: dict[str, tuple[int, str]] = {
    "asyncio.to_thread": (0, "func"),
    "threading.Thread": (1, "target"),
    "threading.Timer": (1, "function"),
}
_POOLS = frozenset({"concurrent.futures.ThreadPoolExecutor", "concurrent.futures.thread.ThreadPoolExecutor"})
# Who calls one of these in a thread has an event loop of its own there.
_RUNS_LOOP = frozenset({"new_event_loop", "run", "run_forever", "run_sync", "run_until_complete", "set_event_loop"})


def starter(module: Module, function: ast.AST) -> ast.Call | None:
    """Return the call that runs a function in another thread where it is given to one, None elsewhere.

    Args:
        module: the module.
        function: the expression that is given to it.
    """
    around = module.parent(function)
    keyword = around.arg if isinstance(around, ast.keyword) else None
    call = module.parent(around) if isinstance(around, ast.keyword) else around
    if not isinstance(call, ast.Call) or call.func is function:
        return None
    place = _place(module, call)
    if place is None:
        return None
    position, name = place
    is_given = keyword == name if keyword else call.args[position : position + 1] == [function]
    return call if is_given else None


def started_by(module: Module, node: ast.AST, thing: ast.expr) -> ast.Call | None:
    """Return the call that runs the function around a node in another thread, if that thread has no event loop.

    Args:
        module: the module.
        node: a node in the body of a function.
        thing: what is used there; where the function itself made it, it belongs to that thread.
    """
    function = module.function(node)
    if isinstance(function, ast.Lambda):
        return starter(module, function)
    if not isinstance(function, ast.FunctionDef) or _runs_loop(function) or _binds(function, ast.unparse(thing)):
        return None
    calls = (starter(module, _whole(module, use)) for use in module.uses(function))
    return next((call for call in calls if call), None)


def _place(module: Module, call: ast.Call) -> tuple[int, str] | None:
    known = _STARTERS.get(module.name(call.func) or "")
    if known or not isinstance(call.func, ast.Attribute):
        return known
    if call.func.attr == "run_in_executor":
        return (1, "func")
    pool = module.value(call.func.value)
    is_pool = isinstance(pool, ast.Call) and module.name(pool.func) in _POOLS
    return (0, "fn") if is_pool and call.func.attr == "submit" else None


def _whole(module: Module, use: ast.expr) -> ast.AST:
    """Return ``partial(f, ...)`` for the ``f`` in it."""
    around = module.parent(use)
    is_partial = isinstance(around, ast.Call) and module.name(around.func) == "functools.partial"
    return around if is_partial and around is not None else use


def _runs_loop(function: ast.FunctionDef) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _RUNS_LOOP
        for node in walk(function)
    )


def _binds(function: ast.FunctionDef, thing: str) -> bool:
    return any(
        isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Store) and ast.unparse(node) == thing
        for node in walk(function)
    )
