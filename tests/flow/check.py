"""What the property tests share: how many programs they make, and one program held against its graph."""

from __future__ import annotations

import sys
from collections.abc import Callable

from hypothesis import HealthCheck, settings

from flake8_cancel.code.api import Facts
from flake8_cancel.code.graph.flow import Flow
from flake8_cancel.code.module import Module
from tests.flow.compare import Steps, compare
from tests.flow.loop import Loop
from tests.flow.program import NAME, Program, is_misreported, load

# 500 programs in the usual profile, 20,000 in the long one.
PROGRAMS = 5 * settings().max_examples
MANY_PROGRAMS = settings(
    max_examples=PROGRAMS,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def disagreement(
    source: tuple[str, str], loop: Loop, strikes: int, mistake: Callable[[Flow], Steps] | None = None
) -> str | None:
    """Run a program and hold its graph against the runs.

    Args:
        source: the text of the program and its kind.
        loop: the event loop to run it on.
        strikes: how often a run is cancelled, at most.
        mistake: makes the edges of a graph wrong.

    Returns:
        the program and the first disagreement in words; None when they agree, or when this Python shows too little of
        the runs to tell.
    """
    program = load(*source)
    if is_misreported(program):
        return None
    flow = graph(program)
    found = compare(program, flow.start, mistake(flow) if mistake else flow.steps, loop, strikes)
    return None if found is None else f"{_numbered(program.text)}\n\n{found}"


def graph(program: Program) -> Flow:
    """Return the graph of a program, as the running Python has it."""
    flow = Module(program.tree, Facts(target=sys.version_info[:2])).flow(program.node)
    assert flow is not None
    return flow


def _numbered(text: str) -> str:
    lines = list(enumerate(text.splitlines(), 1))
    first = next(number for number, line in lines if line.startswith(f"async def {NAME}"))
    return "\n".join(f"{number:4} {line}" for number, line in lines if number >= first)
