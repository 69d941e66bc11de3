"""Fakes that record and decide nothing.

A ``Fake`` may be called, awaited, entered, iterated and asked for any attribute. Every call is written down; awaiting
suspends once, as a real wait would, so that the cancellation can strike there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from typing import Any

# What takes something and what gives it back, as attributes of one thing or of what the call returned.
ACQUIRES = frozenset(
    {
        "acquire",
        "open",
        "connect",
        "create",
        "start",
        "subscribe",
        "register",
        "begin",
        "lock",
        "add",
        "login",
        "borrow",
        "attach",
        "checkout",
        "__enter__",
        "__aenter__",
        "__setitem__",
    }
)
RELEASES = frozenset(
    {
        "release",
        "close",
        "aclose",
        "disconnect",
        "delete",
        "stop",
        "unsubscribe",
        "unregister",
        "commit",
        "rollback",
        "abort",
        "unlock",
        "remove",
        "discard",
        "logout",
        "give_back",
        "detach",
        "checkin",
        "shutdown",
        "terminate",
        "kill",
        "cleanup",
        "pop",
        "reset",
        "clear",
        "cancel",
        "__exit__",
        "__aexit__",
        "__delitem__",
    }
)


class Call:
    """One recorded call.

    Attributes:
        name: dotted, as ``pool.acquire``.
        receiver: the fake the method was called on, None for a plain function.
        arguments: the positional arguments.
        result: what the call returned.
        cut: whether it was awaited and left before it was through, by a cancellation.
        entered: whether its result was given to a ``with`` statement, which is what acquires then.
        error: what waiting for it raises in the end, if it is to fail.
    """

    def __init__(self, name: str, receiver: Fake | None, arguments: tuple[object, ...]) -> None:
        self.name = name
        self.receiver = receiver
        self.arguments = arguments
        self.result: object = None
        self.cut = False
        self.entered = False
        self.error: Exception | None = None

    @property
    def verb(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]

    def __repr__(self) -> str:
        return f"{self.name}()" + (" (cut)" if self.cut else "")


class Fake:
    """Anything at all; see the module.

    Args:
        name: how it is written in the log.
        log: where its calls go.
    """

    def __init__(self, name: str, log: list[Call], owner: Fake | None = None, call: Call | None = None) -> None:
        self._name = name
        self._log = log
        self._owner = owner
        self._call = call

    def __getattr__(self, name: str) -> Fake:
        if name.startswith("__") or name.startswith("_asyncio"):
            raise AttributeError(name)
        child = Fake(f"{self._name}.{name}", self._log, self)
        setattr(self, name, child)
        return child

    def __repr__(self) -> str:
        return f"<{self._name}>"

    def __call__(self, *arguments: object, **_: object) -> Fake:
        call = Call(self._name, self._owner, arguments)
        self._log.append(call)
        result = Fake(f"{self._name}()", self._log, call=call)
        call.result = result
        return result

    def _note(self, verb: str) -> Call:
        call = Call(f"{self._name}.{verb}", self, ())
        call.result = self
        self._log.append(call)
        if self._call is not None and verb in ("__enter__", "__aenter__"):
            self._call.entered = True
        return call

    def __await__(self) -> Generator[Any, None, Fake]:
        return _suspend_once(self._call, self).__await__()

    def __enter__(self) -> Fake:
        self._note("__enter__")
        return self

    def __exit__(self, *_: object) -> None:
        self._note("__exit__")

    async def __aenter__(self) -> Fake:
        await _suspend_once(self._note("__aenter__"), None)
        return self

    async def __aexit__(self, *_: object) -> None:
        await _suspend_once(self._note("__aexit__"), None)

    async def __aiter__(self) -> AsyncIterator[Fake]:
        for item in self:
            await asyncio.sleep(0)
            yield item

    def __iter__(self) -> Iterator[Fake]:
        return iter([Fake(f"{self._name}[{number}]", self._log) for number in range(2)])

    def __getitem__(self, key: object) -> Fake:
        return Fake(f"{self._name}[{key!r}]", self._log)

    def __setitem__(self, key: object, value: object) -> None:
        self._note("__setitem__")

    def __delitem__(self, key: object) -> None:
        self._note("__delitem__")

    def __contains__(self, item: object) -> bool:
        return True


async def _suspend_once(call: Call | None, value: Any) -> Any:
    if call is None:
        await asyncio.sleep(0)
        return value
    call.cut = True
    await asyncio.sleep(0)
    if call.error is not None:
        raise call.error
    call.cut = False
    return value


def work(name: str, log: list[Call], seconds: float) -> Callable[..., Coroutine[Any, Any, Fake]]:
    """Return a real coroutine function that records its call and takes its time; ``create_task`` accepts its calls.

    Args:
        name: how it is written in the log.
        log: where its calls go.
        seconds: how long it sleeps, on the loop's clock.
    """

    async def work(*arguments: object, **_: object) -> Fake:
        call = Call(name, None, arguments)
        call.result = Fake(f"{name}()", log, call=call)
        log.append(call)
        call.cut = True
        await asyncio.sleep(seconds)
        if call.error is not None:
            raise call.error
        call.cut = False
        return call.result

    return work


def held(log: list[Call]) -> list[Call]:
    """Return the acquisitions of a log that no later call gave back.

    A call that was cut took nothing. A release counts as soon as it is called, on what was acquired, on what it was
    acquired from, or with it as an argument.
    """
    waiting: list[Call] = []
    for call in log:
        if call.verb in RELEASES:
            waiting = [taken for taken in waiting if not _gives_back(call, taken)]
        elif call.verb in ACQUIRES and not (call.cut or call.entered):
            waiting.append(call)
    return waiting


def _gives_back(call: Call, taken: Call) -> bool:
    things = {id(thing) for thing in (taken.result, taken.receiver) if thing is not None}
    return bool(things & {id(thing) for thing in (call.receiver, *call.arguments) if thing is not None})
