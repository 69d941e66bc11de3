"""Where two rules could speak of one mistake, the more specific one does."""

from __future__ import annotations

import textwrap
from typing import NamedTuple

import pytest

from flake8_cancel import registry
from flake8_cancel.check import check_text
from flake8_cancel.code.api import Facts

RULES = registry.chosen(strict=True)
FACTS = Facts(target=(3, 11))


class Case(NamedTuple):
    """A mistake: the one code that speaks of it, those that could and do not, and the code."""

    speaks: str
    silent: str
    body: str


CASES = {
    "a wait for what was cancelled": Case(
        "CNL901",
        "CNL101",
        """
        async def ends(log):
            task = asyncio.create_task(log())
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                pass
            print("ended")
        """,
    ),
    "a wait for what was cancelled, suppressed": Case(
        "CNL901",
        "CNL103",
        """
        async def ends(log):
            task = asyncio.create_task(log())
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            print("ended")
        """,
    ),
    "the end of what only runs as a task": Case(
        "CNL904",
        "CNL110",
        """
        async def _works(queue):
            try:
                await queue.get()
            except asyncio.CancelledError:
                print("stopped")

        def starts(group, queue):
            return asyncio.create_task(_works(queue))
        """,
    ),
    "a clause that names the cancellation among others": Case(
        "CNL101",
        "CNL102",
        """
        async def polls(queue):
            try:
                await queue.get()
            except (asyncio.CancelledError, BaseException):
                print("stopped")
            await queue.join()
        """,
    ),
    "a broad clause that raises something else": Case(
        "CNL104",
        "CNL102",
        """
        async def polls(queue):
            try:
                await queue.get()
            except BaseException:
                raise RuntimeError
        """,
    ),
    "a lock": Case(
        "CNL402",
        "CNL401",
        """
        async def locks(queue):
            lock = asyncio.Lock()
            await lock.acquire()
            await queue.join()
            lock.release()
        """,
    ),
    "a process": Case(
        "CNL405",
        "CNL401",
        """
        async def runs():
            process = await asyncio.create_subprocess_exec("true")
            await process.wait()
            print(process.returncode)
        """,
    ),
    "a process that some errors kill": Case(
        "CNL403",
        "CNL405",
        """
        async def runs():
            process = await asyncio.create_subprocess_exec("true")
            try:
                await process.wait()
            except Exception:
                process.kill()
                raise
        """,
    ),
    "shielded work on what is closed": Case(
        "CNL304",
        "CNL302",
        """
        async def _saves(file):
            await file.drain()
            await file.drain()

        async def saves(connect):
            async with connect() as file:
                await asyncio.shield(_saves(file))
        """,
    ),
    "a shield that is a statement": Case(
        "CNL303",
        "CNL302 CNL501",
        """
        async def _saves(file):
            await file.drain()

        async def saves(file):
            asyncio.shield(_saves(file))
        """,
    ),
    "a task that nobody keeps": Case(
        "CNL501",
        "CNL503 CNL906",
        """
        async def _saves(file):
            await file.drain()

        async def saves(file):
            asyncio.create_task(_saves(file))
            await asyncio.sleep(1)
        """,
    ),
    "two releases, one after the other": Case(
        "CNL404",
        "CNL401 CNL902",
        """
        async def copies(open_stream):
            first = await open_stream()
            try:
                await first.read()
            finally:
                await first.flush()
                first.close()
        """,
    ),
    "a cancelled task that is replaced": Case(
        "CNL502",
        "CNL906",
        """
        class Poller:
            def __init__(self):
                self._task = None

            async def _polls(self):
                try:
                    await asyncio.sleep(1)
                finally:
                    await asyncio.sleep(0)

            async def restart(self):
                if self._task:
                    self._task.cancel()
                self._task = asyncio.create_task(self._polls())
        """,
    ),
    "cancel that is awaited": Case(
        "CNL202",
        "CNL502 CNL906",
        """
        async def ends(work):
            task = asyncio.create_task(work())
            await task.cancel()
        """,
    ),
    "a timeout taken for a cancellation": Case(
        "CNL604",
        "CNL101 CNL110",
        """
        async def reads(stream):
            try:
                return await asyncio.wait_for(stream.read(), 1)
            except asyncio.CancelledError:
                print("timed out")
                return b""
        """,
    ),
    "a wait without end in a handler": Case(
        "CNL905",
        "CNL902",
        """
        async def reads(stream, other):
            try:
                await stream.read()
            except asyncio.CancelledError:
                await other.wait()
                raise
        """,
    ),
    "a yield in a timeout": Case(
        "CNL407",
        "CNL406",
        """
        async def rows(stream):
            async with asyncio.timeout(1):
                while await stream.more():
                    yield 1

        async def first(stream):
            async for row in rows(stream):
                return row
        """,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_one_mistake_gives_one_finding(case: Case) -> None:
    text = "import asyncio\nimport contextlib\n" + textwrap.dedent(case.body)
    assert [finding.code for finding in check_text(text, FACTS, RULES)] == [case.speaks]
    known = {rule.code for rule in RULES}
    assert {case.speaks, *case.silent.split()} <= known
