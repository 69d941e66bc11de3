"""Where a caught cancellation goes: raised again, replaced, or lost, and what goes on after it is lost."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.graph.catchers import Catcher, is_asyncio
from flake8_cancel.code.graph.edges import NEXT
from flake8_cancel.code.graph.errors import CANCEL, CANCELLED_ERROR, UNKNOWN
from flake8_cancel.code.graph.flow import Flow, cancelled_pending
from flake8_cancel.code.graph.interrupted import interruptible
from flake8_cancel.code.graph.points import (
    ASYNC_EXIT,
    CLAUSE,
    END,
    EXIT,
    RAISE,
    YIELD,
    Completion,
    Point,
    State,
)
from flake8_cancel.code.lost.excuses import Excuses
from flake8_cancel.code.lost.going_on import frames, returns_value, within, works

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# How a cancellation is lost, the worst first.
TURNS, GOES_ON, VALUE, ENDS, REPLACED = "turns", "goes on", "value", "ends", "replaced"

_LOOPS = (ast.While, ast.For, ast.AsyncFor)
_ON = "goes on here"


class Loss(NamedTuple):
    """A path of sure edges on which a cancellation is lost.

    Attributes:
        kind: TURNS (a loop takes its next turn), GOES_ON (code follows), VALUE (a value is returned), ENDS (nothing
            goes on, but the function ends as if it had not been cancelled), REPLACED (another exception is raised).
        path: the places passed, each with a few words: cancelled, caught, and the first where it goes on.
        last: the statement where it goes on, ends or is replaced, outside of every ``finally`` of GOES_ON.
        leaving: the statement with which the handler was left.
        error: of REPLACED, the qualified name of what is raised.
        for_ever: whether the function can, from there, end in no other way than by an exception.
    """

    kind: str
    path: tuple[tuple[ast.AST, str], ...]
    last: ast.AST
    leaving: ast.AST
    error: str = ""
    for_ever: bool = False


def loss_at(module: Module, catcher: Catcher, waiting: bool = False) -> Loss | None:
    """Follow the cancellations that a handler, or a ``with`` item that suppresses, certainly catches.

    Args:
        module: the module.
        catcher: a handler or an item in a coroutine function.
        waiting: whether to ask of blocks that only wait for cancelled tasks, and of no others; else of all but those.

    Returns:
        the worst way in which one of them is lost without an excuse, or None.
    """
    function = module.function(catcher)
    if not isinstance(function, ast.AsyncFunctionDef) or not is_asyncio(module, catcher):
        return None
    flow = module.flow(function)
    if flow is None:
        return None
    caught = _caught(module, flow, catcher)
    if caught is None:
        return None
    place, entries = caught
    excuses = Excuses(module, flow, catcher, waiting=waiting)
    if excuses.whole():
        return None
    losses = list(_losses(flow, catcher, entries, place, excuses))
    if not losses:
        # What is closed and told why may tell its users, but that is no reason to begin again.
        excuses = Excuses(module, flow, catcher, ending=False, waiting=waiting)
        losses = [loss for loss in _losses(flow, catcher, entries, place, excuses) if in_loop(module, catcher, loss)]
    return min(losses, key=lambda loss: _ORDER.index(loss.kind), default=None)


def in_loop(module: Module, catcher: Catcher, loss: Loss) -> bool:
    """Tell whether what goes on is a loop around the handler."""
    function = module.function(catcher)
    loops = [node for node in module.ancestors(catcher) if isinstance(node, _LOOPS)]
    around = {loop for loop in loops if module.function(loop) is function}
    return loss.kind in (TURNS, GOES_ON) and not around.isdisjoint((loss.last, *module.ancestors(loss.last)))


_ORDER = (TURNS, GOES_ON, VALUE, REPLACED, ENDS)


def _caught(module: Module, flow: Flow, catcher: Catcher) -> tuple[ast.AST, list[State]] | None:
    """Return a place where a cancellation comes in that the catcher takes, and the states just after it took one."""
    body = _body(module, catcher)

    def inside(point: Point) -> bool:
        return within(point.node, body)

    # A context manager's yield raises the cancellation of its body.
    suspended = [*interruptible(module, flow.suspensions(inside)), *flow.states(YIELD, inside)]
    places: dict[State, ast.AST] = {}
    for state, cancelled in flow.cancelled(suspended):
        places.setdefault(cancelled, state.point.node)
    taken: dict[State, ast.AST] = {}
    waiting = list(places)
    for state in waiting:
        for step in flow.steps(state):
            if not step.sure or step.kind != NEXT:
                continue
            if _looks(state, catcher):
                if _took(state, step.state):
                    taken.setdefault(step.state, places[state])
            elif step.state not in places and cancelled_pending(step.state):
                places[step.state] = places[state]
                waiting.append(step.state)
    return (next(iter(taken.values())), list(taken)) if taken else None


def _body(module: Module, catcher: Catcher) -> list[ast.stmt]:
    block = module.parent(catcher)
    assert isinstance(block, (ast.Try, ast.With, ast.AsyncWith))
    return block.body


def _looks(state: State, catcher: Catcher) -> bool:
    """Tell whether the catcher looks at a cancellation in flight here."""
    point, pending = state
    return (
        point.node is catcher
        and point.kind in (CLAUSE, EXIT, ASYNC_EXIT)
        and pending[-1].error is not None
        and pending[-1].error.name == CANCEL.name
    )


def _took(looked: State, state: State) -> bool:
    """Tell whether what looked at the cancellation took it: a handler's body begins, or a block is left normally."""
    if looked.point.kind == CLAUSE:
        return state.point is looked.point.targets[0]
    return state.point is looked.point.frame.after


def _inside(state: State, handler: ast.ExceptHandler) -> bool:
    return state.point.node is not handler and any(
        frame.node is handler and frame.kind == "clause" for frame in frames(state)
    )


def _losses(flow: Flow, catcher: Catcher, entries: list[State], place: ast.AST, excuses: Excuses) -> Iterator[Loss]:
    words = "caught here" if isinstance(catcher, ast.ExceptHandler) else "suppressed here"
    start = ((place, "cancelled here"), (catcher, words))
    if isinstance(catcher, ast.withitem):
        for state in entries:
            yield from _afterwards(flow, state, catcher, start, excuses)
        return
    for before, after in _exits(flow, catcher, entries, excuses):
        completion = _completion(before, after)
        error = completion.error if completion else None
        if completion and completion.kind == "raise" and error:
            if excuses.replaces(error):
                path = (*start, (before.point.node, "replaced here"))
                yield Loss(REPLACED, path, before.point.node, before.point.node, error.name)
            continue
        if completion and completion.kind == "return" and returns_value(before.point.node):
            path = (*start, (before.point.node, "returns a value here"))
            yield Loss(VALUE, path, before.point.node, before.point.node)
            continue
        yield from _afterwards(flow, after, before.point.node, start, excuses)


def _exits(
    flow: Flow, handler: ast.ExceptHandler, entries: list[State], excuses: Excuses
) -> Iterator[tuple[State, State]]:
    """Yield the edges that leave a handler on paths without an excuse: the last state inside, the first outside."""
    seen = dict.fromkeys(state for state in entries if not excuses.covers(state))
    waiting = list(seen)
    for state in waiting:
        for step in flow.steps(state):
            if not step.sure or step.kind != NEXT or excuses.covers(step.state) or excuses.excludes(state, step.state):
                continue
            if not _inside(step.state, handler):
                yield state, step.state
            elif step.state not in seen:
                seen[step.state] = None
                waiting.append(step.state)


def _completion(before: State, after: State) -> Completion | None:
    """Return what is in flight where a handler was left: it ends the function, or a clause, finally or exit has it."""
    frame = after.point.frame
    if after.point.kind == END:
        return after.pending[-1]
    lands = frame.pends and frame.depth == len(after.pending) and all(around is not frame for around in frames(before))
    return after.pending[-1] if lands else None


def _afterwards(
    flow: Flow, after: State, leaving: ast.AST, start: tuple[tuple[ast.AST, str], ...], excuses: Excuses
) -> Iterator[Loss]:
    """Follow what comes after a cancellation was lost.

    Who cleans up after an error may mean to raise that, whatever befalls him there.
    """
    ends = flow.ends([after])
    handled = {error.name for completion in after.pending if (error := completion.current or completion.error)}
    if ends and all(end.error and end.error.name in (CANCELLED_ERROR, UNKNOWN.name, *handled) for end in ends):
        return
    for_ever = not any(end.kind != "raise" for end in ends)
    catcher = start[-1][0]
    # What follows in a finally around goes on too; what a finally does for the end of its own block does not count.
    first = flow.walk(
        [after], lambda state: works(state, catcher) and not excuses.ends_loop(state), avoid=excuses.covers
    )
    goes_on = [*start, (first[-1].point.node, _ON)] if first else []
    if path := flow.walk([after], lambda state: works(state) and not excuses.ends_loop(state), avoid=excuses.covers):
        last = path[-1].point
        turns = isinstance(last.node, _LOOPS) and _turns(last.node, leaving)
        if turns:
            yield Loss(TURNS, (*start, (last.node, "takes its next turn")), last.node, leaving, for_ever=for_ever)
        else:
            yield Loss(GOES_ON, tuple(goes_on), last.node, leaving, for_ever=for_ever)
    elif flow.walk([after], _is_normal_end, avoid=excuses.covers):
        ending = goes_on or [*start, (leaving, "ends as if it had not been cancelled")]
        yield Loss(ENDS, tuple(ending), leaving, leaving)
    elif path := flow.walk([after], lambda state: _replaces(state, excuses), avoid=excuses.covers):
        last = path[-1].point
        yield Loss(REPLACED, (*start, (last.node, "replaced here")), last.node, leaving, last.errors[0].name)


def _is_normal_end(state: State) -> bool:
    return state.point.kind == END and state.pending[-1].kind != "raise"


def _replaces(state: State, excuses: Excuses) -> bool:
    point = state.point
    if point.kind != RAISE or point.may_raise or not point.errors:
        return False
    return all(map(excuses.replaces, point.errors))


def _turns(loop: ast.AST, leaving: ast.AST) -> bool:
    """Tell whether the loop is one that holds the place left, rather than one that comes after it."""
    leaving = leaving.context_expr if isinstance(leaving, ast.withitem) else leaving
    line = leaving.lineno  # type: ignore[attr-defined]
    return bool(loop.lineno <= line <= (loop.end_lineno or 0))  # type: ignore[attr-defined]


def what_goes_on(loss: Loss, who: str = "function") -> str:
    """Say in words what goes on after a cancellation is lost.

    Args:
        loss: how it is lost.
        who: what ends: a function, a task.
    """
    if loss.kind == TURNS:
        return f"the loop at line {_line(loss.last)} goes on"
    if loss.kind == VALUE:
        return f"a value is returned at line {_line(loss.last)}"
    if loss.kind == REPLACED:
        return f"{loss.error.rpartition('.')[2]} is raised in its place"
    place, words = loss.path[-1]
    on = f"goes on at line {_line(place)}" if words == _ON else ""
    ends = "ends as if it had finished" if loss.kind == ENDS else ""
    return f"the {who} {' and '.join(filter(None, (on, ends)))}"


def _line(node: ast.AST) -> int:
    node = node.context_expr if isinstance(node, ast.withitem) else node
    return int(getattr(node, "lineno", 0))
