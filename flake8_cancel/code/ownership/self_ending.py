"""Tasks that may be left to themselves: they end at once, with what they wait for, or with what they close."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.releases import ends_normally
from flake8_cancel.code.graph.errors import TIMEOUTS
from flake8_cancel.code.graph.flow import Flow
from flake8_cancel.code.graph.points import ASYNC_EXIT, CLAUSE, SUSPEND, YIELD, State
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.ownership.holding import Hold, given_to
from flake8_cancel.code.ownership.task_exits import cares
from flake8_cancel.code.ownership.task_making import GATHER, WAIT
from flake8_cancel.code.ownership.task_uses import names_in
from flake8_cancel.code.tree import walk
from flake8_cancel.code.verbs import ends, words

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_THREAD = "asyncio.to_thread"
_ALL = "asyncio.ALL_COMPLETED"
_WAITING = (("join",), ("wait",))
_PUTS = ("put", "put_nowait")
_THREAD_QUEUES = ("queue.LifoQueue", "queue.PriorityQueue", "queue.Queue", "queue.SimpleQueue")


def ends_by_itself(module: Module, flow: Flow, hold: Hold, places: Sequence[ast.AST]) -> bool:
    """Tell whether a task does no harm that is left where its function ends.

    Its coroutine function never suspends, or it waits for a thread, which nobody can stop. Or it is watched until all
    are over, and only waits for something itself. Or it ends something, and its function, which waits for just that,
    has nothing more to wait for that would be skipped. Or it gets its first turn before its caller gets it: it is to
    run on.

    Args:
        module: the module.
        flow: the graph of the function that made it.
        hold: the task.
        places: where the function ends.
    """
    if all(_is_one_turn(module, place) for place in places) and _is_for_caller(module, flow, hold):
        return True
    if all(_is_let_run(module, flow, hold, place) for place in places):
        return True
    coroutine = module.value(hold.call.args[0]) if hold.call.args else None
    if not isinstance(coroutine, ast.Call):
        return False
    if module.name(coroutine.func) == _THREAD or _waits_for_threads(module, coroutine):
        return True
    waits = [wait for place in places if (wait := _wait_for_several(module, place))]
    method = coroutine.func.attr if isinstance(coroutine.func, ast.Attribute) else ""
    if not waits or len(waits) < len(places):
        return False
    if words(method)[:1] in _WAITING and not coroutine.args and not coroutine.keywords:
        return all(_is_for_all(module, wait) for wait in waits)
    return ends(method, module.facts) and all(_is_last(flow, place) or _is_limited(module, place) for place in places)


def _is_one_turn(module: Module, place: ast.AST) -> bool:
    """Tell whether a place waits for no more than a turn of the loop: ``await asyncio.sleep(0)``."""
    match place:
        case ast.Await(value=ast.Call(func=func, args=[ast.Constant(value=0)])):
            return module.name(func) == "asyncio.sleep"
    return False


def _is_let_run(module: Module, flow: Flow, hold: Hold, place: ast.AST) -> bool:
    """Tell whether a function lets a task run on, and ends, when what it waits for at a place takes too long."""
    around = set(module.ancestors(place))
    late = {
        state.point.node: State(state.point.targets[0], state.pending)
        for state in flow.every_state()
        if state.point.kind == CLAUSE
        and not TIMEOUTS.isdisjoint(state.point.wanted)
        and isinstance(block := module.parent(state.point.node), ast.Try)
        and not around.isdisjoint(block.body)
    }
    things = given_to(module, hold)
    return flow.walk(late.values(), ends_normally, avoid=lambda state: cares(hold, things, state)) is not None


def _is_for_caller(module: Module, flow: Flow, hold: Hold) -> bool:
    """Tell whether all that a function does with a task is to return it."""
    names = names_in(module, flow.function, hold.names)
    return bool(names) and all(isinstance(module.parent(name), ast.Return) for name in names)


def _waits_for_threads(module: Module, coroutine: ast.Call) -> bool:
    """Tell whether a coroutine never suspends, or only until a thread answers, which nobody can stop."""
    function = module.called(coroutine)
    if not isinstance(function, ast.AsyncFunctionDef) or not module.is_plain(function):
        return False
    flow = module.flow(function)
    return flow is not None and all(_is_for_thread(module, state.point.node) for state in flow.suspensions())


def _is_for_thread(module: Module, wait: ast.AST) -> bool:
    """Tell whether a place waits for a future that its function has put into a queue which a thread reads."""
    future = wait.value if isinstance(wait, ast.Await) else None
    if not isinstance(future, ast.Name) or module.kind(future) is not Kind.FUTURE:
        return False
    queues = set(_thread_queues(module)) - {None}
    return any(
        module.function(put) is module.function(wait)
        and isinstance(put.func, ast.Attribute)
        and module.reference(put.func.value) in queues
        and any(isinstance(node, ast.Name) and node.id == future.id for given in put.args for node in walk(given))
        for verb in _PUTS
        for put in module.calls(verb)
    )


def _thread_queues(module: Module) -> Iterator[str | None]:
    """Yield the names and attributes that this file makes queues of, to be read by threads."""
    for name in _THREAD_QUEUES:
        for call in module.calls(name.rpartition(".")[2]):
            made = module.parent(call)
            if module.name(call.func) == name and isinstance(made, (ast.Assign, ast.AnnAssign)):
                yield from map(module.reference, made.targets if isinstance(made, ast.Assign) else [made.target])


def _wait_for_several(module: Module, place: ast.AST) -> ast.Call | None:
    """Return the call of ``asyncio.wait`` or ``asyncio.gather`` that a place awaits."""
    call = place.value if isinstance(place, ast.Await) else None
    return call if isinstance(call, ast.Call) and module.name(call.func) in (GATHER, WAIT) else None


def _is_for_all(module: Module, wait: ast.Call) -> bool:
    asks_for_all = (one.arg == "return_when" and module.name(one.value) == _ALL for one in wait.keywords)
    return module.name(wait.func) == WAIT and all(asks_for_all)


def _is_limited(module: Module, place: ast.AST) -> bool:
    """Tell whether a place only watches tasks for a time, after which its function goes on without them."""
    wait = _wait_for_several(module, place)
    return wait is not None and any(one.arg == "timeout" for one in wait.keywords)


def _is_last(flow: Flow, place: ast.AST) -> bool:
    """Tell whether a function does not suspend any more behind a place."""
    waits = flow.suspensions(lambda point: point.node is place)
    behind = [further for wait in waits for further in flow.ahead(wait)]
    return flow.walk(behind, lambda state: state.point.kind in (SUSPEND, ASYNC_EXIT, YIELD)) is None
