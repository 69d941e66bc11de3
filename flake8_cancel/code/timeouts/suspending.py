"""Blocks under a deadline in which nothing suspends, so that it can never pass."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.points import ASYNC_EXIT, SUSPEND, YIELD, Point, State
from flake8_cancel.code.lost.keeping import is_log
from flake8_cancel.code.tree import children

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_LOOPS = (ast.AsyncFor, ast.For, ast.While)
_POINTS = frozenset({ASYNC_EXIT, SUSPEND, YIELD})


def never_suspends(module: Module, item: ast.withitem) -> bool:
    """Tell whether the block of an item surely does not suspend long enough for a deadline of the item to pass.

    One ``sleep(0)`` is not long enough: the loop looks at its timers after it has gone on with the task.

    Args:
        module: the module.
        item: an item of an ``async with`` in a coroutine function.
    """
    function, around = module.function(item), module.parent(item)
    if not isinstance(function, ast.AsyncFunctionDef) or not isinstance(around, ast.AsyncWith):
        return False
    flow = module.flow(function)
    if flow is None or not _does_something(module, item, around.body):
        return False
    states = [state for state in flow.every_state() if _is_inside(state.point, item)]
    places = {state.point.node for state in states if may_suspend(module, state)}
    if len(places) != 1:
        # What cannot be reached at all was never asked.
        return not places and bool(states)
    (place,) = places
    return _is_one_turn(module, place, around)


def may_suspend(module: Module, state: State) -> bool:
    """Tell whether a function may suspend in a state: not where it awaits what never does, as far as this file knows.

    Args:
        module: the module.
        state: a state of its graph.
    """
    point = state.point
    if point.kind not in _POINTS:
        return False
    call = point.node.value if isinstance(point.node, ast.Await) else None
    helper = module.definition(call.func) if isinstance(call, ast.Call) else None
    # A method may be another one in a class that inherits.
    if not isinstance(helper, ast.AsyncFunctionDef) or helper.decorator_list or module.class_around(helper):
        return True
    flow = module.flow(helper)
    return flow is None or any(inner.point.kind in _POINTS for inner in flow.every_state())


def _is_inside(point: Point, item: ast.withitem) -> bool:
    frame = point.frame
    while frame.parent is not None:
        if frame.kind == "with" and frame.node is item:
            return True
        frame = frame.parent
    return False


def _is_one_turn(module: Module, place: ast.AST, around: ast.AsyncWith) -> bool:
    """Tell whether a place is a ``sleep(0)`` that the block comes to once."""
    match place:
        case ast.Await(value=ast.Call(func=func, args=[ast.Constant(value=0)], keywords=[])):
            if module.name(func) != "asyncio.sleep":
                return False
        case _:
            return False
    for node in module.ancestors(place):
        if node is around:
            return True
        if isinstance(node, (*_LOOPS, ast.ListComp, ast.SetComp, ast.DictComp)):
            return False
    return False


def _does_something(module: Module, item: ast.withitem, body: Sequence[ast.stmt]) -> bool:
    """Tell whether a block calls anything that can take its time; not what only raises or asks the deadline."""
    own = module.reference(item.optional_vars) if item.optional_vars else None
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Raise, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.While) or _takes_time(module, node, own):
            return True
        waiting.extend(children(node))
    return False


def _takes_time(module: Module, node: ast.AST, own: str | None) -> bool:
    if not isinstance(node, ast.Call) or is_log(node):
        return False
    return own is None or not isinstance(node.func, ast.Attribute) or module.reference(node.func.value) != own
