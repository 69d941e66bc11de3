"""What a shield alone has a hold of."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.shield.shielded import takes_something, unkept
from tests.code.asking import asked

WORK = """
import asyncio
kept = set()
async def work(): await asyncio.sleep(1)
async def at_once(): return 1
async def keeps_itself():
    kept.add(asyncio.current_task())
    await work()
def started(): return work()
class Door:
    async def shut(self): await work()
async def f(job, door: Door, loop: asyncio.AbstractEventLoop, group: asyncio.TaskGroup, task: asyncio.Task,
            event: asyncio.Event, queue: asyncio.Queue, process: asyncio.subprocess.Process):
    {before}
    await asyncio.shield({shielded})
"""


@pytest.mark.parametrize(
    ("shielded", "is_lost"),
    [
        ("work()", True),
        ("started()", True),
        ("door.shut()", True),
        ("queue.get()", True),
        ("asyncio.create_task(work())", True),
        ("loop.create_task(job())", True),
        ("asyncio.ensure_future(job())", True),
        ("asyncio.gather(task, work())", True),
        ("asyncio.wait_for(work(), 5)", True),
        ("task", False),
        ("job", False),
        ("job()", False),
        ("job.create_task(work())", False),
        ("group.create_task(work())", False),
        ("asyncio.gather(task, job())", False),
        ("asyncio.gather(*job)", False),
        ("asyncio.wait_for(task, 5)", False),
        ("asyncio.wait([task])", False),
        ("at_once()", False),
        ("asyncio.create_task(at_once())", False),
        ("keeps_itself()", False),
        ("asyncio.create_task(keeps_itself())", False),
        ("asyncio.sleep(1)", False),
        ("asyncio.to_thread(len, [])", False),
        ("event.wait()", False),
        ("process.wait()", False),
    ],
)
def test_what_nobody_else_has(shielded: str, is_lost: bool) -> None:
    assert (_unkept(WORK.format(before="pass", shielded=shielded)) is not None) is is_lost


@pytest.mark.parametrize(
    ("before", "is_lost"),
    [
        ("one = work()", True),
        ("one = asyncio.create_task(work())", False),
        ("one = two = work()", False),
        ("one = work(); kept.add(one)", False),
        ("one = job()", False),
    ],
)
def test_work_under_a_name(before: str, is_lost: bool) -> None:
    assert (_unkept(WORK.format(before=before, shielded="one")) is not None) is is_lost


WAITS = """
import asyncio
async def work(): await asyncio.sleep(1)
async def f(job, task: asyncio.Task, lock: asyncio.Lock):
    async def locked():
        async with lock: await job()
    {statements}
"""


@pytest.mark.parametrize(
    ("statements", "is_lost"),
    [
        ("return await asyncio.shield(work())", True),
        ("job(await asyncio.shield(work()))", True),
        ("await asyncio.wait_for(asyncio.shield(work()), 1)", True),
        ("await asyncio.gather(job(), asyncio.shield(work()))", True),
        ("one = asyncio.shield(work()); await asyncio.wait_for(one, 1)", True),
        ("one = asyncio.shield(work()); one = task; await one", False),
        ("asyncio.shield(work())", False),
        ("return asyncio.shield(work())", False),
        ("await job(asyncio.shield(work()))", False),
        ("await asyncio.shield(locked())", False),
    ],
)
def test_waits_that_can_be_cut(statements: str, is_lost: bool) -> None:
    assert (_unkept(WAITS.format(statements=statements)) is not None) is is_lost


HANDLED = """
import asyncio
async def work(): await asyncio.sleep(1)
async def f(job):
    try:
        await asyncio.shield(work())
    {handler}
"""


@pytest.mark.parametrize(
    ("handler", "is_lost"),
    [
        ("except asyncio.CancelledError:\n        job()\n        raise", True),
        ("except Exception:\n        await job()", True),
        ("finally:\n        await job()", True),
        ("except asyncio.CancelledError:\n        await job()\n        raise", False),
        ("except:\n        async with job: pass\n        raise", False),
    ],
)
def test_handlers_that_may_wait_for_the_work(handler: str, is_lost: bool) -> None:
    assert (_unkept(HANDLED.format(handler=handler)) is not None) is is_lost


@pytest.mark.parametrize(
    ("made", "takes"),
    [
        ("queue.get()", True),
        ("asyncio.open_connection('host', 1)", True),
        ("asyncio.wait_for(work(), 5)", False),
        ("work()", False),
        ("door.shut()", False),
        ("asyncio.create_task(work())", False),
    ],
)
def test_what_is_lost_with_the_result(made: str, takes: bool) -> None:
    module, (call,) = asked(WORK.format(before=f"ask({made})", shielded="task"))
    assert isinstance(call, ast.Call)
    assert takes_something(module, call) is takes


def _unkept(source: str) -> object:
    module, _ = asked(source)
    (shield,) = module.calls("shield")
    return unkept(module, shield)
