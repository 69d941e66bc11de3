"""Runs a program on a real event loop, for every setting of its bits and with a cancellation at every suspension."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import sys
from collections.abc import Callable, Coroutine, Generator, Iterator
from types import FrameType, coroutine
from typing import Any

from tests.flow.events import (
    CANCELLED,
    CLOSED,
    DEADLINE,
    ENDED,
    SUSPENDED,
    YIELDED,
    Choice,
    Event,
    Outcome,
    Record,
    Symbol,
    name_of,
)
from tests.flow.loop import Loop
from tests.flow.program import MANAGER, Program
from tests.flow.support import CONDUCTOR

# From Python 3.13 on a task group that fails cancels its task anew if a cancellation of it was not taken back. That
# would be one more strike, which the graph is not about.
_RECANCELS = sys.version_info >= (3, 13)


def explore(program: Program, loop: Loop, strikes: int, bits: int, suspensions: int) -> Iterator[Record]:
    """Yield the runs of a program, those that need fewest bits first; no two of them are the same.

    Args:
        program: the program.
        loop: the event loop to run it on.
        strikes: how often a run is cancelled, at most.
        bits: how many bits are tried both ways, at most; all after them are False.
        suspensions: after how many of them a run is taken to go on for ever.
    """
    waiting: list[tuple[int, int, tuple[int, ...]]] = [(0, 0, ())]
    count = 0
    while waiting:
        needed, _, script = heapq.heappop(waiting)
        run = _Run(program, loop, strikes, suspensions, script)
        record, choices = run.seen
        yield record._replace(bits=needed)
        for index in range(len(script), len(choices)):
            choice = choices[index]
            if choice.bits > bits:
                break
            before = tuple(earlier.taken for earlier in choices[:index])
            for option in range(1, choice.options):
                count += 1
                heapq.heappush(waiting, (choice.bits, count, (*before, option)))


class _Run:
    """One run: it conducts the program, following a script as far as it goes, then taking the first of all options."""

    def __init__(self, program: Program, loop: Loop, strikes: int, suspensions: int, script: tuple[int, ...]) -> None:
        self.seen: tuple[Record, tuple[Choice, ...]] = Record((), frozenset(), 0), ()
        self._word: list[Symbol] = []
        self._outcomes: list[Outcome] = []
        self._choices: list[Choice] = []
        self._program = program
        self._loop = loop
        self._strikes = strikes
        self._script = script
        self._struck = 0
        self._unsettled: Event | None = None
        self._bits = 0
        self._suspensions_left = suspensions
        self._label: int | None = None
        self._left: list[asyncio.Task[Any]] = []
        self._children: dict[int, asyncio.Future[None]] = {}
        self._line = 0
        self._reported = 0
        self._frame: FrameType | None = None
        CONDUCTOR.set(self)
        self._task = loop.create_task(self._conduct())
        before = sys.gettrace()
        # Once a run, not once a step: switching is dear from Python 3.12 on.
        sys.settrace(self._trace)
        try:
            loop.run_until_complete(self._task)
            if self._left:
                loop.run_until_complete(asyncio.wait(self._left))
        finally:
            sys.settrace(before)
            loop.timers.clear()

    # --- what the program asks -------------------------------------------------------------------------------------

    def bit(self) -> bool:
        """Return the next bit."""
        self._bits += 1
        return bool(self._choose(2))

    async def suspend(self, label: int) -> None:
        """Suspend until the event loop comes round."""
        future = self._loop.create_future()
        self._label = label
        self._loop.call_soon(_finish, future)
        await future

    def child(self, label: int) -> Coroutine[Any, Any, None]:
        """Return a coroutine that waits until the group with this label waits for it."""
        future = self._children[label] = self._loop.create_future()
        return _wait(future)

    # --- driving ---------------------------------------------------------------------------------------------------

    async def _conduct(self) -> None:
        # A generator that is left in the middle is dropped, not handed over to the event loop.
        sys.set_asyncgen_hooks(None, None)
        made = self._program.function()
        driven = made if asyncio.iscoroutine(made) else self._consume(made)
        await self._drive(driven)

    @coroutine
    def _drive(self, driven: Coroutine[Any, Any, None]) -> Generator[Any, Any, None]:
        """Step a coroutine as a task does, and strike where the script says so."""
        resume: Callable[[Any], Any] = driven.send
        value: Any = None
        while True:
            try:
                waits_for = resume(value)
            except StopIteration:
                return self._end("")
            except BaseException as error:
                return self._end(name_of(error))
            self._suspensions_left -= 1
            if self._suspensions_left < 0:
                self._close_book()
                return self._abandon(driven)
            self._at_suspension()
            resume, value = driven.send, None
            try:
                yield waits_for
            except BaseException as error:
                resume, value = driven.throw, error
                if _RECANCELS:
                    self._task.uncancel()  # type: ignore[attr-defined]

    def _abandon(self, driven: Coroutine[Any, Any, None]) -> None:
        """Leave a program that goes on for ever: whatever it does when it is closed, or when it refuses to be."""
        with contextlib.suppress(BaseException):
            driven.close()
        for child in asyncio.all_tasks() - {self._task}:
            child.cancel()
            self._left.append(child)

    async def _consume(self, generator: Any) -> None:
        """Take what a generator yields until it ends. The body of a context manager is one more suspension point."""
        advance, argument = generator.asend, None
        while True:
            try:
                label = await advance(argument)
            except StopAsyncIteration:
                return
            advance, argument = generator.asend, None
            if self._program.kind == MANAGER:
                try:
                    await self.suspend(label)
                except BaseException as error:
                    advance, argument = generator.athrow, error
            elif self._strike(YIELDED, label, (Event(CLOSED, label),)) is not None:
                # This is what aclose() does, which does not tell how the generator ended.
                advance, argument = generator.athrow, GeneratorExit()

    def _at_suspension(self) -> None:
        """Go on from a suspension, perhaps with a strike."""
        label, self._label = self._label, None
        if label is None:
            # Not one of ours: a task group waits for its child.
            assert self._frame is not None
            group = self._program.groups[self._frame.f_lineno]
            self._loop.call_soon(_finish, self._children[group])
            label = -group
            if self._word and isinstance(self._word[-1], Event) and self._word[-1].label == label:
                return
        timers = [(int(handle.when()), fire) for handle, fire in self._loop.timers if not handle.cancelled()]
        if self._strikes > 1:
            timers = []
        possible = (Event(CANCELLED, label), *(Event(DEADLINE, label, when) for when, _ in timers))
        strike = self._strike(SUSPENDED, label, possible)
        if strike == 0:
            self._task.cancel()
        elif strike is not None:
            timers[strike - 1][1]()

    def _strike(self, otherwise: str, label: int, possible: tuple[Event, ...]) -> int | None:
        """Choose one of some strikes, or none."""
        chosen = self._choose(1 + len(possible)) if self._struck < self._strikes else 0
        if not chosen:
            self._word.append(Event(otherwise, label))
            return None
        self._unsettled = possible[chosen - 1]
        self._struck += 1
        self._word.append(self._unsettled)
        return chosen - 1

    def _choose(self, options: int) -> int:
        index = len(self._choices)
        taken = self._script[index] if index < len(self._script) else 0
        self._choices.append(Choice(taken, options, self._bits))
        return taken

    # --- watching --------------------------------------------------------------------------------------------------

    def _trace(self, frame: FrameType, event: str, argument: object) -> Callable[..., Any] | None:
        if frame.f_code is not self._program.code:
            return None
        self._frame = frame
        return self._trace_line

    def _trace_line(self, frame: FrameType, event: str, argument: object) -> Callable[..., Any]:
        line = frame.f_lineno
        if event == "line" and line in self._program.lines and self._is_reached(frame, line):
            self._at_line(line)
        return self._trace_line

    def _is_reached(self, frame: FrameType, line: int) -> bool:
        """Tell whether a statement begins, as against one that is reported while something around it is left."""
        if line in self._program.before:
            return self._program.before[line] == self._reported
        return frame.f_lasti not in self._program.tidying

    def _at_line(self, line: int) -> None:
        self._reported = line
        if sys.exc_info()[1] is None:
            self._settle(line)
        if line != self._line:
            self._line = line
            self._word.append(line)

    def _end(self, name: str) -> None:
        self._settle(name)
        self._word.append(Event(ENDED, name=name))
        self._close_book()

    def _close_book(self) -> None:
        """Keep what was seen so far; what comes after, when the program is abandoned, does not count."""
        self.seen = Record(tuple(self._word), frozenset(self._outcomes), 0), tuple(self._choices)

    def _settle(self, result: int | str) -> None:
        if self._unsettled:
            self._outcomes.append((self._struck - 1, self._unsettled, result))
            self._unsettled = None


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def _wait(future: asyncio.Future[None]) -> None:
    await future
