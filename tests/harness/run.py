"""One run of one coroutine: a real task on a real event loop, cancelled at some of its suspension points or at none."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator, Sequence
from types import FrameType, ModuleType
from typing import Any

from tests.harness.clock import VirtualClockLoop
from tests.harness.fakes import Call, Fake, work

# Suspension points that a run may pass before, and after, it is cancelled; who passes more goes on for ever.
POINTS = 40
# Lines that the code may run through between two turns of the loop.
LINES = 5000

RETURNED = "returned"
CANCELLED = "was cancelled"
RAISED = "raised"
GOES_ON = "goes on"
WAITS = "waits for ever"


class EndlessError(BaseException):
    """The code turned for ever without suspending; raised into it, since nothing else can stop it."""


class Run:
    """What happened in one run, and what it was given.

    Attributes:
        cancel_at: the suspension points at which the task is cancelled, counted from 1.
        module: the fixture's module, made anew for this run.
        call: calls the function under proof; keyword arguments go before what is filled in.
        make: returns the one instance of the class whose method is under proof.
        owner: that instance, once it is made.
        given: what was filled in, by the names of the parameters.
        task: the task it runs in.
        cancelled: whether ``task.cancel()`` was called and took effect.
        struck: how many calls were in the log whenever it was, and how many lines had been passed.
        end: how the task ended: RETURNED, CANCELLED, RAISED, GOES_ON or WAITS.
        error: what it raised.
        log: the calls of the fakes.
        left: the tasks that were made in this run and not done when it ended, those of ``spawn`` left out.
        complaints: what asyncio told the loop's exception handler.
        lines: the numbers of the fixture's lines, in the order in which they were passed.
        points: how many times the task suspended.
        processes: the transports of the subprocesses that were started.
    """

    call: Callable[..., Coroutine[Any, Any, Any]]
    make: Callable[..., Any]
    task: asyncio.Task[Any]

    def __init__(self, *cancel_at: int) -> None:
        self.cancel_at = cancel_at
        self.module = ModuleType("fixture")
        self.owner: object = None
        self.given: dict[str, object] = {}
        self.cancelled = False
        self.struck: list[tuple[int, int]] = []
        self.end = WAITS
        self.error: BaseException | None = None
        self.log: list[Call] = []
        self.left: tuple[asyncio.Task[Any], ...] = ()
        self.complaints: list[dict[str, Any]] = []
        self.lines: list[int] = []
        self.points = 0
        self.processes: list[asyncio.SubprocessTransport] = []
        self._spawned: list[asyncio.Task[Any]] = []

    def fake(self, name: str) -> Fake:
        """Return something that can be called, awaited, entered and iterated, and writes it down in ``log``."""
        return Fake(name, self.log)

    def work(self, name: str, seconds: float = 1) -> Callable[..., Coroutine[Any, Any, Fake]]:
        """Return a coroutine function that writes its call down and sleeps; ``create_task`` accepts what it returns."""
        return work(name, self.log, seconds)

    def spawn(self, coroutine: Coroutine[Any, Any, Any] | None = None) -> asyncio.Task[Any]:
        """Return a task to be given to the function; it does not count as left. Without a coroutine it sleeps long."""
        task = asyncio.get_running_loop().create_task(coroutine or asyncio.sleep(3600))
        self._spawned.append(task)
        return task

    def calls(self, *names: str) -> list[Call]:
        """Return the recorded calls whose name, or last part of it, is one of these."""
        return [call for call in self.log if call.name in names or call.verb in names]

    def __repr__(self) -> str:
        points = " and ".join(map(str, self.cancel_at))
        where = f"cancelled at suspension point {points}" if points else "not cancelled"
        return f"run {where}: {self.end}" + (f" {self.error!r}" if self.error is not None else "")


@contextlib.contextmanager
def finished(run: Run, body: Callable[[], Coroutine[Any, Any, Any]], filename: str) -> Iterator[Run]:
    """Run a coroutine to its end, or as long as it makes sense; while the context lasts, its loop is still open.

    Args:
        run: what is to be filled in.
        body: makes the coroutine, on the running loop.
        filename: of the code whose lines are recorded.
    """

    def finish(*_: object) -> None:
        if not over.done():
            over.set_result(None)

    loop = VirtualClockLoop(finish)
    over = loop.create_future()
    loop.set_exception_handler(lambda _, context: run.complaints.append(context))

    def suspended() -> None:
        run.points += 1
        if run.points in run.cancel_at:
            loop.call_soon(cancel)
        elif run.points > max(run.cancel_at, default=0) + POINTS:
            run.end = GOES_ON
            finish()

    def cancel() -> None:
        if run.task.cancel():
            run.cancelled = True
            run.struck.append((len(run.log), len(run.lines)))

    async def watched() -> Any:
        watched_over.append(body())
        return await _Counted(watched_over[0], suspended)

    watched_over: list[Coroutine[Any, Any, Any]] = []
    try:
        run.task = loop.create_task(watched())
        run.task.add_done_callback(finish)
        with _recorded(run, filename):
            loop.run_until_complete(over)
        _conclude(run, loop)
        yield run
    finally:
        _abandon(loop, watched_over, filename)


def _conclude(run: Run, loop: VirtualClockLoop) -> None:
    own = {run.task, *run._spawned}
    run.processes = loop.processes
    run.left = tuple(task for task in asyncio.all_tasks(loop) if task not in own)
    if not run.task.done():
        return
    if run.task.cancelled():
        run.end = CANCELLED
        return
    run.error = run.task.exception()
    run.end = RETURNED if run.error is None else RAISED
    if isinstance(run.error, EndlessError):
        run.end = GOES_ON
        run.error = None


class _Counted(Awaitable[Any]):
    """A coroutine that tells whenever it suspends."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], suspended: Callable[[], None]) -> None:
        self._coroutine = coroutine
        self._suspended = suspended

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self._coroutine.__await__()
        throw: BaseException | None = None
        while True:
            try:
                waited_for = steps.send(None) if throw is None else steps.throw(throw)
            except StopIteration as stop:
                return stop.value
            self._suspended()
            throw = None
            try:
                yield waited_for
            except GeneratorExit:
                steps.close()
                raise
            except BaseException as error:  # whatever is thrown in belongs to the coroutine
                throw = error


@contextlib.contextmanager
def _recorded(run: Run, filename: str) -> Iterator[None]:
    since_suspension = [0, 0]

    def passed(line: int) -> None:
        run.lines.append(line)
        points, count = since_suspension
        since_suspension[:] = (run.points, count + 1 if points == run.points else 0)
        if count > LINES:
            raise EndlessError

    with _traced(filename, passed):
        yield


@contextlib.contextmanager
def _traced(filename: str, passed: Callable[[int], None]) -> Iterator[None]:
    """Call a function with the number of every line of a file that is passed."""

    def line_by_line(frame: FrameType, event: str, _: object) -> Any:
        if event == "line":
            passed(frame.f_lineno)
        return line_by_line

    def call_by_call(frame: FrameType, event: str, _: object) -> Any:
        return line_by_line if frame.f_code.co_filename == filename else None

    before = sys.gettrace()
    sys.settrace(call_by_call)
    try:
        yield
    finally:
        sys.settrace(before)


def _abandon(loop: VirtualClockLoop, coroutines: Sequence[Coroutine[Any, Any, Any]], filename: str) -> None:
    """End what can be ended, however stubborn, and close the loop."""
    loop.set_exception_handler(lambda *_: None)
    for _ in range(3):
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(_turn_a_few_times())
    # Bounded, on the loop's own clock: an async generator may refuse to end as well.
    loop.run_until_complete(asyncio.wait([loop.create_task(loop.shutdown_asyncgens())], timeout=60))
    for process in loop.processes:
        process.close()
        for _ in range(100):
            if process.get_returncode() is None:
                loop.run_until_complete(asyncio.sleep(0.01))
    for coroutine in coroutines:
        _close(coroutine, filename)
    for task in asyncio.all_tasks(loop):
        # It swallows every cancellation: it is closed from outside, and asyncio need not tell.
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        _close(task.get_coro(), filename)
    loop.close()


async def _turn_a_few_times() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def _close(coroutine: Any, filename: str) -> None:
    """Close a coroutine and those it awaits, the innermost first, even if it goes on after every GeneratorExit."""
    inward = [coroutine]
    while (inner := _awaited(inward[-1])) is not None:
        inward.append(inner)
    for one in reversed(inward):
        # An error at one of its next lines stands outside of the handler that took the first one.
        for lines in range(2, 10):
            with _traced(filename, _raising_at(lines)):
                try:
                    one.close()
                except (Exception, asyncio.CancelledError, EndlessError):
                    continue
            break


def _awaited(coroutine: Any) -> Any:
    waited_for = (getattr(coroutine, name, None) for name in ("cr_await", "gi_yieldfrom", "ag_await"))
    return next((inner for inner in waited_for if hasattr(inner, "close")), None)


def _raising_at(number: int) -> Callable[[int], None]:
    countdown = iter(range(1, number))

    def passed(_: int) -> None:
        if next(countdown, None) is None:
            raise EndlessError

    return passed
