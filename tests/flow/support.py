"""What the random programs import. The graph knows none of these names; the run decides what each of them does."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from contextvars import ContextVar
from typing import Any, Protocol


class Conductor(Protocol):
    """Decides what happens in one run of a program."""

    def bit(self) -> bool:
        """Return the next of the bits that this run is about."""

    async def suspend(self, label: int) -> None:
        """Suspend the program at the suspension point with this label."""

    def child(self, label: int) -> Coroutine[Any, Any, None]:
        """Return a coroutine that ends when the task group with this label waits for it."""


CONDUCTOR: ContextVar[Conductor] = ContextVar("CONDUCTOR")


class Chance:
    """Equal to anything when the next bit says so."""

    def __eq__(self, other: object) -> bool:
        return cond()

    __hash__ = None  # type: ignore[assignment]


class items:
    """An asynchronous iterator that suspends at every step, then reads a bit for "one more"; called like a function."""

    def __init__(self, label: int) -> None:
        self._label = label

    def __aiter__(self) -> items:
        return self

    async def __anext__(self) -> int:
        await pause(self._label)
        if not cond():
            raise StopAsyncIteration
        return self._label


def cond() -> bool:
    """Read a bit."""
    return CONDUCTOR.get().bit()


async def pause(label: int) -> None:
    """Suspend."""
    await CONDUCTOR.get().suspend(label)


async def ask(label: int) -> int:
    """Suspend, then read a bit."""
    await pause(label)
    return int(cond())


async def pick(label: int) -> Chance:
    """Suspend, then return what may match anything."""
    await pause(label)
    return Chance()


def chance() -> Chance:
    """Return what may match anything."""
    return Chance()


def more() -> Iterator[int]:
    """Yield as long as the next bit says so."""
    while cond():
        yield 1


def child(label: int) -> Coroutine[Any, Any, None]:
    """Return a child for the task group with this label."""
    return CONDUCTOR.get().child(label)


def step(label: int) -> None:
    """Do nothing; the line of the call is what counts."""
