"""Which clauses are there for a timeout that they do not take."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.api import Facts
from flake8_cancel.code.graph.catchers import Catcher
from flake8_cancel.code.module import Module
from flake8_cancel.code.timeouts.mistimed import (
    cannot_be_builtin,
    caught_inside,
    mistaken_timeout,
    too_young,
    written_timeout,
)
from tests.code.asking import module_of

OLDER = Facts(target=(3, 10))
WAITING = """
import asyncio, sys
class SlowError(Exception): ...
async def f(job, queue: asyncio.Queue, log):
    try:
        await {waited}
    except {error}:
        {handled}
"""


def handler(module: Module) -> ast.ExceptHandler:
    return next(node for node in ast.walk(module.tree) if isinstance(node, ast.ExceptHandler))


def waiting(
    error: str = "asyncio.CancelledError",
    handled: str = "pass",
    waited: str = "asyncio.wait_for(job(), 5)",
    facts: Facts | None = None,
) -> Module:
    return module_of(WAITING.format(error=error, handled=handled, waited=waited), facts)


@pytest.mark.parametrize(
    "handled",
    [
        "print('timed out')",
        "log('request time-out')",
        "log(f'{job} timed out')",
        "raise TimeoutError",
        "raise RequestTimeout('x') from None",
        "job.timed_out = True",
        "timeouts = 1",
        "print('it took too long')",
    ],
)
def test_a_clause_speaks_of_a_timeout(handled: str) -> None:
    module = waiting(handled=handled)
    assert mistaken_timeout(module, handler(module))


@pytest.mark.parametrize(
    "handled", ["pass", "raise", "print('cancelled')", "job.close(timeout=job.timeout)", "print('time')"]
)
def test_a_clause_speaks_of_none(handled: str) -> None:
    module = waiting(handled=handled)
    assert mistaken_timeout(module, handler(module)) is None


@pytest.mark.parametrize("error", ["TimeoutError", "(asyncio.CancelledError, ValueError)", "BaseException"])
def test_a_clause_names_something_else(error: str) -> None:
    module = waiting(error=error, handled="print('timed out')")
    assert mistaken_timeout(module, handler(module)) is None


def test_such_a_clause_loses_no_cancellation() -> None:
    timed = waiting(handled="print('timed out')")
    plain = waiting(handled="print('over')")
    assert timed.loss(handler(timed)) is None
    assert plain.loss(handler(plain)) is not None


BLOCK = """
import asyncio
async def f(other, queue: asyncio.Queue):
    async with asyncio.timeout(5):
        {before}
        try:
            await {waited}
        except {error}:
            pass
"""


def inside(waited: str, error: str = "TimeoutError", before: str = "pass") -> bool:
    module = module_of(BLOCK.format(waited=waited, error=error, before=before))
    return caught_inside(module, handler(module)) is not None


def test_a_clause_comes_too_early() -> None:
    assert inside("queue.get()")
    assert inside("queue.get()", error="(ValueError, TimeoutError)")
    assert inside("queue.get()", before="await other()")
    assert inside("other()")
    assert inside("other()", error="(TimeoutError, asyncio.TimeoutError)")


def test_a_clause_may_be_for_something_else() -> None:
    assert not inside("asyncio.wait_for(queue.get(), 1)")
    assert not inside("other(timeout=1)")
    assert not inside("other()", error="(ValueError, TimeoutError)")
    assert not inside("other()", before="await other()")
    assert not inside("queue.get()", error="ValueError")
    assert not inside("queue.get()", error="Exception")


@pytest.mark.parametrize(
    ("error", "facts", "expected"),
    [
        ("TimeoutError", OLDER, True),
        ("(ValueError, TimeoutError)", OLDER, True),
        ("TimeoutError", Facts(target=(3, 11)), False),
        ("asyncio.TimeoutError", OLDER, False),
        ("(TimeoutError, asyncio.TimeoutError)", OLDER, False),
        ("OSError", OLDER, False),
    ],
)
def test_the_builtin_is_too_young(error: str, facts: Facts, expected: bool) -> None:
    module = waiting(error=error, facts=facts)
    assert (too_young(module, handler(module)) is not None) == expected


def test_nobody_asks_before_3_11_for_what_began_then() -> None:
    module = module_of(
        """
        import asyncio
        async def f(job):
            try:
                async with asyncio.timeout(5):
                    await job()
            except TimeoutError:
                pass
        """,
        OLDER,
    )
    assert too_young(module, handler(module)) is None


@pytest.mark.parametrize(
    ("waited", "expected"),
    [("asyncio.wait_for(queue.get(), 5)", True), ("asyncio.wait_for(job(), 5)", False)],
)
def test_whether_the_builtin_can_come_too(waited: str, expected: bool) -> None:
    module = waiting(error="TimeoutError", waited=waited, facts=OLDER)
    catcher: Catcher = handler(module)
    late = too_young(module, catcher)
    assert late is not None
    assert cannot_be_builtin(module, catcher, late) == expected
    written = written_timeout(module, catcher)
    assert written is not None
    assert ast.unparse(written) == "TimeoutError"
