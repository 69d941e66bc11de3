"""What a cancelled function still does before it is done."""

from __future__ import annotations

import textwrap

import pytest

from flake8_cancel.code.cleanup.lingering import lingers, uses_when_cancelled
from tests.code.asking import function, module_of

SOURCE = """
import asyncio
class A:
    async def quick(self):
        await self.conn.read()
    async def slow(self):
        try:
            await self.conn.read()
        finally:
            await self.conn.write()
    async def still(self):
        print("never suspends")
    def note(self):
        self.conn.note()
    async def f(self, job):
{body}
"""


def _module(body: str) -> str:
    return SOURCE.format(body=textwrap.indent(body, "        "))


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("await self.quick()", False),
        ("await self.slow()", True),
        ("await asyncio.gather(self.quick(), self.slow())", True),
        ("await asyncio.wait_for(self.slow(), 5)", True),
        ("task = asyncio.create_task(self.slow())\nawait job()", False),
        ("try:\n    await job()\nfinally:\n    await self.still()", False),
        ("try:\n    await job()\nfinally:\n    await self.quick()", True),
        ("async with asyncio.TaskGroup() as group:\n    group.create_task(job())\n    await job()", True),
        ("async with asyncio.TaskGroup() as group:\n    await job()", False),
        ("async with job:\n    await job()", False),
    ],
)
def test_it_suspends_again(body: str, answer: bool) -> None:
    module = module_of(_module(body))
    assert lingers(module, function(module, "f")) is answer


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("await self.quick()", False),
        ("await self.slow()", True),
        ("try:\n    await job()\nfinally:\n    self.conn.note()", True),
        ("try:\n    await job()\nfinally:\n    self.conn.transport.write()", True),
        ("try:\n    await job()\nfinally:\n    self.conn.close()", False),
        ("try:\n    await job()\nfinally:\n    self.note()", True),
        ("try:\n    await job()\nfinally:\n    await self.quick()", True),
        ("try:\n    await job()\nfinally:\n    task = asyncio.create_task(self.quick())", False),
        ("await job()\nself.note()", False),
    ],
)
def test_it_uses_a_thing(body: str, answer: bool) -> None:
    module = module_of(_module(body))
    assert uses_when_cancelled(module, function(module, "f"), frozenset({"self.conn"})) is answer
