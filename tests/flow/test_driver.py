"""The runs of a program: what is seen of them, and that all of them are made."""

from __future__ import annotations

import sys

import pytest

from tests.flow.driver import explore
from tests.flow.events import CANCELLED, CLOSED, DEADLINE, ENDED, SUSPENDED, YIELDED, Event, Record, Symbol
from tests.flow.loop import Loop, undisturbed
from tests.flow.prelude import PRELUDE
from tests.flow.program import COROUTINE, GENERATOR, MANAGER, NAME, load

# The line before the first of a body.
FIRST = PRELUDE.count("\n") + 2
CANCELLED_OUT = Event(ENDED, name="asyncio.exceptions.CancelledError")
RETURNS = Event(ENDED)
SUSPENSIONS = 9


def test_every_bit_and_every_suspension_is_tried(loop: Loop) -> None:
    words = _words(loop, "if cond():", "    await pause(1)", "await pause(2)")
    assert sorted(words, key=str) == sorted(
        [
            (1, 2, Event(CANCELLED, 1), CANCELLED_OUT),
            (1, 2, Event(SUSPENDED, 1), 3, Event(CANCELLED, 2), CANCELLED_OUT),
            (1, 2, Event(SUSPENDED, 1), 3, Event(SUSPENDED, 2), RETURNS),
            (1, 3, Event(CANCELLED, 2), CANCELLED_OUT),
            (1, 3, Event(SUSPENDED, 2), RETURNS),
        ],
        key=str,
    )


def test_second_cancellation_strikes_where_the_first_one_led(loop: Loop) -> None:
    words = _words(loop, "try:", "    await pause(1)", "finally:", "    await pause(2)", strikes=2)
    assert (2, Event(CANCELLED, 1), 4, Event(CANCELLED, 2), CANCELLED_OUT) in words
    assert len(words) == 4


def test_outcome_is_the_line_where_a_swallow_goes_on(loop: Loop) -> None:
    lines = ("try:", "    await pause(1)", "except BaseException:", "    step(2)", "step(3)")
    (cancelled,) = [run for run in _runs(loop, *lines) if run.outcomes]
    assert cancelled.word == tuple(_placed((2, Event(CANCELLED, 1), 4, 5, RETURNS), 1))
    assert cancelled.outcomes == {(0, Event(CANCELLED, 1), FIRST + 5)}


def test_generator_is_closed_at_its_yields(loop: Loop) -> None:
    words = _words(loop, "yield 1", "yield 2", kind=GENERATOR)
    assert set(words) == {
        (1, Event(CLOSED, 1), Event(ENDED, name="builtins.GeneratorExit")),
        (1, Event(YIELDED, 1), 2, Event(CLOSED, 2), Event(ENDED, name="builtins.GeneratorExit")),
        (1, Event(YIELDED, 1), 2, Event(YIELDED, 2), RETURNS),
    }


def test_body_of_a_context_manager_is_cancelled_at_its_yield(loop: Loop) -> None:
    words = _words(loop, "try:", "    yield 1", "except asyncio.CancelledError:", "    step(2)", kind=MANAGER)
    assert set(words) == {(2, Event(CANCELLED, 1), 4, RETURNS), (2, Event(SUSPENDED, 1), RETURNS)}


def test_program_that_swallows_for_ever_is_given_up(loop: Loop) -> None:
    lines = ("while True:", "    try:", "        await pause(1)", "    except BaseException:", "        step(2)")
    with undisturbed(loop):
        runs = _runs(loop, *lines)
    assert len(runs) == 1 + SUSPENSIONS
    assert all(ENDED not in [getattr(symbol, "kind", "") for symbol in run.word] for run in runs)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio has timeouts since 3.11")
def test_deadlines_pass_one_by_one(loop: Loop) -> None:
    lines = ("async with asyncio.timeout(1), asyncio.timeout(2):", "    await pause(3)")
    late = Event(ENDED, name="builtins.TimeoutError")
    assert set(_words(loop, *lines)) == {
        (2, Event(SUSPENDED, 3), RETURNS),
        (2, Event(CANCELLED, 3), CANCELLED_OUT),
        (2, Event(DEADLINE, 3, other=1), late),
        (2, Event(DEADLINE, 3, other=2), late),
    }


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio has task groups since 3.11")
def test_task_group_suspends_where_it_is_left(loop: Loop) -> None:
    lines = ("async with asyncio.TaskGroup() as group:", "    group.create_task(child(1))", "    raise AppError()")
    failed = Event(ENDED, name="builtins.ExceptionGroup[program.AppError]")
    assert set(_words(loop, *lines)) == {(2, 3, Event(SUSPENDED, -1), failed), (2, 3, Event(CANCELLED, -1), failed)}


def _runs(loop: Loop, *lines: str, kind: str = COROUTINE, strikes: int = 1) -> list[Record]:
    body = "\n".join("    " + line for line in lines)
    decorator = "@contextlib.asynccontextmanager\n" if kind == MANAGER else "\n"
    return list(
        explore(load(f"{PRELUDE}{decorator}async def {NAME}():\n{body}\n", kind), loop, strikes, 6, SUSPENSIONS)
    )


def _words(loop: Loop, *lines: str, kind: str = COROUTINE, strikes: int = 1) -> list[tuple[Symbol, ...]]:
    """Return what was seen of the runs, with the lines counted from the first of the body."""
    runs = _runs(loop, *lines, kind=kind, strikes=strikes)
    return [tuple(_placed(run.word, -1)) for run in runs]


def _placed(word: tuple[Symbol, ...], sign: int) -> list[Symbol]:
    return [symbol + sign * FIRST if isinstance(symbol, int) else symbol for symbol in word]
