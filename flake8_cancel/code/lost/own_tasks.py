"""Functions that cancel the very task in which they run, and are cut off before they are through."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.graph.edges import NEXT
from flake8_cancel.code.graph.flow import Flow, cancelled_pending
from flake8_cancel.code.graph.points import ASYNC_EXIT, STEP, SUSPEND, State
from flake8_cancel.code.lost.cancellers import may_be_taken, missed_behind
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import walk
from flake8_cancel.code.verbs import ends

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_TAKES_OUT = frozenset({"clear", "discard", "pop", "popleft", "remove"})


class CutOff(NamedTuple):
    """A function that cancels the task in which it runs.

    Attributes:
        run: the function that the task runs.
        awaits: how that comes to the function, an ``await`` each.
        place: where the function is cut off.
    """

    run: ast.AsyncFunctionDef
    awaits: tuple[ast.Await, ...]
    place: ast.AST


def cut_off(module: Module, call: ast.Call) -> CutOff | None:
    """Return how a ``cancel()`` of a task cuts off the function around it, None where it does not for certain.

    Certain is: the task is an attribute, or in one; what it runs awaits the function, directly or by way of others;
    none of them looks which task is the current one or gives the attribute another value before; and something is left
    to do at the next ``await``, or behind it, that is not done for the CancelledError.

    Args:
        module: the module.
        call: the call of ``cancel()``.
    """
    function, statement = module.function(call), module.parent(call)
    if not isinstance(call.func, ast.Attribute) or not isinstance(statement, ast.Expr):
        return None
    task = call.func.value
    kept = frozenset(_kept(module, statement, task))
    if not kept or module.kind(task) is not Kind.TASK or not module.own_task(task):
        return None
    if function is None or _tells(module, function, kept, call.lineno):
        return None
    if isinstance(function, ast.AsyncFunctionDef):
        return _cut_off_in(module, function, statement, kept, module.run_by(task))
    if not isinstance(function, ast.FunctionDef):
        return None
    found = (_cut_off_behind(module, use, function, kept, module.run_by(task)) for use in module.uses(function))
    return next(filter(None, found), None)


def _cut_off_behind(
    module: Module, use: ast.expr, helper: ast.FunctionDef, kept: frozenset[str], runs: list[ast.AsyncFunctionDef]
) -> CutOff | None:
    """Return how a helper that cancels a task cuts off a method that calls it in a statement of its own."""
    call, caller = module.parent(use), module.function(use)
    statement = module.parent(call) if isinstance(call, ast.Call) and call.func is use else None
    if not isinstance(statement, ast.Expr) or not isinstance(caller, ast.AsyncFunctionDef):
        return None
    if module.definition(use) is not helper or module.class_around(caller) is not module.class_around(helper):
        return None
    return None if _tells(module, caller, kept, use.lineno) else _cut_off_in(module, caller, statement, kept, runs)


def _cut_off_in(
    module: Module,
    function: ast.AsyncFunctionDef,
    statement: ast.stmt,
    kept: frozenset[str],
    runs: list[ast.AsyncFunctionDef],
) -> CutOff | None:
    """Return how a function is cut off behind a statement that cancels a task."""
    way = _way(module, function, runs) if runs else None
    if way is None:
        return None
    if any(_tells(module, one, kept) for one in map(module.function, way) if one and one is not function):
        return None
    flow = module.flow(function)
    for state in _next_suspensions(flow, statement) if flow else ():
        assert flow is not None
        # Whoever cancels itself in its own loop wants to end there.
        is_harm = _is_cleanup(module, state.point.node) or (way and missed_behind(flow, state))
        if is_harm and not may_be_taken(flow, state):
            run = module.function(way[0]) if way else function
            assert isinstance(run, ast.AsyncFunctionDef)
            return CutOff(run, way, state.point.node)
    return None


def _kept(module: Module, statement: ast.stmt, task: ast.expr) -> Iterator[str]:
    """Yield the names by which an object keeps a task, or the tasks that a loop goes over, and that of the task."""
    loop = next((one for one in module.ancestors(statement) if isinstance(one, (ast.For, ast.AsyncFunctionDef))), None)
    parts: list[ast.AST] = [task]
    if isinstance(task, ast.Name):
        is_element = isinstance(loop, ast.For) and isinstance(loop.target, ast.Name) and loop.target.id == task.id
        parts = list(walk(loop.iter)) if is_element and isinstance(loop, ast.For) else []
    attributes = [one for one in parts if isinstance(one, ast.Attribute) and module.reference(one)]
    for one in (*attributes, task) if attributes else ():
        yield module.reference(one) or ""


def _way(
    module: Module, function: ast.AsyncFunctionDef, runs: list[ast.AsyncFunctionDef]
) -> tuple[ast.Await, ...] | None:
    """Return the shortest chain of awaits that leads from what a task runs to a function of the same class."""
    ways: dict[ast.AST, tuple[ast.Await, ...]] = {function: ()}
    reached: list[ast.AsyncFunctionDef] = [function]
    for one in reached:
        if one in runs:
            return ways[one]
        for use in module.uses(one):
            call, caller = module.parent(use), module.function(use)
            wait = module.parent(call) if isinstance(call, ast.Call) and call.func is use else None
            if not isinstance(wait, ast.Await) or not isinstance(caller, ast.AsyncFunctionDef) or caller in ways:
                continue
            if module.definition(use) is one and module.class_around(use) is module.class_around(function):
                ways[caller] = (wait, *ways[one])
                reached.append(caller)
    return None


def _tells(module: Module, function: ast.AST, kept: frozenset[str], until: float = math.inf) -> bool:
    """Tell whether a function looks which task it runs in, or up to a line may put one in the place of another."""
    for node in walk(function):
        if getattr(node, "attr", getattr(node, "id", "")) == "current_task":
            return True
        if isinstance(node, ast.Attribute) and node.lineno < until:
            is_bound = isinstance(node.ctx, ast.Store) and module.reference(node) in kept
            is_changed = node.attr in _TAKES_OUT and module.reference(node.value) in kept
            if is_bound or is_changed:
                return True
        elif isinstance(node, ast.Compare):
            sides = [side for side in (node.left, *node.comparators) if not isinstance(side, ast.Constant)]
            if len(sides) > 1 and any(module.reference(side) in kept for side in sides):
                return True
    return False


def _is_cleanup(module: Module, place: ast.AST) -> bool:
    """Tell whether a suspension point waits for something to end."""
    match place:
        case ast.Await(value=ast.Call(func=ast.Attribute(attr=verb))):
            return ends(verb, module.facts)
    return False


def _next_suspensions(flow: Flow, statement: ast.stmt) -> Iterator[State]:
    """Yield the states behind a statement in which the function suspends for the first time."""
    waiting = [state for state in flow.states(STEP) if state.point.node is statement]
    seen = set(waiting)
    for state in waiting:
        for step in flow.steps(state):
            if not step.sure or step.kind != NEXT or step.state in seen or cancelled_pending(step.state):
                continue
            seen.add(step.state)
            if step.state.point.kind == SUSPEND:
                yield step.state
            elif step.state.point.kind != ASYNC_EXIT:
                waiting.append(step.state)
