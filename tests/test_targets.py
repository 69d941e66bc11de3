"""What the oldest Python that the code must run on changes: which mistakes there are, and what mends them."""

from __future__ import annotations

import ast
import textwrap
from typing import NamedTuple

import pytest

from flake8_cancel import registry
from flake8_cancel.check import check_text
from flake8_cancel.code.api import Facts, Version
from flake8_cancel.finding import Finding
from flake8_cancel.fix.engine import repair
from tests.harness import fixture

RULES = registry.chosen(strict=True)
OLD, MIDDLE, NEW = (3, 8), (3, 11), (3, 15)
TARGETS = (OLD, MIDDLE, NEW)


class Outcome(NamedTuple):
    """What is found at a target, the codes with the grades of their fixes, and what the fixes put in place of what."""

    found: str = ""
    changes: tuple[tuple[str, str], ...] = ()


class Case(NamedTuple):
    """The body of a coroutine function, and what is to be said of it at 3.8, at 3.11, and from 3.15 on if not that."""

    body: str
    old: Outcome
    middle: Outcome
    new: Outcome | None = None

    def at(self, target: Version) -> Outcome:
        """Return what is to be said at a target."""
        return self.old if target == OLD else self.middle if target == MIDDLE or self.new is None else self.new


def _everywhere(body: str, found: str = "", *changes: tuple[str, str]) -> Case:
    return Case(body, Outcome(found, changes), Outcome(found, changes))


def _young(body: str, found: str = "", *changes: tuple[str, str]) -> Case:
    """Return a case that uses what Python 3.8 does not have, and has the same mistakes everywhere."""
    return Case(body, Outcome(f"{found}, CNL210".strip(", "), changes), Outcome(found, changes))


HANDLE = ("group.create_task(work())", "task = group.create_task(work())")
STARTED = ("[known()]", "[asyncio.create_task(known())]")
LOOP = """
    async for number in numbers(work):
        if number:
            break
    """
CLOSING_LOOP = """
    async with contextlib.aclosing(numbers(work)) as items:
        async for number in items:
            if number:
                break
    """
TASKS = """
    first = asyncio.create_task(work(1))
    second = asyncio.create_task(work(2))
    await first
    await second
    """
GROUP = """
    async with asyncio.TaskGroup() as group:
        first = group.create_task(work(1))
        second = group.create_task(work(2))
        await first
        await second
    """
WAITING = """
    try:
        await task
    except asyncio.CancelledError:
        pass
    """
WAIT_REPAIR = """
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()
    """

CASES = {
    "a group can be cancelled from 3.15 on": Case(
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(work())
            group.cancel()
        """,
        Outcome("CNL201 safe, CNL210", (HANDLE, ("group.cancel()", "task.cancel()"))),
        Outcome("CNL201 safe", (HANDLE, ("group.cancel()", "task.cancel()"))),
        Outcome(),
    ),
    "what others call cancel_all is that": Case(
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(work())
            group.cancel_all()
        """,
        Outcome("CNL201 safe, CNL210", (HANDLE, ("group.cancel_all()", "task.cancel()"))),
        Outcome("CNL201 safe", (HANDLE, ("group.cancel_all()", "task.cancel()"))),
        Outcome("CNL201 safe", (("group.cancel_all()", "group.cancel()"),)),
    ),
    "start_soon was never there": _young(
        """
        async with asyncio.TaskGroup() as group:
            group.start_soon(work)
        """,
        "CNL201 safe",
        ("group.start_soon(work)", "group.create_task(work())"),
    ),
    "wait() took coroutines before 3.11": Case(
        "await asyncio.wait([known()])", Outcome("CNL208 unsafe", (STARTED,)), Outcome("CNL208 safe", (STARTED,))
    ),
    "timeout() came with 3.11": _young(
        """
        async with asyncio.timeout(5):
            await work()
        """
    ),
    "unless somebody looks first": _everywhere(
        """
        if hasattr(asyncio, "timeout"):
            async with asyncio.timeout(5):
                await work()
        """
    ),
    "its backport is as good": _everywhere(
        """
        async with async_timeout.timeout(5):
            await work()
        """
    ),
    "cancelling() came with 3.11": _young("return asyncio.current_task().cancelling()"),
    "a message came with 3.9": _young(
        """
        task = asyncio.current_task()
        task.cancel("enough")
        """
    ),
    "aclosing() came with 3.10, and mends from then on": Case(
        LOOP, Outcome("CNL406"), Outcome("CNL406 unsafe", ((LOOP, CLOSING_LOOP),))
    ),
    "groups came with 3.11, and mend from then on": Case(
        TASKS, Outcome("CNL503"), Outcome("CNL503 unsafe", ((TASKS, GROUP),))
    ),
    "asyncio's TimeoutError was its own before 3.11": Case(
        """
        try:
            await asyncio.wait_for(work(), 5)
        except TimeoutError:
            print("timed out")
        """,
        Outcome("CNL606 safe", (("except TimeoutError:", "except (TimeoutError, asyncio.TimeoutError):"),)),
        Outcome(),
    ),
    "by its old name it is right for all": _everywhere(
        """
        try:
            await asyncio.wait_for(work(), 5)
        except asyncio.TimeoutError:
            print("timed out")
        """
    ),
    "who takes a cancellation for it is given its name": Case(
        """
        try:
            await asyncio.wait_for(work(), 5)
        except asyncio.CancelledError:
            print("timed out")
        """,
        Outcome("CNL604 unsafe", (("asyncio.CancelledError:", "asyncio.TimeoutError:"),)),
        Outcome("CNL604 unsafe", (("asyncio.CancelledError:", "TimeoutError:"),)),
    ),
    "a timeout that is not entered": _young(
        """
        asyncio.timeout(5)
        await work()
        """,
        "CNL602",
    ),
    "a timeout that cannot pass": _young(
        """
        async with asyncio.timeout(5):
            work()
        """,
        "CNL603",
    ),
    "a timeout that is entered by a plain with": _young(
        """
        with asyncio.timeout(5):
            await work()
        """,
        "CNL207 safe",
        ("with asyncio.timeout(5):", "async with asyncio.timeout(5):"),
    ),
    "waiting for a task needs nothing new": _everywhere(
        f"""
    task = asyncio.create_task(work())
    task.cancel(){WAITING}""",
        "CNL901 safe",
        (WAITING, WAIT_REPAIR),
    ),
    "and goes on where the task was cancelled": _everywhere(
        """
        task = asyncio.create_task(work())
        task.cancel()
        await task
        work.close()
        """,
        "CNL505 safe",
        ("await task\n", WAIT_REPAIR),
    ),
}
BEFORE = """\
import asyncio
import contextlib

import async_timeout


async def known():
    await asyncio.get_running_loop().create_future()


async def numbers(work):
    try:
        while True:
            yield await work()
    finally:
        work.close()


async def program(work):
"""


@pytest.mark.parametrize("target", TARGETS, ids=str)
@pytest.mark.parametrize("case", CASES)
def test_what_is_found_and_how_it_is_mended(case: str, target: Version) -> None:
    source = BEFORE + _inside(CASES[case].body)
    outcome = CASES[case].at(target)
    assert sorted(map(_graded, _found(source, target))) == sorted(filter(None, outcome.found.split(", ")))
    expected = source
    for old, new in outcome.changes:
        old, new = (_inside(text) if "\n" in text else text for text in (old, new))
        assert expected.count(old) == 1
        expected = expected.replace(old, new)
    assert _mended(source, target) == expected


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        (OLD, "_background_tasks = set()"),
        (MIDDLE, "_background_tasks: set[asyncio.Task[object]] = set()"),
        (NEW, "_background_tasks: set[asyncio.Task[object]] = set()"),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "statement", ["await asyncio.shield(known())", "asyncio.shield(known())", "asyncio.create_task(known())"]
)
def test_no_class_is_subscripted_before_it_can_be(statement: str, target: Version, kept: str) -> None:
    lines = _mended(BEFORE + _inside(statement), target).splitlines()
    assert kept in lines
    assert "    _background_tasks.add(task)" in lines


def _found(source: str, target: Version) -> list[Finding]:
    return check_text(source, Facts(target=target), RULES)


def _graded(finding: Finding) -> str:
    grade = "" if finding.repair is None else " safe" if finding.repair.safe else " unsafe"
    return finding.code + grade


def _mended(source: str, target: Version) -> str:
    mended = repair(source.encode(), lambda text: _found(text, target), fixture.every, RULES).data.decode()
    ast.parse(mended)
    return mended


def _inside(body: str) -> str:
    return textwrap.indent(textwrap.dedent(body).strip("\n") + "\n", "    ")
