"""The event loop that the programs run on."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
from collections.abc import Callable, Iterator
from typing import Any


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose clock stands still; a timer goes off when the run says so."""

    def __init__(self) -> None:
        super().__init__()
        self.timers: list[tuple[asyncio.TimerHandle, Callable[[], None]]] = []

    def time(self) -> float:
        """Return no time at all."""
        return 0.0

    def call_at(  # type: ignore[override]
        self, when: float, callback: Any, *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        """Keep a timer for the run to set off."""
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self.timers.append((handle, lambda: callback(*args)))
        return handle


@contextlib.contextmanager
def undisturbed(loop: Loop) -> Iterator[None]:
    """Keep programs that were given up from coming to life again within the run of another one.

    A program that swallows its cancellation in a loop cannot be closed. The garbage collector would try to, at any
    time, and report that it refused.

    Args:
        loop: the event loop that they ran on.
    """
    report = sys.unraisablehook
    sys.unraisablehook = lambda _: None
    gc.disable()
    try:
        yield
    finally:
        # What the event loop has still to do holds on to programs, too.
        loop.run_until_complete(asyncio.sleep(0))
        gc.collect(1)
        gc.enable()
        sys.unraisablehook = report
