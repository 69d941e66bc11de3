"""What the fakes of a run do, beside writing their calls down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from tests.harness.fakes import Call, Fake
from tests.harness.run import Run

PLAIN = "plain"
SLOW = "cleans up slowly"
FAILS = "fails as it cleans up"
SWALLOWS = "swallows"
WAYS = (PLAIN, SLOW, FAILS, SWALLOWS)


class FakeError(KeyError):
    """What a fake raises that is to fail."""


class Manner(NamedTuple):
    """How the fakes behave.

    Attributes:
        cancelled: what work does when it is cancelled.
        failing: which call fails, counted from 1; 0 for none.
        late: whether it fails only when it was waited for, if it is.
    """

    cancelled: str = PLAIN
    failing: int = 0
    late: bool = False

    @property
    def is_orderly(self) -> bool:
        """Whether nothing fails, and what is cancelled ends cancelled."""
        return self.cancelled in (PLAIN, SLOW) and not self.failing

    def run(self, *cancel_at: int) -> Run:
        """Return a run in which the fakes behave so."""
        return _Run(self, cancel_at)


class _Run(Run):
    def __init__(self, manner: Manner, cancel_at: tuple[int, ...]) -> None:
        super().__init__(*cancel_at)
        self.log = _Log(manner)
        self._manner = manner

    def work(self, name: str, seconds: float = 1) -> Callable[..., Coroutine[Any, Any, Fake]]:
        plain = super().work(name, seconds)

        async def work(*arguments: object, **options: object) -> Any:
            try:
                return await plain(*arguments, **options)
            except asyncio.CancelledError:
                if self._manner.cancelled == SLOW:
                    await asyncio.sleep(0.25)
                elif self._manner.cancelled == FAILS:
                    raise FakeError("cleaning up") from None
                elif self._manner.cancelled == SWALLOWS:
                    return None
                raise

        return work


class _Log(list[Call]):
    def __init__(self, manner: Manner) -> None:
        super().__init__()
        self._manner = manner

    def append(self, call: Call) -> None:
        super().append(call)
        if len(self) != self._manner.failing:
            return
        error = FakeError(call.name)
        if not self._manner.late:
            raise error
        call.error = error
