"""Who waits for a future, and whether a place asks first how it ended."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.ownership.futures import is_asked_before, waits_for
from tests.code.asking import asked, function, module_of

CLIENT = """
import asyncio
class Client:
    def __init__(self):
        self._waiting = {{}}
        self._queue = asyncio.Queue()
    async def wait(self, key, other):
        future = asyncio.Future()
        {put}
        {wait}
    def answer(self, key):
        {take}
        ask(future)
"""


@pytest.mark.parametrize(
    ("put", "wait", "take"),
    [
        ("self._waiting[key] = future", "await future", "future = self._waiting[key]"),
        ("self._waiting[key] = future", "await asyncio.wait_for(future, 1)", "future = self._waiting.pop(key)"),
        ("self._waiting.setdefault(key, future)", "return await future", "future = self._waiting.get(key)"),
        ("await self._queue.put(future)", "await asyncio.gather(future)", "future = self._queue.get_nowait()"),
        ("self._future = future", "await future", "future = self._future"),
        ("self._future = future", "await self._future", "future = self._future"),
        ("self._future = future = asyncio.Future()", "await future", "future = self._future"),
    ],
)
def test_a_future_is_known_by_all_its_names(put: str, wait: str, take: str) -> None:
    found = asked(CLIENT.format(put=put, wait=wait, take=take))
    assert len(list(waits_for(found.module, found.only))) == 1


@pytest.mark.parametrize(
    ("put", "wait", "take"),
    [
        ("pass", "await future", "future = self._waiting[key]"),
        ("self._waiting[key] = future", "pass", "future = self._waiting[key]"),
        ("self._waiting[key] = future", "await other(future)", "future = self._waiting[key]"),
        ("self._waiting[key] = future", "await asyncio.shield(future)", "future = self._waiting[key]"),
        ("self._waiting[key] = future", "await asyncio.wait([future])", "future = self._waiting[key]"),
        ("await self._queue.put(future)", "await self._queue.get()", "future = self._queue.get_nowait()"),
        ("self._future = other", "await future", "future = self._future"),
    ],
)
def test_another_future_is_another(put: str, wait: str, take: str) -> None:
    found = asked(CLIENT.format(put=put, wait=wait, take=take))
    assert not list(waits_for(found.module, found.only))


ASKS = """
def resolve(future, other, flag):
    {code}
"""


def is_asked(code: str) -> bool:
    module = module_of(ASKS.format(code=code))
    (call,) = (
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "set_result"
    )
    assert isinstance(call.func, ast.Attribute)
    return is_asked_before(module, call, call.func.value, function(module, "resolve"), {"done"}, {"flag"})


@pytest.mark.parametrize(
    "code",
    [
        "if not future.done(): future.set_result(1)",
        "if future.done(): return\n    future.set_result(1)",
        "if future.done(): pass\n    else: future.set_result(1)",
        "future.done() or future.set_result(1)",
        "None if future.done() else future.set_result(1)",
        "done = future.done()\n    future.set_result(done)",
        "[one.set_result(1) for one in other if not one.done()]",
        "for one in [one for one in other if not one.done()]: one.set_result(1)",
        "if open(future): future.set_result(1)",
        "assert open(future)\n    future.set_result(1)",
        "if flag: return\n    future.set_result(1)",
        "while not future.done():\n        future.set_result(1)",
        "try:\n        future.done()\n    finally:\n        future.set_result(1)",
        "match future.done():\n        case False: future.set_result(1)",
    ],
)
def test_a_place_that_asks_first(code: str) -> None:
    assert is_asked(code)


@pytest.mark.parametrize(
    "code",
    [
        "future.set_result(1)",
        "future.set_result(1)\n    future.done()",
        "if other: future.done()\n    else: future.set_result(1)",
        "future.done() if other else future.set_result(1)",
        "if isinstance(future, int): return\n    future.set_result(1)",
        "if other(flag): print(flag)\n    future.set_result(1)",
        "try: other()\n    except ValueError: future.done()\n    except TypeError: future.set_result(1)",
        "match other:\n        case 1: future.done()\n        case 2: future.set_result(1)",
        "print(future)\n    future.set_result(1)",
    ],
)
def test_a_place_that_does_not(code: str) -> None:
    assert not is_asked(code)
