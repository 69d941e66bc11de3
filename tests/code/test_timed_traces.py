"""What a text shows of its deadlines before it is parsed: yes wherever a rule could find something."""

from __future__ import annotations

import pytest

from flake8_cancel.code import timed_traces


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("async with asyncio.timeout(1): pass", True),
        ("async with timeout_at (1): pass", True),
        ("limit = aio.timeout", True),
        ("from asyncio import sleep, timeout", True),
        ("from asyncio import (\n    sleep,\n    timeout,\n)", True),
        ("from asyncio import timeout as limit", True),
        ("await wait(timeout=3)", False),
        ("self.timeout = 3", False),
        ("def f(delay, timeout): pass", False),
    ],
)
def test_tells_a_scope_from_a_parameter(text: str, expected: bool) -> None:
    assert timed_traces.has_timeout_scope(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("async with asyncio.timeout(1): pass", False),
        ("from asyncio import sleep, timeout\nasync with timeout(1) as limit: pass", False),
        ("async with lock, asyncio.timeout(1): pass", True),
        ("async with (\n    asyncio.timeout(1),\n): pass", True),
        ("asyncio.timeout(1)", True),
        ("await async_timeout.timeout(1)", True),
        ("limit = asyncio.timeout(1)", True),
        ("limit = asyncio.timeout", True),
        ("limit = timeout", True),
        ("from asyncio import timeout as limit", True),
        ("from asyncio import (\n    timeout as limit,\n)", True),
        ("await wait(timeout=3)", False),
        ("set_timeout(3)", False),
    ],
)
def test_tells_a_timeout_that_no_block_enters(text: str, expected: bool) -> None:
    assert timed_traces.makes_timeout_aside(text) is expected


BLOCK = """
async def f():
    try:
        async with timeout(1):
            {body}
    except TimeoutError:
        pass
"""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("await x.f()", False),
        ("try:\n                await x.f()\n            except E:\n                pass", True),
        ("with suppress(E):\n                await x.f()", True),
        ("try:\n\t\tawait x.f()\n\texcept E:\n\t\tpass", True),
    ],
)
def test_tells_a_catcher_in_a_block(body: str, expected: bool) -> None:
    assert timed_traces.catches_in_async_block(BLOCK.format(body=body)) is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("await x.f()", False),
        ("y = await x.f()\n            raise y", False),
        ("return await x.f()", False),
        ("f()", True),
        ("await f()", True),
        ("# await x.f()", True),
        ("print('await x.f()')", True),
        ("print('''\nawait x.f()\n''')", True),
        ("await x.sleep(0)", True),
        ("raise y\n            await x.f()", True),
        ("while y: await x.f()", False),
        ("while y:\n                await x.f()", True),
        ("async def g(): await x.f()", True),
        ("async with asyncio.timeout(1): y()", True),
        ("f()\n    await x.f()", True),
    ],
)
def test_tells_a_block_that_may_not_suspend(body: str, expected: bool) -> None:
    assert timed_traces.runs_async_block_through(BLOCK.format(body=body)) is expected


def test_does_not_look_for_a_block_whose_header_it_cannot_read() -> None:
    assert timed_traces.runs_async_block_through("async \\\n with timeout(1):\n    await x.f()")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("await self.task", True),
        ("await (self.task)", True),
        ("await \\\n self.task", True),
        ("await self.task\n(self)", True),
        ("await self.f()", False),
        ("x = [await self.f (1)]", False),
        ("await wait_for(self.task, 1)", True),
        ("await wait_for(\n    self.task,\n    1)", True),
        ("await wait_for((self.task), 1)", True),
        ("await asyncio.wait_for(self.f(), 1)", False),
    ],
)
def test_tells_an_await_of_what_is_not_called_there(text: str, expected: bool) -> None:
    assert timed_traces.awaits_what_is_there(text) is expected
