"""The edges of a cancellation graph: where each state leads, surely or possibly."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.graph import managers
from flake8_cancel.code.graph.errors import CANCEL, NO, UNKNOWN, YES, Error, catches, group_of, leaves_of, split
from flake8_cancel.code.graph.points import (
    ASYNC_EXIT,
    CLAUSE,
    EXIT,
    LEAVE,
    NORMAL,
    RAISE,
    STAR_CLAUSE,
    STAR_END,
    SUSPEND,
    YIELD,
    Completion,
    Frame,
    Pending,
    Point,
    State,
    raising,
    unwind,
)

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

NEXT, CANCELLED, DEADLINE, RAISED, CLOSED = "next", "cancelled", "deadline", "raised", "closed"


class Step(NamedTuple):
    """One edge out of a state.

    Attributes:
        kind: NEXT; CANCELLED from outside; DEADLINE, a scope around cancels its own body or a ``wait_for`` times out;
            RAISED, something raises an unknown error; CLOSED, a generator's consumer closes it.
        sure: whether the language or the tables say so, or it is only possible.
        state: where it leads.
    """

    kind: str
    sure: bool
    state: State


class Edges:
    """The edges of one function's graph, found when first asked for.

    Args:
        module: the module around the function.
        is_manager: whether the function is a generator made a context manager, whose yield raises what its body raised.
        is_test: whether only tests run the function, and nobody cancels it but a deadline of its own.
    """

    def __init__(self, module: Module, is_manager: bool, is_test: bool) -> None:
        self._module = module
        self._is_manager = is_manager
        self._is_test = is_test
        self._steps: dict[State, tuple[Step, ...]] = {}
        self._ahead: dict[State, tuple[State, ...]] = {}

    def steps(self, state: State) -> tuple[Step, ...]:
        """Return the edges out of a state."""
        known = self._steps.get(state)
        if known is None:
            known = self._steps[state] = tuple(self._new_steps(state))
        return known

    def ahead(self, state: State) -> tuple[State, ...]:
        """Return where a state surely goes on when nothing interrupts it: what nearly every walk asks for."""
        known = self._ahead.get(state)
        if known is None:
            onwards = (step.state for step in self.steps(state) if step.sure and step.kind == NEXT)
            known = self._ahead[state] = tuple(onwards)
        return known

    def _new_steps(self, state: State) -> Iterator[Step]:
        point, pending = state
        if point.kind == LEAVE:
            yield Step(NEXT, True, unwind(point.frame, point.completion, pending))
        elif point.kind == RAISE:
            yield from (Step(NEXT, not point.may_raise, to) for to in self._raise(point, pending))
        elif point.kind == CLAUSE:
            yield from self._clause(point, pending)
        elif point.kind == STAR_CLAUSE:
            yield self._star_clause(point, pending)
        elif point.kind == STAR_END:
            yield Step(NEXT, True, unwind(point.frame, self._star_end(pending[-1]), pending))
        elif point.kind in (EXIT, ASYNC_EXIT):
            yield from self._exit(point, pending)
        else:
            yield from (Step(NEXT, True, State(target, pending)) for target in point.targets)
        if point.kind in (SUSPEND, ASYNC_EXIT):
            yield from self._interruptions(point, pending)
        if point.kind == YIELD:
            yield from self._resumptions(point, pending)
        if point.may_raise and point.kind != RAISE:
            yield Step(RAISED, False, unwind(point.frame, raising(UNKNOWN), pending))

    def _interruptions(self, point: Point, pending: Pending) -> Iterator[Step]:
        scopes = list(self._scopes(point))
        # What cancels a test is a deadline of its own.
        deadline = next((sent for kind, sent in scopes if kind == "timeout" and self._is_test), None)
        is_sure = deadline is not None or not self._is_test
        yield Step(CANCELLED, is_sure, self._interrupted(deadline or CANCEL, point, pending))
        for kind, sent in scopes:
            # A deadline is there to pass; that a child fails is only possible.
            yield Step(DEADLINE, kind == "timeout", self._interrupted(sent, point, pending))
        call = point.node.value if isinstance(point.node, ast.Await) else None
        if isinstance(call, ast.Call) and self._module.name(call.func) == "asyncio.wait_for":
            late = raising(managers.timeout_error(self._module))
            yield Step(DEADLINE, True, unwind(point.frame, late, pending))

    def _scopes(self, point: Point) -> Iterator[tuple[str, Error]]:
        """Yield the kinds of the scopes around that cancel their own body, and what each raises."""
        frame: Frame | None = point.frame
        while frame is not None:
            if isinstance(frame.node, ast.withitem) and frame.kind == "with" and frame.first:
                kind = managers.scope(self._module, frame.node)
                if kind:
                    yield kind, CANCEL._replace(scope=frame.first.frame.number)
            frame = frame.parent

    def _interrupted(self, sent: Error, point: Point, pending: Pending) -> State:
        """Raise a cancellation, save where a task group waits for its children with an error to raise: that is kept."""
        own = pending[-1] if point.kind == ASYNC_EXIT else NORMAL
        if own.error is None or own.error.name == CANCEL.name or not isinstance(point.node, ast.withitem):
            return unwind(point.frame, raising(sent), pending)
        if managers.scope(self._module, point.node) != "group":
            return unwind(point.frame, raising(sent), pending)
        ((raised, _),) = managers.effects(self._module, point.node, point.frame.number, own)
        return unwind(point.frame, raised, pending)

    def _resumptions(self, point: Point, pending: Pending) -> Iterator[Step]:
        """What a ``yield`` raises: in a context manager what its body raised, else only the consumer's close."""
        if self._is_manager:
            yield Step(CANCELLED, not self._is_test, unwind(point.frame, raising(CANCEL), pending))
            yield Step(RAISED, False, unwind(point.frame, raising(UNKNOWN), pending))
        else:
            yield Step(CLOSED, True, unwind(point.frame, raising(Error("builtins.GeneratorExit")), pending))

    def _raise(self, point: Point, pending: Pending) -> Iterator[State]:
        errors = point.errors
        if not errors:
            again = (pending[slot].current or pending[slot].error for slot in point.slots)
            # Where nothing is handled, a bare raise is a RuntimeError itself.
            errors = (next((error for error in again if error), Error("builtins.RuntimeError")),)
        return (unwind(point.frame, raising(_in_scope(error, pending)), pending) for error in errors)

    def _clause(self, point: Point, pending: Pending) -> Iterator[Step]:
        error = pending[-1].error
        assert error is not None
        answer = catches(error, point.wanted, self._module.bases)
        taken = State(point.targets[0], pending)
        if len(point.targets) > 1:
            passed = State(point.targets[1], pending)
        else:
            passed = unwind(point.frame, pending[-1], pending)
        if answer != NO:
            yield Step(NEXT, answer == YES, taken)
        if answer != YES:
            yield Step(NEXT, True, passed)

    def _star_clause(self, point: Point, pending: Pending) -> Step:
        own = pending[-1]
        if own.kind == "raise":
            assert own.error is not None
            own = Completion("star", own.error, naked=not own.error.members)
        taken, rest = split(own.error, point.wanted, self._module.bases) if own.error else (None, None)
        body, following = point.targets
        own = own._replace(error=rest, current=taken)
        return Step(NEXT, True, State(body if taken else following, (*pending[:-1], own)))

    def _star_end(self, own: Completion) -> Completion:
        """Combine what the ``except*`` clauses raised with what none of them took, as CPython does."""
        if own.kind == "raise":
            return own
        left = [own.error] if own.error else []
        everything = [*own.raised, *left]
        if not everything:
            return NORMAL
        if len(everything) == 1:
            return raising(everything[0])
        leaves = tuple(leaf for error in everything for leaf in leaves_of(error))
        return raising(group_of(leaves, self._module.bases))

    def _exit(self, point: Point, pending: Pending) -> Iterator[Step]:
        assert isinstance(point.node, ast.withitem)
        for completion, sure in managers.effects(self._module, point.node, point.frame.number, pending[-1]):
            yield Step(NEXT, sure, unwind(point.frame, completion, pending))


def _in_scope(error: Error, pending: Pending) -> Error:
    """Let a new cancellation stand for the one that is handled: a scope knows its own by the class alone."""
    if error.name != CANCEL.name or error.scope:
        return error
    handled = [completion.current or completion.error for completion in pending]
    return CANCEL._replace(scope=max((known.scope for known in handled if known), default=0))
