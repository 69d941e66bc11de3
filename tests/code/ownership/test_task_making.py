"""Which calls make a task that its caller alone has."""

from __future__ import annotations

import ast
import textwrap

import pytest

from tests.code.asking import function, module_of

HEAD = """
import asyncio
from asyncio import create_task as spawn

def start(coroutine):
    \"\"\"Start it.\"\"\"
    return asyncio.create_task(coroutine)

def keep(coroutine):
    task = asyncio.create_task(coroutine)
    kept.add(task)
    return task

async def job():
    await asyncio.sleep(1)
"""


def _made(body: str) -> list[str]:
    source = f"{HEAD}\nasync def f(loop, group, other):\n{textwrap.indent(body, '    ')}\n"
    module = module_of(source)
    return [ast.unparse(call) for call in module.task_makers(function(module, "f"))]


@pytest.mark.parametrize(
    "call",
    [
        "asyncio.create_task(other())",
        "asyncio.ensure_future(other())",
        "asyncio.Task(other())",
        "spawn(other())",
        "start(other())",
        "loop.create_task(other())",
        "asyncio.as_completed([job() for _ in other])",
        "asyncio.as_completed({job(), job()})",
    ],
)
def test_a_call_that_makes_tasks(call: str) -> None:
    assert _made(call) == [call]


@pytest.mark.parametrize(
    "call",
    [
        "keep(other())",
        "group.create_task(other())",
        "asyncio.ensure_future(asyncio.Future())",
        "asyncio.as_completed([other(), other()])",
        "asyncio.as_completed(other)",
        "asyncio.wait([job()])",
        "def inner():\n    asyncio.create_task(other())",
    ],
)
def test_a_call_that_makes_none_or_not_for_its_caller_alone(call: str) -> None:
    assert _made(call) == []
