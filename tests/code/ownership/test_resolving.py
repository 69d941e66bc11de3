"""Which places give a result to a future that a cancelled waiter may have cancelled."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.ownership.resolving import Resolving, resolving
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
        "try: await self._future\n        except asyncio.CancelledError: pass",
        "try: await self._future\n        except asyncio.CancelledError: return None\n        other.remove(self)",
        "try: await asyncio.wait_for(self._future, 1)\n        except: self._future.cancel(); raise",
        "try: await self._future\n        finally: self._future = None",
        "try: await self._future\n        except BaseException: other.remove(self); raise",
        "try: await self._future\n        except asyncio.CancelledError: pass\n        other.remove(self)",
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
        "try: await self._future\n        finally: other(self)",
        "try: await self._future\n        except BaseException: other.take(self); raise",
        "self._future.add_done_callback(other); await self._future",
        "try: await self._future\n        except asyncio.CancelledError: pass\n        other.take(self)",
        "while True:\n            try: await self._future\n            except asyncio.CancelledError: pass",
        "try: await self._future\n        except asyncio.CancelledError: return other.remove(self)",
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
        ("if not self._future.done(): loop.call_later(1, self._future.set_result, 1)", False),
        ("for x in other:\n            if x.done(): continue\n        self._future.set_result(1)", True),
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
        "if not self._future.done(): loop.call_soon(self._future.set_result, 1)",
        "for x in other:\n            if x.done(): return\n        self._future.set_result(1)",
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
    assert found_in(
        source.format(opens="pass").replace("self._open()\n", "asyncio.create_task(self._later())\n") + LATER
    )


LATER = """
            async def _later(self):
                self._future.set_result(1)
"""

HELPER = """
import asyncio
class Client:
    def __init__(self):
        self._waiting = {{}}
    async def ask(self, key):
        future = asyncio.get_running_loop().create_future()
        self._waiting[key] = future
        {waits}
    async def _limited(self, future, seconds):
        await asyncio.wait_for(future, seconds)
    def answer(self, key, text):
        future = self._waiting.pop(key)
        {answers}
    def _resolve(self, future, text):
        future.set_result(text)
"""


@pytest.mark.parametrize(
    ("waits", "answers", "is_found"),
    [
        ("await self._limited(future, key)", "self._resolve(future, text)", True),
        ("await self._limited(future, key)", "text(self._resolve); self._resolve(future, 1)", True),
        (
            "try: await self._limited(future, key)\n        finally: text(self._waiting, key)",
            "self._resolve(future, 1)",
            False,
        ),
        ("await self._limited(future, key)", "if not future.done(): self._resolve(future, text)", False),
        ("await self._limited(future, key)", "try: self._resolve(future, 1)\n        except Exception: pass", False),
    ],
)
def test_what_the_callers_of_a_helper_do_counts(waits: str, answers: str, is_found: bool) -> None:
    assert bool(found_in(HELPER.format(waits=waits, answers=answers))) is is_found


HANDED_OUT = """
import asyncio
class Client:
    def __init__(self):
        self._waiting = []
    {decorator}
    def {name}(self):
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        return {returned}
    def answer(self, text):
        self._waiting.pop(0).set_result(text)
"""


@pytest.mark.parametrize(
    ("decorator", "name", "returned", "is_found"),
    [
        ("", "ask", "future", True),
        ("", "ask", "asyncio.wait_for(future, 1)", True),
        ("@classmethod", "ask", "future", True),
        ("", "ask", "asyncio.shield(future)", False),
        ("", "ask", "[future]", False),
        ("", "_ask", "future", False),
        ("@other", "ask", "future", False),
    ],
)
def test_who_gets_a_future_from_a_public_function_waits_for_it(
    decorator: str, name: str, returned: str, is_found: bool
) -> None:
    assert bool(found_in(HANDED_OUT.format(decorator=decorator, name=name, returned=returned))) is is_found


@pytest.mark.parametrize(("says", "is_found"), [("-> collections.abc.Awaitable[None]", True), ("", False)])
def test_what_an_object_keeps_may_be_given_out_for_something_else(says: str, is_found: bool) -> None:
    source = f"""
        import asyncio, collections.abc
        class Gate:
            def __init__(self):
                self._future = asyncio.Future()
            @property
            def opened(self) {says}:
                return self._future
            def open(self):
                self._future.set_result(None)
    """
    assert bool(found_in(source)) is is_found
