"""How a function is driven: its calls, its cancellations, its lines."""

from __future__ import annotations

import sys

import pytest

from tests.harness.folder import Folder

ENDS = """
async def ends(queue):
    try:
        await queue.get()
        await queue.get()
    except asyncio.CancelledError:
        return
"""
ARGUMENTS = """
def arguments(run):
    return {"job": run.work("job", seconds=3)}
"""


def test_a_driver_takes_the_place_of_the_call(folder: Folder) -> None:
    driver = """
import asyncio
async def undisturbed_ends(run):
    try:
        await asyncio.wait_for(run.call(queue=asyncio.Queue()), timeout=1)
    except asyncio.TimeoutError:
        return
    raise Harm("the deadline was lost")
"""
    folder.prove(ENDS, found=True, proof=driver)
    folder.prove(ENDS.replace("return", "raise"), found=False, proof=driver)


CUT_SHORT = """
async def cut_short(pool):
    conn = await pool.acquire()
    try:
        await asyncio.Event().wait()
    finally:
        await conn.rolled_back()
        conn.close()
"""


def test_a_second_cancellation_is_asked_for(folder: Folder) -> None:
    folder.prove(CUT_SHORT, found=False)
    folder.prove(CUT_SHORT, found=True, proof="\nCANCEL_TWICE = True\n")


PROCESS = """
async def starts():
    process = await asyncio.create_subprocess_exec("sleep", "60")
    try:
        await process.wait()
    except BaseException:
        process.kill()
        raise
"""


def test_a_process_that_is_left_is_a_harm(folder: Folder) -> None:
    harms = "\nHARMS = (process_left,)\n"
    folder.prove(PROCESS, found=False, proof=harms)
    folder.prove(PROCESS.replace("process.kill()", "pass"), found=True, proof=harms)


# Lines 1 and 2 of the file are "import asyncio" and an empty one.
TRACED = {
    "bare except": ("try:\n        await f()\n    except:\n        return", (4, 5, 6, 7)),
    "suppress": ("import contextlib\n    with contextlib.suppress(BaseException):\n        await f()", (5, 6, 5)),
    "finally": ("try:\n        await f()\n    finally:\n        return", (5, 7)),
    "loop": (
        "while True:\n        try:\n            await f()\n        except BaseException:\n            pass",
        (6, 7, 8, 6),
    ),
    "no name": (
        "try:\n        await f(\n            1,\n        )\n    except BaseException:\n        pass\n    f()",
        (5, 8, 9, 10),
    ),
}


@pytest.mark.parametrize("kind", TRACED)
def test_the_lines_of_a_path_are_seen(folder: Folder, kind: str) -> None:
    body, path = TRACED[kind]
    folder.prove(f"\nasync def loses(f):\n    {body}\n", found=True, path=path)


def test_methods_generators_and_managers_are_driven(folder: Folder) -> None:
    source = """
import contextlib
from aiohttp import web

class Worker:
    def __init__(self, queue: asyncio.Queue[int], size: int) -> None:
        self.queue = queue
        self.size = size

    async def runs(self):
        try:
            await self.queue.get()
        except asyncio.CancelledError:
            return web.done(self.size)

async def yields(source):
    try:
        async for item in source:
            yield item
    except asyncio.CancelledError:
        pass

@contextlib.asynccontextmanager
async def manages(pool):
    conn = await pool.acquire()
    yield conn
    pool.release(conn)

class Swallower:
    async def __aenter__(self):
        return self
    async def __aexit__(self, *_):
        return True
"""
    drive = """
FAKE_MODULES = ("aiohttp",)
async def undisturbed_Worker___init__(run): raise Harm("never driven by itself")
async def drive_Swallower___aenter__(run): await run.call(); raise Harm("only __aexit__ is asked here")
"""
    folder.prove(source, found=True, proof=drive)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio has TaskGroup since Python 3.11")
def test_a_group_is_looked_into(folder: Folder) -> None:
    source = """
async def fails(job):
    async with asyncio.TaskGroup() as group:
        group.create_task(job())
        group.cancel_all()
"""
    folder.prove(source, found=True, proof=ARGUMENTS + "\nHARMS = (call_fails(AttributeError),)\n")
