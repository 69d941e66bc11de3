"""Runs a whole program, as ``python file.py`` does, on an event loop whose clock jumps."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import CoroutineType, ModuleType
from typing import Any, NamedTuple

from tests.harness.clock import VirtualClockLoop
from tests.harness.harms import Harm, cancellation_lost, leaves
from tests.harness.run import Run, finished


class Outcome(NamedTuple):
    """What became of a program.

    Attributes:
        printed: its lines of output.
        error: what it ended with, None if it ended well.
        tasks: how each task ended that the program made, in order, with the name of its coroutine function:
            ``("long_task", "cancelled")``, ``"returned"``, or the name of the error's class.
        seconds: how long it took, on the loop's clock.
        complaints: what asyncio told the loop's exception handler.
    """

    printed: tuple[str, ...]
    error: BaseException | None
    tasks: tuple[tuple[str, str], ...]
    seconds: float
    complaints: tuple[str, ...]

    @property
    def errors(self) -> tuple[str, ...]:
        """The class names of the error, or of those in an exception group."""
        return tuple(type(error).__name__ for error in leaves(self.error)) if self.error is not None else ()


def module_of(path: Path) -> ModuleType:
    """Execute a program without its ``asyncio.run(...)``, so that its functions can be called."""
    tree = ast.parse(path.read_bytes())
    tree.body = [statement for statement in tree.body if not ast.unparse(statement).startswith("asyncio.run(")]
    module = ModuleType("program")
    exec(compile(tree, str(path), "exec", dont_inherit=True), vars(module))
    return module


def run_program(path: Path) -> Outcome:
    """Run a file to its end and tell what became of it."""
    policy = _Policy()
    printed = io.StringIO()
    error: BaseException | None = None
    with policy.in_force(), contextlib.redirect_stdout(printed):
        try:
            exec(compile(path.read_bytes(), str(path), "exec", dont_inherit=True), {"__name__": "__main__"})
        except (Exception, asyncio.CancelledError) as raised:
            error = raised
    return Outcome(
        tuple(printed.getvalue().splitlines()),
        error,
        # The other tasks are asyncio's own, which ``asyncio.run`` makes at its end.
        tuple(
            (coroutine.__name__, _end(task))
            for task in policy.tasks
            for coroutine in [task.get_coro()]
            if isinstance(coroutine, CoroutineType) and coroutine.cr_code.co_filename == str(path)
        ),
        policy.seconds(),
        tuple(policy.complaints),
    )


def loses_its_cancellation(path: Path, name: str) -> bool:
    """Tell whether a coroutine function, cancelled at one of its suspension points, ends otherwise than cancelled."""
    cancel_at = 1
    while True:
        run = Run(cancel_at)
        with contextlib.redirect_stdout(io.StringIO()), finished(run, getattr(module_of(path), name), str(path)):
            try:
                cancellation_lost(run)
            except Harm:
                return True
            if not run.cancelled:
                return False
        cancel_at += 1


def keeps_a_deadline(path: Path, name: str) -> bool:
    """Tell whether a program's coroutine function, given half a second, gives its caller a TimeoutError."""
    loop = VirtualClockLoop()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            loop.run_until_complete(asyncio.wait_for(getattr(module_of(path), name)(), timeout=0.5))
    except asyncio.TimeoutError:
        return True
    finally:
        loop.close()
    return False


class _Policy(asyncio.DefaultEventLoopPolicy):
    """Makes the loops of ``asyncio.run``, and keeps what happens on them."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: list[asyncio.Task[Any]] = []
        self.complaints: list[str] = []
        self._loops: list[VirtualClockLoop] = []

    def new_event_loop(self) -> VirtualClockLoop:
        loop = VirtualClockLoop()
        loop.set_task_factory(self._made)
        loop.set_exception_handler(lambda _, context: self.complaints.append(context["message"]))
        self._loops.append(loop)
        return loop

    def seconds(self) -> float:
        return sum(loop.time() for loop in self._loops)

    @contextlib.contextmanager
    def in_force(self) -> Iterator[None]:
        with warnings.catch_warnings():
            # Policies are deprecated since Python 3.14 with nothing in their place that a program need not know of.
            warnings.simplefilter("ignore", DeprecationWarning)
            before = asyncio.get_event_loop_policy()
            asyncio.set_event_loop_policy(self)
            try:
                yield
            finally:
                asyncio.set_event_loop_policy(before)

    def _made(self, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=loop, **options)
        self.tasks.append(task)
        return task


def _end(task: asyncio.Task[Any]) -> str:
    if not task.done():
        return "pending"
    if task.cancelled():
        return "cancelled"
    error = task.exception()
    return type(error).__name__ if error is not None else "returned"
