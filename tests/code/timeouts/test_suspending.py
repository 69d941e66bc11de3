"""Blocks under a deadline in which nothing suspends."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.timeouts.suspending import never_suspends
from tests.code.asking import module_of

GIVEN = """
import asyncio
async def instant(): print(compute())
async def slow(): await asyncio.sleep(1)
def wrapped(f): return f
@wrapped
async def decorated(): pass
async def f(self, job, lock: asyncio.Lock):
    async with asyncio.timeout(5) as limit:
        {statement}
"""


def idle(statement: str) -> bool:
    module = module_of(GIVEN.format(statement=statement))
    (block,) = (
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.AsyncWith) and "timeout" in ast.unparse(node.items[0])
    )
    return never_suspends(module, block.items[0])


@pytest.mark.parametrize(
    "statement",
    [
        "job()",
        "x = [one() for one in job]",
        "job(); await asyncio.sleep(0)",
        "if job(): await asyncio.sleep(0)",
        "await instant()",
        "task = asyncio.create_task(slow())",
        "return job()",
    ],
)
def test_nothing_suspends(statement: str) -> None:
    assert idle(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "await job()",
        "await slow()",
        "await decorated()",
        "await asyncio.sleep(0.1)",
        "await asyncio.sleep(0); await asyncio.sleep(0)",
        "for one in job(): await asyncio.sleep(0)",
        "[await asyncio.sleep(0) for one in job()]",
        "async for one in job(): pass",
        "async with lock: job()",
        "x = [one async for one in job()]",
        "yield job()",
    ],
)
def test_something_may_suspend(statement: str) -> None:
    assert not idle(statement)


@pytest.mark.parametrize(
    "statement", ["pass", "raise ValueError()", "limit.reschedule(None)", "print('x')", "x = lambda: job()", "x = 1"]
)
def test_nothing_takes_time(statement: str) -> None:
    assert not idle(statement)


def test_what_is_never_reached_is_not_asked() -> None:
    module = module_of(
        """
        import asyncio
        async def f(job):
            return
            async with asyncio.timeout(5):
                job()
        """
    )
    (block,) = (node for node in ast.walk(module.tree) if isinstance(node, ast.AsyncWith))
    assert not never_suspends(module, block.items[0])
