"""What only a task gives back that was taken before it was started."""

from __future__ import annotations

import ast
import textwrap

import pytest

from flake8_cancel.code.cleanup.inside_task import Inside, released_inside
from tests.code.asking import module_of

CLASS = """
import asyncio
from asyncio import create_task

class Worker:
    async def begin(self, job, lock):
{begin}

    async def _run(self, job):
        try:
            await job()
        finally:
{final}

{rest}
"""
STOP = """
def stop(self):
    self._task.cancel()
"""


def found(begin: str, final: str, rest: str = STOP) -> list[Inside]:
    parts = {
        "begin": textwrap.indent(begin, " " * 8),
        "final": textwrap.indent(final, " " * 12),
        "rest": textwrap.indent(rest, " " * 4),
    }
    module = module_of(CLASS.format(**parts))
    calls = [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
    return [inside for inside in (released_inside(module, call) for call in calls) if inside]


@pytest.mark.parametrize(
    ("taking", "giving"),
    [
        ("self.n += 1", "self.n -= 1"),
        ("await self.lock.acquire()", "self.lock.release()"),
        ("self.seen.add(job)", "self.seen.discard(job)"),
        ("self.jobs[job] = 1", "del self.jobs[job]"),
        ("self.jobs[job] = 1", "self.jobs.pop(job, None)"),
        ("self.meter.start()", "self.meter.stop()"),
    ],
)
def test_what_is_taken_and_given_back_are_a_pair(taking: str, giving: str) -> None:
    (inside,) = found(f"{taking}\nself._task = create_task(self._run(job))", giving)
    assert (ast.unparse(inside.taking.node), ast.unparse(inside.giving.node)) == (taking, giving)
    assert ast.unparse(inside.start) == "create_task(self._run(job))"


@pytest.mark.parametrize(
    ("begin", "final", "count"),
    [
        ("link = await lock.open()\nself._task = create_task(self._run(link))", "job.close()", 1),
        ("link = await lock.open()\nself._task = create_task(self._run(link))", "self.pool.release(job)", 1),
        ("link = await lock.open()\nprint(link)\nself._task = create_task(self._run(link))", "job.close()", 1),
        ("link = lock.look()\nself._task = create_task(self._run(link))", "job.close()", 0),
        ("link = await lock.open()\nself.link = link\nself._task = create_task(self._run(link))", "job.close()", 0),
        ("link = await lock.open()\nself._task = create_task(self._run(lock))", "job.close()", 0),
    ],
)
def test_a_resource_is_handed_to_the_task_alone(begin: str, final: str, count: int) -> None:
    assert len(found(begin, final)) == count


@pytest.mark.parametrize(
    ("begin", "final", "rest"),
    [
        ("self.n += 1\nself._task = create_task(self._run(job))", "self.m -= 1", STOP),
        ("self.n += 1\nself._task = create_task(self._run(job))", "self.n -= 2", STOP),
        ("self.seen.add(job)\nself._task = create_task(self._run(lock))", "self.seen.discard(job)", STOP),
        ("n = 0\nn += 1\nself._task = create_task(self._run(job))", "self.n -= 1", STOP),
        ("self._task = create_task(self._run(job))\nself.n += 1", "self.n -= 1", STOP),
        ("self.n += 1\nawait self._run(job)", "self.n -= 1", STOP),
        ("self.n += 1\nself._task = create_task(self._run(job))\nself.n -= 1", "self.n -= 1", STOP),
        ("self.n += 1\nself._task = create_task(self._run(job))", "self.n -= 1", "def stop(self):\n    pass"),
        ("self.n += 1\nself._task = create_task(self._run(job))", "self.n -= 1", f"{STOP}    self.n -= 1\n"),
        ("self.n += 1\nself._task = create_task(self._run(job))", "self.n -= 1", f"{STOP}    self.n = 0\n"),
        (
            "self.n += 1\nself._task = create_task(self._run(job))\nself._task.add_done_callback(unknown)",
            "self.n -= 1",
            STOP,
        ),
        (
            "self.n += 1\nself._task = create_task(self._run(job))\nself._task.add_done_callback(self._done)",
            "print(1)",
            f"{STOP}\ndef _done(self, task):\n    self.n -= 1\n",
        ),
    ],
)
def test_nothing_is_said_where_somebody_else_may_give_back(begin: str, final: str, rest: str) -> None:
    assert found(begin, final, rest) == []


@pytest.mark.parametrize(
    "begin",
    [
        "self._task = create_task(self._run(job))",
        "self._task = create_task(self._run(job))\nself._task.add_done_callback(print)",
        "async with asyncio.TaskGroup() as group:\n    group.create_task(self._run(job))",
        "task = create_task(self._run(job))\nawait task",
        "tasks = [create_task(self._run(job))]\nawait asyncio.gather(*tasks)",
        "task = create_task(self._run(job))\nself._all.add(task)",
    ],
)
def test_somebody_can_cancel_the_task(begin: str) -> None:
    rest = f"{STOP}\ndef stop_all(self):\n    for task in self._all:\n        task.cancel()\n"
    assert len(found(f"self.n += 1\n{begin}", "self.n -= 1", rest)) == 1
