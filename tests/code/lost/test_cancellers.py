"""Who cancels a task and is ended by what comes out of the wait for it."""

from __future__ import annotations

import ast
import textwrap

import pytest

from flake8_cancel.code.lost.cancellers import Ended, ended_by_child, survives
from tests.code.asking import function, module_of

HEAD = """
import asyncio, contextlib
from contextlib import suppress
async def work(): ...
async def f(job, more, task: asyncio.Task, tasks: list[asyncio.Task], by_name: dict[str, asyncio.Task]):
"""


def _ended(body: str) -> Ended | None:
    """Ask about the last await of a function's body."""
    module = module_of(HEAD + textwrap.indent(body, "    "))
    wait = max(module.awaits(), key=lambda node: (node.lineno, node.col_offset))
    return ended_by_child(module, wait)


@pytest.mark.parametrize(
    "body",
    [
        "task.cancel()\nawait task\nmore()",
        "task.cancel('enough')\nawait task\nmore()",
        "t = asyncio.create_task(work())\nt.cancel()\nawait t\nmore()",
        "if not task.done():\n    task.cancel()\nawait task\nmore()",
        "if not task.done():\n    task.cancel()\n    await task\nmore()",
        "task.cancel()\nawait task\nreturn 1",
        "for t in tasks:\n    t.cancel()\nawait asyncio.gather(*tasks)\nmore()",
        "[t.cancel() for t in tasks]\nawait asyncio.gather(*tasks)\nmore()",
        "for t in by_name.values():\n    t.cancel()\nawait asyncio.gather(*by_name.values())\nmore()",
        "for t in tasks:\n    t.cancel()\nfor t in tasks:\n    await t",
        "try:\n    more()\nfinally:\n    task.cancel()\n    await task\n    more()",
        "task.cancel()\ntry:\n    await task\nexcept Exception:\n    pass\nmore()",
        "task.cancel()\ntry:\n    await task\nfinally:\n    more()\nmore()",
        "task.cancel()\nwith suppress(Exception):\n    await task\nmore()",
    ],
)
def test_the_childs_cancellation_ends_the_canceller(body: str) -> None:
    assert _ended(body) is not None


@pytest.mark.parametrize(
    "body",
    [
        "await task\nmore()",
        "if more:\n    task.cancel()\nawait task\nmore()",
        "task.cancel()\nawait task",
        "task.cancel()\nawait task\nreturn",
        "task.cancel()\nawait task\nprint('over')",
        "task.cancel()\ntry:\n    await task\nfinally:\n    more()",
        "task.cancel()\ntry:\n    await task\nexcept asyncio.CancelledError:\n    pass\nmore()",
        "task.cancel()\ntry:\n    await task\nexcept asyncio.CancelledError:\n    raise\nmore()",
        "task.cancel()\ntry:\n    await task\nexcept:\n    pass\nmore()",
        "task.cancel()\ntry:\n    await task\nexcept more:\n    pass\nmore()",
        "task.cancel()\nwith suppress(BaseException):\n    await task\nmore()",
        "task.cancel()\nwith more():\n    await task\nmore()",
        "task.cancel()\nawait asyncio.gather(task, return_exceptions=True)\nmore()",
        "task.cancel()\nawait asyncio.gather(task, job())\nmore()",
        "task.cancel()\nawait asyncio.wait([task])\nmore()",
        "job.cancel()\nawait job\nmore()",
        "task.cancel()\nif task in more:\n    await task\nmore()",
        "task.cancel()\nif not job.cancelled():\n    await task\nmore()",
        "t = asyncio.current_task()\nt.cancel()\nawait t\nmore()",
        "def g():\n    task.cancel()\nawait task\nmore()",
    ],
)
def test_the_canceller_is_not_ended_or_not_surely(body: str) -> None:
    assert _ended(body) is None


def test_what_is_missed_and_what_can_be_waited_for() -> None:
    ended = _ended("for t in tasks:\n    t.cancel()\nawait asyncio.gather(*tasks)\nmore()")
    assert ended is not None
    assert isinstance(ended.missed, ast.Expr)
    assert ast.unparse(ended.missed) == "more()"
    assert ended.tasks is not None
    assert (ast.unparse(ended.tasks), ended.several) == ("tasks", True)
    several = _ended("task.cancel()\nawait asyncio.gather(task, *tasks)\nmore()")
    assert several is not None
    assert several.tasks is None


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("await job()", False),
        ("try:\n    await job()\nfinally:\n    job.close()", False),
        ("try:\n    await job()\nexcept Exception:\n    pass", False),
        ("try:\n    await job()\nexcept asyncio.CancelledError:\n    raise", False),
        ("job.close()", False),
        ("await f(job)", False),
        ("try:\n    await job()\nexcept asyncio.CancelledError:\n    pass", True),
        ("with contextlib.suppress(asyncio.CancelledError):\n    await job()", True),
        ("while job:\n    try:\n        await job()\n    except BaseException:\n        pass", True),
        ("try:\n    await job()\nfinally:\n    return", True),
        ("await helper(job)", True),
        ("await indirect(job)", True),
    ],
)
def test_a_function_survives_that_may_end_normally_when_cancelled(body: str, answer: bool) -> None:
    helpers = """
async def helper(job):
    try:
        await job()
    except asyncio.CancelledError:
        pass
async def indirect(job):
    await helper(job)
"""
    source = f"import asyncio, contextlib\n{helpers}\nasync def f(job):\n{textwrap.indent(body, '    ')}"
    module = module_of(source)
    assert survives(module, function(module, "f")) is answer


def test_a_task_of_a_function_that_survives() -> None:
    source = """
        import asyncio
        async def stubborn():
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                pass
        class A:
            def __init__(self):
                self.task = asyncio.create_task(stubborn())
                self.tasks = [asyncio.create_task(stubborn())]
            async def stop(self, more):
                task = asyncio.create_task(stubborn())
                task.cancel()
                await task
                self.task.cancel()
                await self.task
                for one in self.tasks:
                    one.cancel()
                await asyncio.gather(*self.tasks)
                more()
    """
    module = module_of(source)
    waits = [wait for wait in module.awaits() if module.function(wait) is function(module, "stop")]
    assert [ended_by_child(module, wait) for wait in waits] == [None, None, None]
    assert [run.name for wait in waits for run in module.run_by(wait.value)] == ["stubborn"] * 3
