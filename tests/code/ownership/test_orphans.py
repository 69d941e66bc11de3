"""Tasks that a cancellation leaves to themselves, and those that are forgotten behind a wait."""

from __future__ import annotations

import ast
import textwrap

import pytest

from flake8_cancel.code.ownership.holding import holds
from flake8_cancel.code.ownership.orphans import Way, abandoned, orphans
from tests.code.asking import function, module_of

HEAD = "import asyncio\nimport contextlib\nimport tqdm\n"
MAKE = "t = asyncio.create_task(job())\n"
TWO = "a = asyncio.create_task(job())\nb = asyncio.create_task(job())\n"
MANY = "ts = [asyncio.create_task(job()) for _ in job]\n"


def _function(body: str, more: str = "") -> str:
    return f"{HEAD}{more}\nasync def f(job, other):\n{textwrap.indent(body, '    ')}\n"


def _left(body: str, more: str = "") -> list[tuple[int, int]]:
    """Return the lines, from that of the function on, where orphans are made and where they are left."""
    module = module_of(_function(body, more))
    found = function(module, "f")
    assert isinstance(found, ast.AsyncFunctionDef)
    return [
        (one.made.lineno - found.lineno, getattr(one.place, "lineno", 0) - found.lineno)
        for one in orphans(module, found)
    ]


def _forgotten(body: str) -> list[int]:
    module = module_of(_function(body))
    found = function(module, "f")
    assert isinstance(found, ast.AsyncFunctionDef)
    return [one.wait.lineno - found.lineno for one in abandoned(module, found)]


@pytest.mark.parametrize(
    ("body", "left"),
    [
        (MAKE + "await other()\nawait t", [(1, 2)]),
        (MAKE + "async for one in other:\n    pass\nawait t", [(1, 2)]),
        (MAKE + "await other()\nt.cancel()", [(1, 2)]),
        (MAKE + "await other()\nreturn t", [(1, 2)]),
        (MAKE + "await asyncio.wait([t])", [(1, 2)]),
        (MAKE + "await asyncio.wait_for(asyncio.wait([t]), 1)", [(1, 2)]),
        (MAKE + "while not t.done():\n    await asyncio.sleep(1)\nawait t", [(1, 3)]),
        (TWO + "await a\nawait b", [(2, 3)]),
        (TWO + "await other()\nawait asyncio.gather(a, b)", [(2, 3)]),
        (TWO + "for t in (a, b):\n    await t", [(2, 4)]),
        (MANY + "for t in ts:\n    await t", [(1, 3)]),
        (MANY + "for _, t in enumerate(ts):\n    await t", [(1, 3)]),
        (MANY + "for t in asyncio.as_completed(ts):\n    await t", [(1, 3)]),
        (MANY + "both = asyncio.gather(*ts)\nawait other()\nawait both", [(1, 3)]),
        ("loop = asyncio.get_running_loop()\nt = loop.create_task(job())\nawait other()\nawait t", [(2, 3)]),
        ("t = other.loop.create_task(job())\nawait other()\nawait t", [(1, 2)]),
        ("t = asyncio.Task(job())\nawait other()\nawait t", [(1, 2)]),
        (MAKE + "try:\n    await other()\nexcept BaseException:\n    raise\nawait t", [(1, 3)]),
        (MANY + "for n, t in zip(range(3), ts):\n    await t\nfor n in range(3):\n    print(n)", [(1, 3)]),
        (MANY + "for n, t in enumerate(ts):\n    await t\nn = other.index(1)", [(1, 3)]),
        (MANY + "for t in tqdm.tqdm(asyncio.as_completed(ts)):\n    await t", [(1, 3)]),
        (MAKE + "if other:\n    t.cancel()\nelse:\n    await other()\n    await t", [(1, 5)]),
    ],
)
def test_what_a_cancellation_leaves(body: str, left: list[tuple[int, int]]) -> None:
    assert _left(body) == left


@pytest.mark.parametrize(
    ("body", "way"),
    [
        (MAKE + "await other()\nawait t", Way.UNAWARE),
        (TWO + "await a\nawait b", Way.UNAWARE),
        (TWO + "for t in (a, b):\n    await t", Way.AWAITING),
        (MANY + "for t in asyncio.as_completed(ts):\n    await t", Way.AWAITING),
        ("for t in asyncio.as_completed([asyncio.sleep(1)]):\n    await t", Way.AWAITING),
        (MANY + "await asyncio.wait(ts)", Way.WATCHING),
        (TWO + "await asyncio.gather(a, b)", Way.FAILING),
        (TWO + "await asyncio.gather(*[a, b])", Way.FAILING),
        (MANY + "await asyncio.wait_for(asyncio.gather(*ts), 1)", Way.FAILING),
        (MAKE + "try:\n    await asyncio.gather(t, job())\nexcept OSError:\n    t.cancel()", Way.FAILING),
    ],
)
def test_how_the_function_is_left(body: str, way: Way) -> None:
    module = module_of(_function(body))
    found = function(module, "f")
    assert isinstance(found, ast.AsyncFunctionDef)
    (left,) = orphans(module, found)
    assert left.way is way
    assert left.clause is None


@pytest.mark.parametrize("clause", ["asyncio.CancelledError", "(OSError, asyncio.CancelledError)"])
def test_a_clause_that_ends_the_tasks_only_for_some_errors(clause: str) -> None:
    body = f"{TWO}try:\n    await a\n    await b\nexcept {clause}:\n    b.cancel()\n    raise"
    module = module_of(_function(body))
    found = function(module, "f")
    assert isinstance(found, ast.AsyncFunctionDef)
    (left,) = orphans(module, found)
    assert left.way is Way.FAILING
    assert left.clause is not None
    assert left.clause.lineno - found.lineno == 6


@pytest.mark.parametrize(
    "body",
    [
        MAKE + "await t",
        MAKE + "await asyncio.wait_for(t, 1)",
        MAKE + "await asyncio.shield(t)",
        MAKE + "await other()",
        MAKE + "await other(t)",
        MAKE + "other.task = t\nawait other()\nawait t",
        MAKE + "t.add_done_callback(other)\nawait other()\nawait t",
        MAKE + "try:\n    await other()\nfinally:\n    t.cancel()",
        MAKE + "try:\n    await other()\nfinally:\n    if other:\n        t.cancel()",
        MAKE + "try:\n    await other()\nexcept Exception:\n    t.cancel()\n    raise\nawait t",
        MAKE + "async with other(t):\n    await job()\nawait t",
        MAKE + "def stop():\n    t.cancel()\nawait other(stop)\nawait t",
        MAKE + "if t.done():\n    await other()\nawait t",
        "t = asyncio.create_task(job(other))\ntry:\n    await job()\nfinally:\n    other.close()\nawait t",
        TWO + "await asyncio.gather(a, b, return_exceptions=True)",
        TWO + "await asyncio.gather(a, b, return_exceptions=other)",
        MANY + "await asyncio.gather(*ts, **other)",
        MANY + "try:\n    await asyncio.gather(*ts)\nfinally:\n    for t in ts:\n        t.cancel()",
        MANY + "try:\n    await asyncio.gather(*ts)\nexcept Exception:\n    for t in ts:\n        t.cancel()",
        "if other:\n    t = asyncio.create_task(job(1))\nelse:\n    t = asyncio.create_task(job(2))\nawait t",
        MANY + "for t in ts:\n    t.cancel()\nawait asyncio.sleep(1)",
        MANY + "other.extend(ts)\nawait other()\nawait asyncio.gather(*ts)",
        "ts = other.tasks\nts.append(asyncio.create_task(job()))\nawait other()\nawait asyncio.gather(*ts)",
        "global t\n" + MAKE + "await other()\nawait t",
        "ts = [asyncio.create_task(job())]\nfor t in ts:\n    await t",
    ],
)
def test_what_is_right_or_not_certain(body: str) -> None:
    assert _left(body) == []


def test_with_some_functions_the_loop_ends() -> None:
    body = MAKE + "await other()\nawait t"
    assert _left(body, "asyncio.run(f(1, 2))\n") == []
    assert _left(body, "async def main():\n    await f(1, 2)\n") == [(1, 2)]


def test_the_names_that_hold_a_task() -> None:
    module = module_of(
        _function(MANY + "some = set(ts)\ndone, rest = await asyncio.wait(some)\nfor t in done: t.result()")
    )
    (hold,) = holds(module, function(module, "f"))
    assert hold.names == {"ts", "some", "rest"}
    assert hold.done == {"done", "t"}
    assert hold.several


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (MAKE + "await asyncio.wait([t], timeout=1)", [2]),
        (MANY + "await asyncio.wait(ts, timeout=1)", [2]),
        (MANY + "done, _ = await asyncio.wait(ts, return_when='FIRST_COMPLETED')\nreturn done", [2]),
        (TWO + "await asyncio.wait([a, b], timeout=1)\nif not a.done():\n    a.cancel()", [3]),
        (MAKE + "done, _ = await asyncio.wait([t], timeout=1)\nif not done:\n    raise other", [2]),
        (MAKE + "await asyncio.wait([t])", []),
        (MAKE + "await asyncio.wait([t], timeout=None)", []),
        (MAKE + "await asyncio.wait([t], return_when=asyncio.FIRST_COMPLETED)", []),
        (MAKE + "await asyncio.wait([t], timeout=1)\nreturn t.done()", []),
        (MAKE + "return await asyncio.wait([t], timeout=1)", []),
        (MAKE + "done, other.rest = await asyncio.wait([t], timeout=1)", []),
        (MAKE + "other.add(t)\nawait asyncio.wait([t], timeout=1)", []),
        (MANY + "_, rest = await asyncio.wait(ts, timeout=1)\nfor t in rest:\n    t.cancel()", []),
        (MANY + "rest = ts\nwhile rest:\n    _, rest = await asyncio.wait(rest, timeout=1)", []),
    ],
)
def test_what_is_forgotten_behind_a_wait(body: str, lines: list[int]) -> None:
    assert _forgotten(body) == lines
