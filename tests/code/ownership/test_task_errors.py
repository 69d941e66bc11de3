"""Which waits raise the error of one task while others run on."""

from __future__ import annotations

import ast
import textwrap

import pytest

from flake8_cancel.code.ownership.holding import holds
from flake8_cancel.code.ownership.task_errors import raises_errors_of_others
from tests.code.asking import function, module_of

HEAD = """
import asyncio

async def careful(job):
    try:
        await job()
    except Exception as error:
        print(error)

async def careless(job):
    try:
        await job()
    except ValueError as error:
        print(error)

async def strict(job):
    try:
        await job()
    except Exception:
        raise
"""


def _raises(wait: str, first: str = "job()", second: str = "job()") -> bool:
    """Tell whether a wait raises the error of another task while the first of two runs on."""
    body = f"a = asyncio.create_task({first})\nb = asyncio.create_task({second})\nawait {wait}"
    module = module_of(f"{HEAD}\nasync def f(job, other):\n{textwrap.indent(body, '    ')}\n")
    around = function(module, "f")
    found = list(holds(module, around))
    (last,) = [node for node in ast.walk(around) if isinstance(node, ast.Await)]
    return raises_errors_of_others(module, found[0], found, last)


@pytest.mark.parametrize("wait", ["b", "asyncio.gather(a, b)", "asyncio.gather(*[a, b])", "asyncio.gather(a, job())"])
def test_a_wait_that_raises(wait: str) -> None:
    assert _raises(wait)


@pytest.mark.parametrize(
    "wait",
    [
        "a",
        "other()",
        "asyncio.gather(a)",
        "asyncio.gather(job(), other())",
        "asyncio.wait([a, b])",
        "asyncio.gather(a, b, return_exceptions=True)",
        "asyncio.gather(a, b, **other)",
    ],
)
def test_a_wait_that_raises_nothing_of_others(wait: str) -> None:
    assert not _raises(wait)


@pytest.mark.parametrize(
    ("coroutine", "fails"),
    [
        ("careful(job)", False),
        ("careless(job)", True),
        ("strict(job)", True),
        ("asyncio.sleep(1)", False),
        ("asyncio.Event().wait()", False),
        ("other.wait()", True),
    ],
)
def test_what_may_end_with_an_error(coroutine: str, fails: bool) -> None:
    assert _raises("asyncio.gather(a, b)", coroutine, coroutine) == fails
