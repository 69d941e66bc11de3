"""An event loop on which nobody waits: when nothing is ready, its clock jumps to the next timer.

Everything else is real asyncio. Programs that sleep for seconds run in milliseconds, in the same order of steps.
"""

from __future__ import annotations

import asyncio
import selectors
import threading
from collections.abc import Callable
from typing import Any

# Real seconds that threads, pipes and processes get before the clock jumps over them.
_PATIENCE = 0.5
# Turns of the loop after which a run counts as endless.
_TURNS = 5000


class StuckError(RuntimeError):
    """Everything on the loop waits for something that nobody will ever do, or turns for ever."""


class VirtualClockLoop(asyncio.SelectorEventLoop):
    """A loop with a clock that jumps.

    Args:
        stuck: called when the loop can only wait for ever; it must schedule something or raise.

    Attributes:
        processes: the transports of the subprocesses that were started on it.
    """

    def __init__(self, stuck: Callable[[], None] | None = None) -> None:
        self._jumping = _JumpingSelector(stuck or _raise_stuck)
        super().__init__(self._jumping)
        self._jumping.forget_outside()
        self.processes: list[asyncio.SubprocessTransport] = []

    async def subprocess_exec(self, *arguments: Any, **options: Any) -> Any:
        """Start a process as asyncio does, and keep its transport."""
        transport, protocol = await super().subprocess_exec(*arguments, **options)
        self.processes.append(transport)
        return transport, protocol

    async def subprocess_shell(self, *arguments: Any, **options: Any) -> Any:
        """Start a shell as asyncio does, and keep its transport."""
        transport, protocol = await super().subprocess_shell(*arguments, **options)
        self.processes.append(transport)
        return transport, protocol

    def time(self) -> float:
        """Return the virtual time in seconds; a new loop begins at 0."""
        return self._jumping.now

    def pass_by(self, seconds: float) -> None:
        """Let time go by while the program holds the loop, as a blocking call does."""
        self._jumping.now += seconds


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, stuck: Callable[[], None]) -> None:
        super().__init__()
        self.now = 0.0
        self._stuck = stuck
        self._turns = 0
        self._own: frozenset[int] = frozenset()
        self._threads: frozenset[threading.Thread] = frozenset()

    def forget_outside(self) -> None:
        """Take the files and threads of this moment as no work of the program."""
        self._own = frozenset(self.get_map())  # type: ignore[arg-type]
        self._threads = frozenset(threading.enumerate())

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, Any]]:
        self._turns += 1
        ready = super().select(0)
        if self._turns > _TURNS:
            self._turns = 0
            self._stuck()
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if self._has_outside_work():
            ready = super().select(_PATIENCE if timeout is None else min(timeout, _PATIENCE))
        if not ready and timeout is None:
            self._stuck()
        elif not ready:
            self.now += timeout or 0
        return ready

    def _has_outside_work(self) -> bool:
        return not (self._own.issuperset(self.get_map()) and self._threads.issuperset(threading.enumerate()))


def _raise_stuck() -> None:
    raise StuckError("everything on the event loop waits for ever")
