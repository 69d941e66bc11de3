"""The random programs are about something: no agreement of graph and runs comes from there being nothing to see."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.flow.driver import explore
from tests.flow.events import CANCELLED, CLOSED, DEADLINE, Event
from tests.flow.grammar import HAS_GROUPS, MAX_DEPTH, programs
from tests.flow.loop import Loop, undisturbed
from tests.flow.program import load

SAMPLE = 300
# What must stand in the text of some programs, and in how many of a hundred at least.
SHAPES = {
    r"^ +finally:": 20,
    r"^ +else:": 20,
    r"^ +raise$": 15,
    r"^ +raise e\d+$": 3,
    r"^ +raise .* from ": 10,
    r"^ +(if|elif) ": 8,
    r"^ +while True:": 6,
    r"^ +while .*\(": 4,
    r"^ +for ": 4,
    r"^ +async for ": 3,
    r"^ +match ": 3,
    r"^ +case .* if ": 2,
    r"^ +with .*\), ": 1,
    r"^ +async with ": 15,
    r"^ +async with .*\), ": 1,
    r"Swallow\(": 2,
    r"Convert\(": 2,
    r"Ordinary\(": 2,
    r"suppress\(": 2,
    r" async for .*[\]}]": 2,
    r"await.* (and|or) |(and|or) await": 6,
    r"return await": 2,
    r"yield": 15,
    r"def inner": 5,
    r"fail\(\)|fail_later|give_up": 15,
}
NEWER_SHAPES = {r"except\*": 5, r"asyncio\.timeout": 2, r"TaskGroup": 2}


@pytest.fixture(scope="module")
def sample() -> list[tuple[str, str]]:
    """Some hundred programs, always the same."""
    made: list[tuple[str, str]] = []

    @settings(
        max_examples=SAMPLE,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(programs())
    def collect(source: tuple[str, str]) -> None:
        made.append(source)

    collect()
    return made


def test_programs_hold_everything_that_moves_a_cancellation(sample: list[tuple[str, str]]) -> None:
    bodies = [text[text.index("async def program") :] for text, _ in sample]
    shapes = {**SHAPES, **(NEWER_SHAPES if HAS_GROUPS else {})}
    shares = {
        shape: 100 * sum(bool(re.search(shape, body, re.MULTILINE)) for body in bodies) / len(bodies)
        for shape in shapes
    }
    assert {shape: share for shape, share in shares.items() if share < shapes[shape]} == {}
    assert max(_depth(body) for body in bodies) == MAX_DEPTH


def test_programs_lose_keep_and_replace_their_cancellation(sample: list[tuple[str, str]], loop: Loop) -> None:
    found: Counter[str] = Counter()
    for source in sample:
        with undisturbed(loop):
            found.update(_what_happens(source, loop))
    shares = {what: 100 * count / len(sample) for what, count in found.items()}
    assert shares["cancelled"] > 90
    assert shares["let through"] > 50
    assert shares["swallowed, goes on"] > 8
    assert shares["swallowed, ends"] > 4
    assert shares["replaced"] > 8
    assert shares["goes on for ever"] > 0
    assert shares["closed"] > 2
    if HAS_GROUPS:
        assert shares["deadline"] > 1


def _what_happens(source: tuple[str, str], loop: Loop) -> set[str]:
    happens = set()
    for record in explore(load(*source), loop, strikes=1, bits=4, suspensions=16):
        struck = [symbol.kind for symbol in record.word if isinstance(symbol, Event)]
        happens |= {kind for kind in (CANCELLED, CLOSED, DEADLINE) if kind in struck}
        if CANCELLED in struck and not record.outcomes:
            happens.add("goes on for ever")
        happens |= {_in_words(result) for _, strike, result in record.outcomes if strike.kind == CANCELLED}
    return happens


def _in_words(result: int | str) -> str:
    if isinstance(result, int):
        return "swallowed, goes on"
    if result:
        return "let through" if result.endswith("CancelledError") else "replaced"
    return "swallowed, ends"


def _depth(body: str) -> int:
    return max(len(line) - len(line.lstrip()) for line in body.splitlines()) // 4
