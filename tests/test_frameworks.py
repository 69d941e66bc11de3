"""Whose coroutine it is: what is said in files that import trio, curio, twisted or anyio, or two of them at once."""

from __future__ import annotations

import functools
import sys
import textwrap

import pytest

from flake8_cancel import registry
from flake8_cancel.check import check_text
from flake8_cancel.code.api import Facts
from flake8_cancel.source import decode
from tests.harness import fixture

ENTRIES = registry.entries()
RULES = registry.chosen(strict=True)
# Other loops drive the coroutines of such files, but these speak of nothing but asyncio's own calls and objects.
OF_ASYNCIO_ALONE = {entry.code for entry in ENTRIES if entry.chapter == "api"} | {
    *("CNL301", "CNL409", "CNL410"),
    *("CNL601", "CNL602", "CNL603", "CNL604", "CNL606"),
}
# These speak of any suspension; under anyio nobody knows what cancels there, and what a scope keeps away.
OF_ANY_SUSPENSION = {
    *("CNL102", "CNL105", "CNL107"),
    *("CNL401", "CNL404", "CNL406", "CNL408"),
    *("CNL605", "CNL902", "CNL905"),
}
OTHERS = [
    "import trio",
    "import curio",
    "from twisted.internet import defer",
    "import trio, anyio",
    "def later():\n    from trio import lowlevel",
    "try:\n    import anyio\n    import curio\nexcept ImportError:\n    curio = None",
]

WITH_ASYNCIO = """
    import asyncio

    async def swallows_by_name(worker):
        try:
            await worker.drain()
        except asyncio.CancelledError:  #! CNL101
            pass
        await worker.close()

    async def swallows_everything(worker):
        while True:
            try:
                await worker.drain()
            except:  #! CNL102
                worker.count += 1

    async def releases_late(path, worker):
        file = open(path)
        await worker.write(file)
        file.close()  #! CNL401

    async def starts(worker):
        asyncio.create_task(worker.drain())  #! CNL501

    async def stops(group: asyncio.TaskGroup):
        group.cancel_all()  #! CNL201
    """
WITH_ANYIO = """
    import asyncio
    import anyio
    from anyio import get_cancelled_exc_class

    async def swallows_by_name(worker):
        try:
            await worker.drain()
        except asyncio.CancelledError:  #! CNL101
            pass
        await worker.close()

    async def swallows_by_the_name_of_anyio(worker):
        try:
            await worker.drain()
        except anyio.get_cancelled_exc_class():  #! CNL101
            pass
        await worker.close()

    async def raises_it_again(worker):
        try:
            await worker.drain()
        except get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await worker.close()
            raise

    async def swallows_everything(worker):
        while True:
            try:
                await worker.drain()
            except BaseException:
                worker.count += 1

    async def cleans_up_in_a_shield(worker):
        try:
            await worker.drain()
        finally:
            with anyio.CancelScope(shield=True):
                await worker.flush()
                await worker.close()

    async def ends_a_scope(worker):
        with anyio.move_on_after(5) as scope:
            await worker.drain()
        scope.cancel()
        async with anyio.create_task_group() as group:
            group.start_soon(worker.drain)
            group.cancel_scope.cancel()

    async def starts(worker):
        asyncio.create_task(worker.drain())  #! CNL501

    async def stops(group: asyncio.TaskGroup):
        group.cancel_all()  #! CNL201
    """
WITH_TRIO = """
    import trio

    async def swallows_by_name(worker):
        try:
            await worker.drain()
        except trio.Cancelled:
            pass
        await worker.close()

    async def swallows_everything(worker):
        while True:
            try:
                await worker.drain()
            except BaseException:
                worker.count += 1

    async def releases_late(path, worker):
        file = open(path)
        await worker.write(file)
        file.close()

    async def opens_a_nursery(worker):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker.drain)
            nursery.cancel_scope.cancel()
        with trio.move_on_after(5):
            worker.count += 1
    """
WITH_CURIO = """
    from curio import CancelledError, TaskGroup, spawn, timeout_after

    async def swallows_by_name(worker):
        try:
            await worker.drain()
        except CancelledError:
            pass
        await worker.close()

    async def ends_a_group(worker):
        async with TaskGroup() as group:
            await group.spawn(worker.drain)
            await group.cancel_remaining()
        task = await spawn(worker.drain)
        await task.cancel()
        async with timeout_after(5):
            worker.count += 1
    """
WITH_TWISTED = """
    from twisted.internet import defer
    from twisted.internet.defer import CancelledError, ensureDeferred

    async def swallows_by_name(worker):
        try:
            await worker.drain()
        except CancelledError:
            pass
        await worker.close()

    async def returns_in_finally(worker):
        try:
            await worker.drain()
        finally:
            return worker.count

    def starts(worker):
        ensureDeferred(worker.drain())
        worker.deferred.cancel
    """
WITH_TWO = """
    import asyncio
    import trio

    async def swallows_by_name(worker):
        try:
            await worker.drain()
        except (asyncio.CancelledError, trio.Cancelled):
            pass
        await worker.close()

    async def starts(worker):
        asyncio.create_task(worker.drain())

    async def stops(group: asyncio.TaskGroup):
        group.cancel_all()  #! CNL201
    """
WITH_NONE = """
    async def swallows_everything(worker):
        while True:
            try:
                await worker.drain()
            except:  #! CNL102
                worker.count += 1

    async def releases_late(path, worker):
        file = open(path)
        await worker.write(file)
        file.close()  #! CNL401

    async def stops(worker):
        worker.task.cancel()
        worker.group.cancel_all()
    """
FILES = {
    "asyncio": WITH_ASYNCIO,
    "anyio": WITH_ANYIO,
    "trio": WITH_TRIO,
    "curio": WITH_CURIO,
    "twisted": WITH_TWISTED,
    "asyncio and trio": WITH_TWO,
    "none": WITH_NONE,
}


@pytest.mark.parametrize("framework", FILES)
def test_what_is_marked_is_found_and_nothing_else(framework: str) -> None:
    text = textwrap.dedent(FILES[framework])
    found = check_text(text, Facts(), RULES)
    assert fixture.differences(fixture.marks(text), found, text) == []


@pytest.mark.parametrize("statement", OTHERS)
def test_another_framework_silences_all_but_what_is_asyncios_alone(statement: str) -> None:
    assert _found_with(statement) == _found_with("import asyncio") & OF_ASYNCIO_ALONE


def test_anyio_silences_what_speaks_of_any_suspension() -> None:
    assert _found_with("import anyio") == _found_with("import asyncio") - OF_ANY_SUSPENSION


@functools.cache
def _found_with(statement: str) -> frozenset[str]:
    """Return the codes that are found in all the fixtures when they import one more thing."""
    found: set[str] = set()
    for entry in ENTRIES:
        for path in fixture.files(fixture.folder(entry), "bad.py", "bad_*.py"):
            text = decode(path.read_bytes())
            if fixture.required(text) <= sys.version_info[:2]:
                findings = check_text(f"{text}\n\n{statement}\n", fixture.facts(text), RULES)
                found.update(finding.code for finding in findings)
    return frozenset(found)


def test_the_word_filter_knows_the_other_name_of_the_exception() -> None:
    text = textwrap.dedent(
        """
        from .backend import get_cancelled_exc_class

        async def stops(event):
            try:
                await event.wait()
            except get_cancelled_exc_class():
                await event.wait()
                raise
        """
    )
    rules = registry.chosen(strict=True)
    found = check_text(text, Facts(), rules)
    assert found == check_text(text, Facts(), fixture.without_filter(rules))
    assert "CNL905" in {finding.code for finding in found}
