"""The property test can fail: each mistake planted in the graph is found within 500 programs."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, Phase, find, settings

from flake8_cancel.code.graph.edges import CANCELLED, NEXT, Step
from flake8_cancel.code.graph.flow import Flow
from flake8_cancel.code.graph.points import EXIT, LEAVE, NORMAL, RAISE, SUSPEND, Frame, State, unwind
from tests.flow.check import disagreement
from tests.flow.compare import Steps
from tests.flow.grammar import programs
from tests.flow.loop import Loop


def finally_never_wins(flow: Flow) -> Steps:
    """A jump out of a finally block does not discard what was in flight."""

    def steps(state: State) -> Iterator[Step]:
        point, pending = state
        final = next((frame for frame in _around(state) if frame.kind == "final"), None)
        if point.kind == LEAVE and point.completion.kind != "normal" and final and pending[final.depth - 1].error:
            yield Step(NEXT, True, unwind(final, NORMAL, pending[: final.depth]))
        else:
            yield from flow.steps(state)

    return steps


def bare_raise_raises_the_outer_error(flow: Flow) -> Steps:
    """A bare raise in a handler within a handler raises what the outer one handles."""

    def steps(state: State) -> Iterator[Step]:
        point, pending = state
        handlers = [frame for frame in _around(state) if frame.kind == "clause"]
        is_bare = isinstance(point.node, ast.Raise) and point.node.exc is None
        if point.kind == RAISE and is_bare and len(handlers) > 1:
            yield Step(NEXT, True, unwind(point.frame, pending[handlers[-1].depth - 1], pending))
        else:
            yield from flow.steps(state)

    return steps


def suppress_swallows_nothing(flow: Flow) -> Steps:
    """What is raised in a ``with suppress(...)`` always leaves it."""

    def steps(state: State) -> Iterator[Step]:
        point, pending = state
        if point.kind == EXIT and "suppress" in ast.unparse(point.node):
            yield Step(NEXT, True, unwind(point.frame, pending[-1], pending))
        else:
            yield from flow.steps(state)

    return steps


def cancelled_enter_is_exited(flow: Flow) -> Steps:
    """An item that is cancelled while it is entered is left as if it had been entered."""

    def steps(state: State) -> Iterator[Step]:
        point, pending = state
        for step in flow.steps(state):
            if step.kind == CANCELLED and point.kind == SUSPEND and isinstance(point.node, ast.withitem):
                inside = point.targets[0].frame
                yield step._replace(state=unwind(inside, step.state.pending[-1], pending))
            else:
                yield step

    return steps


MISTAKES = (
    finally_never_wins,
    bare_raise_raises_the_outer_error,
    suppress_swallows_nothing,
    cancelled_enter_is_exited,
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_mistake_is_found_within_500_programs(loop: Loop, mistake: Callable[[Flow], Steps]) -> None:
    at_most_500 = settings(
        max_examples=500,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    text, kind = find(
        programs(), lambda source: disagreement(source, loop, 1, mistake) is not None, settings=at_most_500
    )
    assert disagreement((text, kind), loop, 1) is None


def _around(state: State) -> Iterator[Frame]:
    frame: Frame | None = state.point.frame
    while frame is not None:
        yield frame
        frame = frame.parent
