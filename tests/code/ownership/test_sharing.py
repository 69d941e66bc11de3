"""Which deadlines cancel what other methods wait for."""

from __future__ import annotations

import pytest

from flake8_cancel.code.ownership.sharing import shared
from tests.code.asking import asked

OBJECT = """
import asyncio
class Owner:
    def __init__(self, job):
        self.task = asyncio.create_task(job())
        self.job = job
    def stop(self):
        self.task.cancel()
    async def first(self):
        {first}
    async def other(self):
        {other}
"""
DEADLINE = "await asyncio.wait_for(self.task, 5)"


@pytest.mark.parametrize(
    ("first", "is_shared"),
    [
        (DEADLINE, True),
        ("return await asyncio.wait_for(self.task, timeout=self.job.seconds)", True),
        ("async with asyncio.timeout(5): await self.task", True),
        ("await asyncio.wait_for(self.task, None)", False),
        ("await asyncio.wait_for(asyncio.shield(self.task), 5)", False),
        ("await asyncio.wait_for(self.job, 5)", False),
        ("await asyncio.wait([self.task], timeout=5)", False),
        ("async with asyncio.TaskGroup(): await self.task", False),
        (f"{DEADLINE}; self.task.cancel()", False),
        (f"{DEADLINE}; self.task = None", False),
        (f"{DEADLINE}; self.stop()", False),
    ],
)
def test_deadlines(first: str, is_shared: bool) -> None:
    assert _is_shared(OBJECT.format(first=first, other="await self.task")) is is_shared


@pytest.mark.parametrize(
    ("other", "is_shared"),
    [
        ("await asyncio.gather(self.job(), self.task)", True),
        ("await asyncio.shield(self.task)", True),
        ("await asyncio.gather(self.task, return_exceptions=True)", False),
        ("await asyncio.wait([self.task])", False),
        ("await self.job()", False),
        ("self.task.cancel(); await self.task", False),
    ],
)
def test_other_waiters(other: str, is_shared: bool) -> None:
    assert _is_shared(OBJECT.format(first=DEADLINE, other=other)) is is_shared


def _is_shared(source: str) -> bool:
    module, _ = asked(source)
    return any(
        shared(module, one) is not None
        for one in module.awaits()
        if getattr(module.function(one), "name", "") == "first"
    )
