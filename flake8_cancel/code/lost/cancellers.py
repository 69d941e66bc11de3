"""Who cancels a task and is ended by its cancellation, when it comes out of the wait for the task."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.cleanup.releases import ends_normally, frames
from flake8_cancel.code.graph.edges import NEXT
from flake8_cancel.code.graph.flow import MAX_STATES, Flow, cancelled_pending
from flake8_cancel.code.graph.managers import expects_error
from flake8_cancel.code.graph.points import END, STEP, SUSPEND, Frame, State
from flake8_cancel.code.lost.cancelling import cancels_before, is_ending, surely_cancelled
from flake8_cancel.code.lost.keeping import is_log
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.ownership.beginnings import not_begun
from flake8_cancel.code.tree import children, walk

if TYPE_CHECKING:
    from flake8_cancel.code.graph.build import AnyFunction
    from flake8_cancel.code.module import Module

_CLAUSES = frozenset({"clause", "star"})
_BLOCKS = (ast.Try, ast.With, ast.AsyncWith)
_JUMPS = (ast.Break, ast.Continue, ast.Pass, ast.Raise, ast.Global, ast.Nonlocal)
_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_FOREIGN = "concurrent.futures.CancelledError"
_OUTCOMES = frozenset({"cancelled", "done", "exception"})
# What gives a collection that can be gone through once, or is no collection of tasks itself.
_ONCE = (ast.Call, ast.Dict, ast.DictComp, ast.GeneratorExp)


class Ended(NamedTuple):
    """A wait for a cancelled task that ends its function.

    Attributes:
        cancel: the call that cancels what is waited for.
        missed: what is not reached for it; None where it comes out of a function that is there to end something, and
            that has nothing more to do.
        tasks: the task, or the collection of tasks, None where they are several arguments or the future of ``gather``.
        several: whether it is a collection.
        is_not_begun: whether it is so only if the task is cancelled before its first step: else it ends normally.
    """

    cancel: ast.Call
    missed: ast.AST | None
    tasks: ast.expr | None
    several: bool
    is_not_begun: bool = False


def ended_by_child(module: Module, wait: ast.Await) -> Ended | None:
    """Return what a wait for a task keeps its function from, because the task was surely cancelled there before.

    None where the function has nothing more to do and is not there to end the task, something around the wait may take
    the CancelledError, or the task, if it has surely begun, may end normally when it is cancelled.

    Args:
        module: the module.
        wait: an ``await`` whose value nobody uses.
    """
    function = module.function(wait)
    if not isinstance(function, ast.AsyncFunctionDef) or not _waits_for_tasks(module, wait.value):
        return None
    if not surely_cancelled(module, wait) or _is_told_apart(module, wait) or _is_meant_to_be_taken(module, wait):
        return None
    flow = module.flow(function)
    states = [state for state in flow.every_state() if _is_at(state, wait)] if flow else []
    if flow is None or any(may_be_taken(flow, state) for state in states):
        return None
    missed = next(filter(None, (missed_behind(flow, state) for state in states)), None)
    if missed is None and not (is_ending(function) and _comes_out(module, function, states)):
        return None
    # The future of gather() is cancelled whatever its children do.
    is_future = module.reference(wait.value) is not None and module.kind(wait.value) is Kind.GATHER
    cancel = next(cancels_before(module, wait))
    is_survived = not is_future and any(survives(module, run) for run in module.run_by(wait.value))
    if is_survived and (missed is None or not_begun(module, cancel) is None):
        return None
    return Ended(cancel, missed, *_tasks(module, wait.value), is_survived)


def survives(module: Module, function: AnyFunction, around: frozenset[AnyFunction] = frozenset()) -> bool:
    """Tell whether a coroutine function may end normally though it is cancelled, or this cannot be known.

    Args:
        module: the module.
        function: a function of this file.
        around: the functions that are being asked about.
    """
    flow = module.flow(function)
    if flow is None or function in around:
        return flow is None
    cancelled = [state for _, state in flow.cancelled(flow.suspensions())]
    if flow.walk(cancelled, ends_normally):
        return True
    helpers = (module.definition(call.func) for call in _awaited_calls(function))
    around = around | {function}
    return any(isinstance(one, ast.AsyncFunctionDef) and survives(module, one, around) for one in helpers)


def _awaited_calls(function: AnyFunction) -> Iterator[ast.Call]:
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Await) and isinstance(node.value, ast.Call):
            yield node.value
        if not isinstance(node, _NESTED):
            waiting.extend(children(node))


# --- what is waited for ---------------------------------------------------------------------------------------------


def _waits_for_tasks(module: Module, waited: ast.expr) -> bool:
    if module.reference(waited) is not None:
        return module.kind(waited) in (Kind.TASK, Kind.GATHER) and not _is_current(module, waited)
    if not isinstance(waited, ast.Call) or module.name(waited.func) != "asyncio.gather" or waited.keywords:
        return False
    return bool(waited.args) and all(
        (module.element_kind(one.value) if isinstance(one, ast.Starred) else module.kind(one)) is Kind.TASK
        for one in waited.args
    )


def _is_current(module: Module, task: ast.expr) -> bool:
    value = module.value(task)
    return isinstance(value, ast.Call) and module.name(value.func) == "asyncio.current_task"


def _tasks(module: Module, waited: ast.expr) -> tuple[ast.expr | None, bool]:
    """Return what is waited for where it can be waited for in another way: a task, or a collection of tasks."""
    match waited:
        case ast.Call(args=[ast.Starred(value=(ast.Name() | ast.Attribute()) as tasks)]):
            return (None if isinstance(module.value(tasks), _ONCE) else tasks), True
        case ast.Call():
            return None, True
    # The future of gather() is not cancelled() afterwards: its error is a CancelledError.
    return (None if module.kind(waited) is Kind.GATHER else waited), False


def _is_told_apart(module: Module, wait: ast.Await) -> bool:
    """Tell whether a test before the wait, but not before the ``cancel()``, asks for the task or how it ended."""
    cancels = set(cancels_before(module, wait))
    task = module.reference(wait.value)
    for parent in module.ancestors(wait):
        if isinstance(parent, _NESTED):
            return False
        if isinstance(parent, (ast.If, ast.While)) and cancels.isdisjoint(walk(parent)):
            for node in walk(parent.test):
                if (task and module.reference(node) == task) or getattr(node, "attr", "") in _OUTCOMES:
                    return True
                if isinstance(node, (ast.In, ast.NotIn)):
                    # Which of several tasks is among those that are done.
                    return True
    return False


def _is_meant_to_be_taken(module: Module, wait: ast.Await) -> bool:
    """Tell whether what is around expects an error: a test, or a handler for the CancelledError of the other library.

    Then the class of that handler is what is wrong.
    """
    if expects_error(module, wait):
        return True
    tries = (parent for parent in module.ancestors(wait) if isinstance(parent, ast.Try))
    return any(_FOREIGN in module.names(handler.type) for parent in tries for handler in parent.handlers)


# --- where it leads -------------------------------------------------------------------------------------------------


def _comes_out(module: Module, function: ast.AsyncFunctionDef, states: Iterable[State]) -> bool:
    """Tell whether a wait is reached where nobody cancelled its function, and no caller in the file takes the error."""
    if all(map(cancelled_pending, states)):
        return False
    for use in module.uses(function):
        call = module.parent(use)
        wait, caller = module.parent(call) if call else None, module.function(use)
        if isinstance(wait, ast.Await) and isinstance(caller, ast.AsyncFunctionDef):
            flow = module.flow(caller)
            if flow is None or any(may_be_taken(flow, state) for state in flow.every_state() if _is_at(state, wait)):
                return False
    return True


def _is_at(state: State, wait: ast.Await) -> bool:
    return state.point.kind == SUSPEND and state.point.node is wait


def may_be_taken(flow: Flow, state: State) -> bool:
    """Tell whether something around a suspension may take a CancelledError that comes out of it.

    Args:
        flow: the graph of a function.
        state: a suspended state in it.
    """
    own = set(_clauses(state))
    for reached in _possible(flow, [cancelled for _, cancelled in flow.cancelled([state], surely=False)]):
        if reached.point.kind == END:
            if ends_normally(reached):
                return True
        # Behind a suppress or a manager nothing more is in flight than before: what follows may raise another error.
        elif not own.issuperset(_clauses(reached)) or reached.pending == state.pending[: len(reached.pending)]:
            return True
    return False


def _clauses(state: State) -> Iterator[Frame]:
    """Yield the frames of the clauses that took something; one that only looks at it has not taken it."""
    return (frame for frame in frames(state) if frame.kind in _CLAUSES and state.point.node is not frame.node)


def _possible(flow: Flow, starts: Iterable[State]) -> Iterator[State]:
    """Yield the states that can be reached from some on sure and possible edges, as far as the limit goes."""
    found = dict.fromkeys(starts)
    waiting = list(found)
    for state in waiting:
        yield state
        for step in flow.steps(state):
            if step.kind == NEXT and step.state not in found and len(found) < MAX_STATES:
                found[step.state] = None
                waiting.append(step.state)


def missed_behind(flow: Flow, state: State) -> ast.AST | None:
    """Return what a function goes on with after a suspension, but for what is done on the way out in any case.

    Args:
        flow: the graph of the function.
        state: a suspended state in it.
    """
    around = set(frames(state))
    behind = [State(target, state.pending) for target in state.point.targets]
    path = flow.walk(behind, lambda reached: _is_work(reached, around))
    return path[-1].point.node if path else None


def _is_work(state: State, around: set[Frame]) -> bool:
    point = state.point
    if any(frame.kind == "final" and frame not in around for frame in frames(state)):
        return False
    if point.kind == SUSPEND and isinstance(point.node, ast.withitem):
        return True
    if point.kind != STEP or not isinstance(point.node, ast.stmt) or isinstance(point.node, _JUMPS + _BLOCKS):
        return False
    if isinstance(point.node, ast.Return):
        value = point.node.value
        return value is not None and not (isinstance(value, ast.Constant) and value.value is None)
    if isinstance(point.node, ast.Expr):
        return not (isinstance(point.node.value, ast.Constant) or is_log(point.node.value))
    return True
