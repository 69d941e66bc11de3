"""Whether the handle of a new task is kept."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.ownership.dropping import dropped, gathers, makes_task
from tests.code.asking import asked, module_of

MAKING = """
import asyncio
async def work(): ...
def spawn():
    return asyncio.create_task(work())
async def f(group: asyncio.TaskGroup, loop: asyncio.AbstractEventLoop, future: asyncio.Future, job):
    ask({call})
"""


@pytest.mark.parametrize(
    ("call", "makes"),
    [
        ("asyncio.create_task(job())", True),
        ("asyncio.ensure_future(job())", True),
        ("asyncio.ensure_future(work())", True),
        ("loop.create_task(work())", True),
        ("asyncio.get_running_loop().create_task(work())", True),
        ("compat.get_running_loop().create_task(work())", True),
        ("compat.get_group().create_task(work())", False),
        ("asyncio.ensure_future(future)", False),
        ("asyncio.ensure_future(spawn())", False),
        ("asyncio.ensure_future(job)", False),
        ("group.create_task(work())", False),
        ("job.create_task(work())", False),
        ("spawn()", False),
    ],
)
def test_what_makes_a_task_of_which_only_the_caller_has_a_handle(call: str, makes: bool) -> None:
    module, (expression,) = asked(MAKING.format(call=call))
    assert isinstance(expression, ast.Call)
    assert makes_task(module, expression) is makes


@pytest.mark.parametrize(
    ("call", "gathers_work"),
    [
        ("asyncio.gather(work())", True),
        ("asyncio.gather(job(), future)", True),
        ("asyncio.gather(*[job() for _ in range(2)])", True),
        ("asyncio.gather(*(work(), job))", True),
        ("asyncio.gather(future, job)", False),
        ("asyncio.gather(*job)", False),
        ("asyncio.gather(asyncio.create_task(work()))", False),
        ("job.gather(work())", False),
    ],
)
def test_what_gather_makes_tasks_of(call: str, gathers_work: bool) -> None:
    module, (expression,) = asked(MAKING.format(call=call))
    assert isinstance(expression, ast.Call)
    assert gathers(module, expression) is gathers_work


@pytest.mark.parametrize(("call", "gathers_work"), [("work()", True), ("job()", False)])
def test_what_gather_is_given_where_no_loop_need_run(call: str, gathers_work: bool) -> None:
    source = MAKING.format(call=f"asyncio.gather({call})").replace("async def f", "def f")
    module, (expression,) = asked(source)
    assert isinstance(expression, ast.Call)
    assert gathers(module, expression) is gathers_work


USING = """
import asyncio
async def f(job, jobs, other):
    {statements}
"""


@pytest.mark.parametrize(
    "statements",
    [
        "asyncio.create_task(job())",
        "[asyncio.create_task(one()) for one in jobs]",
        "other and asyncio.create_task(job())",
        "asyncio.create_task(job()) if other else None",
        "task = asyncio.create_task(job())",
        "task = asyncio.create_task(job())\n    if other: return\n    await other()",
        "for job in jobs:\n        task = asyncio.create_task(job())\n        await other()",
        "tasks = [asyncio.create_task(one()) for one in jobs]",
    ],
)
def test_what_drops_a_handle(statements: str) -> None:
    assert _is_dropped(statements)


@pytest.mark.parametrize(
    "statements",
    [
        "await asyncio.create_task(job())",
        "other(asyncio.create_task(job()))",
        "other.append(asyncio.create_task(job()))",
        "return asyncio.create_task(job())",
        "other.task = asyncio.create_task(job())",
        "a = b = asyncio.create_task(job())",
        "global task\n    task = asyncio.create_task(job())",
        "task = asyncio.create_task(job())\n    await other()",
        "task = asyncio.create_task(job())\n    while True:\n        await other()",
        "task = asyncio.create_task(job())\n    other.run_until_complete(other)",
        "task = asyncio.create_task(job())\n    return locals()",
        "task = asyncio.create_task(job())\n    return lambda: task",
        "task = asyncio.create_task(job())\n    del task",
        "(lambda: asyncio.create_task(job()))",
        "class Held:\n        task = asyncio.create_task(job())",
    ],
)
def test_what_keeps_a_handle_or_may(statements: str) -> None:
    assert not _is_dropped(statements)


def _is_dropped(statements: str) -> bool:
    module = module_of(USING.format(statements=statements))
    (creation,) = (
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "create_task"
    )
    return dropped(module, creation) is not None
