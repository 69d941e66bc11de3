"""Which places give a result to a future that a cancelled waiter may have cancelled."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.resolving import Resolving, resolving
from tests.code.asking import module_of

GATE = """
import asyncio
from contextlib import suppress
class Gate:
    def __init__(self):
        self._future = asyncio.Future()
    async def wait(self, other, lock: asyncio.Lock):
        {wait}
    def open(self, loop, other):
        {opens}
"""


def found_in(source: str) -> list[Resolving]:
    module = module_of(source)
    nodes = (node for node in ast.walk(module.tree) if isinstance(node, ast.Attribute))
    return [found for found in (resolving(module, node) for node in nodes) if found]


def found(wait: str = "await self._future", opens: str = "self._future.set_result(1)") -> list[Resolving]:
    return found_in(GATE.format(wait=wait, opens=opens))


@pytest.mark.parametrize(
    "wait",
    [
        "await self._future",
        "return await asyncio.wait_for(self._future, 1)",
        "async with asyncio.timeout(1): await self._future",
        "async with lock: await self._future",
        "try: await self._future\n        except ValueError: self._future = None",
        "try: await self._future\n        except asyncio.CancelledError: raise",
        "try: await self._future\n        finally: print('over')",
        "try: await asyncio.wait_for(self._future, 1)\n        except: self._future.cancel(); raise",
    ],
)
def test_a_cancelled_waiter_leaves_its_future(wait: str) -> None:
    assert found(wait=wait)


@pytest.mark.parametrize(
    "wait",
    [
        "pass",
        "await other",
        "await asyncio.shield(self._future)",
        "with other(): await self._future",
        "try: await self._future\n        finally: self._future = None",
        "try: await self._future\n        except BaseException: other.remove(self); raise",
        "self._future.add_done_callback(other); await self._future",
    ],
)
def test_a_cancelled_waiter_may_take_its_future_away(wait: str) -> None:
    assert not found(wait=wait)


@pytest.mark.parametrize(
    ("opens", "is_called"),
    [
        ("self._future.set_exception(other)", True),
        ("other(self._future.set_result(1))", True),
        ("loop.call_soon(self._future.set_result, 1)", False),
        ("loop.call_later(1, self._future.set_result, 1)", False),
        ("with suppress(KeyError): self._future.set_result(1)", True),
    ],
)
def test_a_result_is_given(opens: str, is_called: bool) -> None:
    (one,) = found(opens=opens)
    assert one.is_called is is_called
    assert ast.unparse(one.future) == "self._future"
    assert ast.unparse(one.waiter) == "await self._future"


@pytest.mark.parametrize(
    "opens",
    [
        "other.set_result(1)",
        "other(self._future.set_result)",
        "loop.call_later(self._future.set_result, 1)",
        "self._timer = loop.call_later(1, self._future.set_result, 1)",
        "with suppress(asyncio.InvalidStateError): self._future.set_result(1)",
        "with suppress(Exception): self._future.set_result(1)",
        "if not self._future.done(): self._future.set_result(1)",
        "self._future = asyncio.Future(); self._future.set_result(1)",
        "self._future = loop.create_future(); self._future.set_result(1)",
    ],
)
def test_a_result_is_given_with_care(opens: str) -> None:
    assert not found(opens=opens)


def test_who_is_about_to_wait_has_not_been_cancelled() -> None:
    source = """
        import asyncio
        class Gate:
            def __init__(self):
                self._future = asyncio.Future()
            async def wait(self):
                self._open()
                await self._future
            def _open(self):
                self._future.set_result(1)
            def open(self):
                {opens}
    """
    assert not found_in(source.format(opens="pass"))
    assert found_in(source.format(opens="self._open()"))
