"""What a file does with a task, under all the names it keeps it by."""

from __future__ import annotations

import ast
import textwrap

import pytest

from flake8_cancel.code.ownership.fates import Fate, fate
from tests.code.asking import module_of

HEAD = """
import asyncio
class A:
    def __init__(self, job):
        self.task = asyncio.create_task(job())
        self.tasks = {{asyncio.create_task(job())}}
        self.mine = {{}}
    async def f(self, other, job, group: asyncio.TaskGroup):
{body}
class B:
    def __init__(self, job):
        self.task = asyncio.create_task(job())
    async def g(self):
        await self.task
"""


def _fate(body: str) -> Fate:
    module = module_of(HEAD.format(body=textwrap.indent(f"self.task.cancel()\n{body}", "        ")))
    cancel = module.calls("cancel")[0]
    assert isinstance(cancel.func, ast.Attribute)
    return fate(module, cancel.func.value)


@pytest.mark.parametrize(
    ("body", "waits"),
    [
        ("len(self.task)", []),
        ("await self.task", ["await self.task"]),
        ("task = self.task\nawait task", ["await task"]),
        ("task, self.task = self.task, None\nawait asyncio.wait([task])", ["asyncio.wait([task])"]),
        ("self.tasks.add(self.task)\nfor one in self.tasks:\n    await one", ["await one"]),
        ("self.mine[1] = self.task\nawait self.mine.pop(1)", ["await self.mine.pop(1)"]),
        (
            "await asyncio.gather(*(one for one in [self.task] if one))",
            ["asyncio.gather(*(one for one in [self.task] if one))"],
        ),
        ("if self.task and not self.task.done():\n    self.task.set_name('a')", []),
        ("self.task.add_done_callback(self.tasks.discard)", []),
    ],
)
def test_where_it_is_waited_for(body: str, waits: list[str]) -> None:
    found = _fate(body)
    assert not found.shared
    assert [ast.unparse(wait) for wait in found.waits] == waits


@pytest.mark.parametrize(
    "body",
    [
        "other(self.task)",
        "return self.task",
        "yield self.task",
        "other.append(self.task)",
        "self.task.add_done_callback(other)",
        "self.task = other(job)",
        "self.task = group.create_task(job())",
        "for one in [self.task]:\n    other(one)",
        "self.task = other",
        "self.tasks.add(self.task)\nself.tasks.add(other(job))",
    ],
)
def test_who_else_may_have_it(body: str) -> None:
    assert _fate(body).shared
