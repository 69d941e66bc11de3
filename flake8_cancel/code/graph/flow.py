"""The cancellation graph of one function: follow what is in flight, from a suspension point to where it ends."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.build import AnyFunction, build
from flake8_cancel.code.graph.edges import CANCELLED, NEXT, Edges, Step
from flake8_cancel.code.graph.errors import CANCEL, CANCELLED_ERROR, Error
from flake8_cancel.code.graph.points import (
    ASYNC_EXIT,
    END,
    STEP,
    SUSPEND,
    YIELD,
    Completion,
    Point,
    State,
    raising,
    unwind,
)
from flake8_cancel.code.graph.testing import runs_in_test

if TYPE_CHECKING:
    import ast

    from flake8_cancel.code.graph.flows import Flows

# Over these limits a function is left out: its states grow with what its nested finally blocks may have pending.
MAX_STATES = 20_000
MAX_STATES_A_POINT = 4_000
_ONWARDS = frozenset({NEXT})


class TooLargeError(Exception):
    """A walk over the graph passed its limit."""


class Flow:
    """The cancellation graph of a function, to be asked questions.

    Args:
        function: the function.
        flows: the graphs of the module.
        assumed: for an ``__aexit__``: which parameters are certainly None (False) or not (True).

    Raises:
        TooLargeError: the function has more states than the limit.
    """

    def __init__(self, function: AnyFunction, flows: Flows, assumed: Mapping[str, bool]) -> None:
        self.function = function
        self._edges = Edges(flows.module, flows.is_manager(function), runs_in_test(flows.module, function))
        self.start = State(build(function, flows, assumed), ())
        self._reached = self._closure([self.start], self._everything)

    def steps(self, state: State) -> tuple[Step, ...]:
        """Return the edges out of a state."""
        return self._edges.steps(state)

    def ahead(self, state: State) -> tuple[State, ...]:
        """Return the states behind the sure edges out of a state that nothing interrupts."""
        return self._edges.ahead(state)

    def is_only_way(self, path: Sequence[State]) -> bool:
        """Tell whether whoever begins where a path begins, and is not interrupted, comes to its end."""
        return all(len(self.ahead(state)) == 1 for state in path[:-1])

    def walk(
        self,
        starts: Iterable[State],
        until: Callable[[State], bool],
        avoid: Callable[[State], bool] | None = None,
        kinds: frozenset[str] = _ONWARDS,
    ) -> tuple[State, ...] | None:
        """Return the shortest path of sure edges from one of some states to one that is looked for, or None.

        Args:
            starts: where to begin; they are part of the path.
            until: tells the states that are looked for.
            avoid: tells the states that no path may pass.
            kinds: the kinds of edges to take.

        Returns:
            the states passed, or None where there is no such path or the walk passes its limit.
        """
        before: dict[State, State | None] = {}
        waiting = []
        for state in starts:
            if state not in before and not (avoid and avoid(state)):
                before[state] = None
                waiting.append(state)
        ahead = self._edges.ahead if kinds == _ONWARDS else functools.partial(self._ahead, kinds)
        for state in waiting:
            if until(state):
                return _path(state, before)
            for further in ahead(state):
                if further not in before and not (avoid and avoid(further)):
                    before[further] = state
                    waiting.append(further)
            if len(before) > MAX_STATES:
                return None
        return None

    def _ahead(self, kinds: frozenset[str], state: State) -> list[State]:
        return [step.state for step in self.steps(state) if step.sure and step.kind in kinds]

    def states(self, kind: str | None = None, inside: Callable[[Point], bool] | None = None) -> list[State]:
        """Return the reachable states in which nothing cancelled is pending.

        A first cancellation comes in at one of these; where it is in flight or handled already, it would be a second.

        Args:
            kind: the kind of their points, or None for all.
            inside: tells the points to take.
        """
        return [
            state
            for state in self._reached
            if (kind is None or state.point.kind == kind)
            and not cancelled_pending(state)
            and (inside is None or inside(state.point))
        ]

    def beginnings(self, statement: ast.stmt) -> list[State]:
        """Return the reachable states in which a statement begins, cancelled ones too."""
        return self._beginnings.get(statement, [])

    @functools.cached_property
    def _beginnings(self) -> dict[ast.AST, list[State]]:
        found: dict[ast.AST, list[State]] = {}
        for state in self._reached:
            if state.point.kind == STEP:
                found.setdefault(state.point.node, []).append(state)
        return found

    def every_state(self) -> Iterable[State]:
        """Return all states that can be reached on sure and possible edges, cancelled ones too."""
        return self._reached

    def suspensions(self, inside: Callable[[Point], bool] | None = None) -> list[State]:
        """Return the reachable states that may suspend and in which no cancellation is pending."""
        return [*self.states(SUSPEND, inside), *self.states(ASYNC_EXIT, inside)]

    def cancelled(self, states: Iterable[State], surely: bool = True) -> list[tuple[State, State]]:
        """Return for suspended states where a cancellation from outside leads: pairs of both.

        Args:
            states: suspended states.
            surely: whether to leave out what nobody cancels; the CancelledError of what is awaited comes out there too.
        """
        steps = ((state, step) for state in states for step in self.steps(state))
        return [(state, step.state) for state, step in steps if step.kind == CANCELLED and step.sure >= surely]

    def ends(self, starts: Iterable[State], kinds: frozenset[str] = frozenset({NEXT})) -> set[Completion]:
        """Return how the function may end on sure edges from some states."""
        reached = self._closure(starts, lambda step: step.sure and step.kind in kinds)
        return {state.pending[-1] for state in reached if state.point.kind == END}

    def suspends(self) -> bool:
        """Tell whether the function may suspend at all."""
        return any(state.point.kind in (SUSPEND, ASYNC_EXIT) for state in self._reached)

    def suspends_around_yield(self, after: bool) -> bool:
        """Tell whether a context manager's generator may suspend before its ``yield``, or after it."""
        starts = self.after_yield(None) + self.after_yield(CANCEL) if after else [self.start]
        reached = self._closure(starts, lambda step: step.sure and step.kind == NEXT, stop=YIELD)
        return any(state.point.kind in (SUSPEND, ASYNC_EXIT) for state in reached)

    def after_yield(self, error: Error | None) -> list[State]:
        """Return where a context manager's generator goes on when its body ended: normally, or with an error."""
        yields = [state for state in self._reached if state.point.kind == YIELD and not cancelled_pending(state)]
        if error is None:
            return [State(target, pending) for point, pending in yields for target in point.targets]
        return [unwind(point.frame, raising(error), pending) for point, pending in yields]

    def _everything(self, step: Step) -> bool:
        return True

    def _closure(
        self, starts: Iterable[State], follows: Callable[[Step], bool], stop: str | None = None
    ) -> dict[State, None]:
        found = dict.fromkeys(starts)
        counts: dict[int, int] = {}
        waiting = list(found)
        for state in waiting:
            count = counts[id(state.point)] = counts.get(id(state.point), 0) + 1
            if len(found) > MAX_STATES or count > MAX_STATES_A_POINT:
                raise TooLargeError(self.function.name)
            if state.point.kind == stop:
                continue
            for step in self.steps(state):
                if step.state not in found and follows(step):
                    found[step.state] = None
                    waiting.append(step.state)
        return found


def cancelled_pending(state: State) -> bool:
    """Tell whether a cancellation waits in a state: it is handled, or a finally block runs on its way out."""
    return any(completion.error is not None and _is_cancel(completion) for completion in state.pending)


def _is_cancel(completion: Completion) -> bool:
    error = completion.current or completion.error
    return error is not None and CANCELLED_ERROR in (error.name, *error.members)


def _path(state: State, before: Mapping[State, State | None]) -> tuple[State, ...]:
    path = [state]
    previous = before[state]
    while previous is not None:
        path.append(previous)
        previous = before[previous]
    return tuple(reversed(path))
