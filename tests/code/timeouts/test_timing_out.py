"""Whether code may run into a timeout of its own."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.timeouts.timing_out import MAY, NEVER, UNKNOWN, suspends, times_out
from tests.code.asking import function, module_of

GIVEN = """
import asyncio
async def quiet(): await asyncio.sleep(1)
async def noisy(): await asyncio.wait_for(quiet(), 1)
def wrapped(f): return f
@wrapped
async def decorated(): await asyncio.sleep(1)
async def again(): await again()
class Client:
    async def quiet(self): await asyncio.sleep(1)
    async def f(self, queue: asyncio.Queue, event: asyncio.Event, task: asyncio.Task, lock: asyncio.Lock, other):
        {statement}
"""


def answer(statement: str) -> int:
    module = module_of(GIVEN.format(statement=statement))
    return times_out(module, function(module, "f").body)


@pytest.mark.parametrize(
    "statement",
    [
        "await asyncio.sleep(5)",
        "await queue.get()",
        "await event.wait()",
        "await asyncio.wait([task])",
        "async with lock: print(1)",
        "await quiet()",
        "await self.quiet()",
        "asyncio.create_task(quiet())",
        "self.log.info('x', len('y'))",
        "raise ValueError",
        "[x for x in other]",
    ],
)
def test_what_never_times_out(statement: str) -> None:
    assert answer(statement) == NEVER


@pytest.mark.parametrize(
    "statement",
    [
        "await other()",
        "other.read()",
        "await task",
        "await decorated()",
        "async for x in other: pass",
        "[x async for x in other]",
        "async with other: pass",
        "async with other(): pass",
    ],
)
def test_what_nobody_knows(statement: str) -> None:
    assert answer(statement) == UNKNOWN


@pytest.mark.parametrize(
    "statement",
    [
        "await asyncio.wait_for(queue.get(), 5)",
        "async with asyncio.timeout(5): await queue.get()",
        "await other(timeout=5)",
        "await other.read_with_timeout()",
        "await noisy()",
        "await asyncio.open_connection()",
        "await other.connect()",
        "raise TimeoutError",
        "raise asyncio.TimeoutError('x')",
        "task.result()",
    ],
)
def test_what_may_time_out(statement: str) -> None:
    assert answer(statement) == MAY


def test_recursion_ends() -> None:
    assert answer("await again()") == UNKNOWN


def test_a_call_is_left_out() -> None:
    module = module_of(GIVEN.format(statement="await asyncio.wait_for(queue.get(), 5)"))
    (statement,) = function(module, "f").body
    (call,) = (node for node in ast.walk(statement) if isinstance(node, ast.Call) and "wait_for" in ast.unparse(node))
    assert times_out(module, [statement], besides=call) == NEVER


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("await x", True),
        ("async with x: pass", True),
        ("[y async for y in x]", True),
        ("f = lambda: 1", False),
        ("[y for y in x]", False),
    ],
)
def test_what_suspends(statement: str, expected: bool) -> None:
    module = module_of(f"async def f(x):\n    {statement}\n")
    assert suspends(function(module, "f").body[0]) == expected
