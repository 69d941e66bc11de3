"""Where futures come from: through names, records, collections, queues, arguments and results."""

from __future__ import annotations

import pytest

from tests.code.asking import asked

RECORDS = """
import asyncio, functools
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar
T = TypeVar("T")
@dataclass
class Record(Generic[T]):
    key: T
    future: asyncio.Future
class Pair(NamedTuple):
    future: asyncio.Future
    key: int
class Own:
    def __init__(self, future, key=None):
        self.future = future
        self.keys = []
    @property
    def shown(self):
        return self.future
class Owner:
    def __init__(self):
        self.x = {{}}
        self.queue = asyncio.Queue()
        self.items = []
    async def put(self, key, loop):
        future = loop.create_future()
        other = loop.create_future()
        {put}
    async def take(self, key):
        {take}
    def keep(self, key, future):
        self.x[key] = future
    async def gives(self, future):
        return future
def apply(future):
    ask(future)
"""


def is_found(put: str, take: str) -> bool:
    """Tell whether what is asked about is the first future, and not the other."""
    found = asked(RECORDS.format(put=put, take=take))
    expression = found.expressions[-1] if take == "pass" else found.expressions[0]
    lines = {call.lineno for call in found.module.origins(expression)}
    assert lines <= {26}, lines
    return bool(lines)


@pytest.mark.parametrize(
    ("put", "take"),
    [
        ("self.x[key] = future", "ask(self.x[key])"),
        ("self.x[key] = future", "ask(self.x.pop(key, None))"),
        ("self.x[key] = future", "for _, one in list(self.x.items()): ask(one)"),
        ("self.x[key] = future", "_, one = self.x.popitem(); ask(one)"),
        ("self.x[key] = future", "for one in self.x.copy().values(): ask(one)"),
        ("self.x[key] = future", "ask(next(iter(self.x.values())))"),
        ("self.x[key] = future", "if one := self.x.get(key): ask(one)"),
        ("self.x[key] = (future, other)", "ask(self.x[key][0])"),
        ("self.x[key] = {'a': future, 'b': other}", "ask(self.x[key]['a'])"),
        ("self.x.setdefault(key, []).append(future)", "for one in self.x.pop(key, ()): ask(one)"),
        ("x = self.x[key]; x.append(future)", "ask(self.x[key][-1])"),
        ("self.items += [future]", "ask(self.items.pop())"),
        ("self.items.extend([future])", "for at, one in enumerate(self.items): ask(one)"),
        ("self.items.append((other, future))", "for (_, one), b in zip(self.items, key): ask(one)"),
        ("self.items.append((future, 1))", "x = [item[0] for item in self.items]\n        for one in x: ask(one)"),
        ("await self.queue.put((future, other))", "one, _ = await self.queue.get(); ask(one)"),
        ("self.queue.put_nowait(future)", "ask(await asyncio.wait_for(self.queue.get(), 1))"),
        ("self.queue.put_nowait(future)", "x = self.queue; ask(x.get_nowait())"),
        ("self.items.append(Record(key, future))", "for one in self.items: ask(one.future)"),
        ("self.items.append(Record[int](key, future=future))", "for one in self.items: ask(one.future)"),
        ("self.items.append(Own(future))", "ask(self.items[0].future)"),
        ("self.items.append(Own(future))", "ask(self.items[0].shown)"),
        ("own = Own(other)\n        own.mine = future", "x = Own(key); ask(x.mine)"),
        ("self.items.append(Pair(future, 1))", "one, number = self.items.pop(); ask(one)"),
        ("self.items.append(Pair(future, 1))", "ask(self.items.pop().future)"),
        ("self.keep(key, future)", "ask(self.x[key])"),
        ("self.keep(future=future, key=key)", "ask(self.x[key])"),
        ("self.x[key] = await self.gives(future)", "ask(self.x[key])"),
        ("loop.call_soon(apply, future)", "pass"),
        ("key(functools.partial(apply, future))", "pass"),
        ("apply(future)", "pass"),
    ],
)
def test_a_future_is_followed_to_where_it_was_made(put: str, take: str) -> None:
    assert is_found(put, take)


@pytest.mark.parametrize(
    ("put", "take"),
    [
        ("self.x[key] = future", "ask(self.items[0])"),
        ("self.x[key] = future", "ask(self.x)"),
        ("self.x[key] = future", "for one in self.x.items(): ask(one)"),
        ("self.x[key] = (1, future)", "ask(self.x[key][0])"),
        ("self.x[key] = {'a': future}", "ask(self.x[key]['b'])"),
        ("self.items.append((1, future))", "for one in self.items: ask(one)"),
        ("self.queue.put_nowait(future)", "ask(self.queue.get())"),
        ("self.queue.put_nowait(future)", "ask(await self.items.get())"),
        ("self.x[key] = asyncio.shield(future)", "ask(self.x[key])"),
        ("self.x[key] = await future", "ask(self.x[key])"),
        ("self.items.append(Record(future, 1))", "for one in self.items: ask(one.future)"),
        ("self.items.append(Own(1, future))", "for one in self.items: ask(one.future)"),
        ("self.items.append(Pair(future, 1))", "_, one = self.items.pop(); ask(one)"),
        ("self.x[key] = self.gives(future)", "ask(self.x[key])"),
        ("self.keep(future, key)", "ask(self.x[key])"),
        ("key(apply, future)", "pass"),
        ("loop.call_soon(future, apply)", "pass"),
    ],
)
def test_what_is_something_else_is_not_taken_for_it(put: str, take: str) -> None:
    assert not is_found(put, take)


def test_a_helper_gives_each_caller_its_own() -> None:
    found = asked("""
        import asyncio
        def limited(future):
            return asyncio.wait_for(future, 1)
        def first():
            ask(limited(asyncio.Future[int]()))
        def second(loop):
            ask(limited(loop.create_future()))
    """)
    assert [{call.lineno for call in found.module.origins(one)} for one in found.expressions] == [{6}, {8}]


def test_what_refers_to_itself_ends() -> None:
    found = asked("""
        import asyncio
        def turn(future, x):
            x = [future, *x]
            x.append(x)
            for x in x: turn(x, x)
            ask(x[0])
        turn(asyncio.Future(), [])
    """)
    assert {call.lineno for call in found.module.origins(found.only)} == {8}
