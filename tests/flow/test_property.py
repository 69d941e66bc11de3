"""Random programs against CPython: what the graph says of a program is what its runs do, nothing less and nothing more.

Every program runs for every setting of its bits, and is cancelled at every one of its suspension points. The outcomes
are those of the graph, every run is a walk along its edges, and every edge is walked by some run.
"""

from __future__ import annotations

from hypothesis import given

from tests.flow.check import MANY_PROGRAMS, disagreement
from tests.flow.grammar import programs
from tests.flow.loop import Loop


@MANY_PROGRAMS
@given(source=programs())
def test_graph_and_runs_agree_when_cancelled_once(loop: Loop, source: tuple[str, str]) -> None:
    assert disagreement(source, loop, strikes=1) is None


@MANY_PROGRAMS
@given(source=programs())
def test_graph_and_runs_agree_when_cancelled_twice(loop: Loop, source: tuple[str, str]) -> None:
    assert disagreement(source, loop, strikes=2) is None
