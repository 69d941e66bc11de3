"""Which calls set a deadline, and past which clauses it goes."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.api import Facts
from flake8_cancel.code.module import Module
from flake8_cancel.code.timeouts.deadlines import deadline, missed, timeout_items
from tests.code.asking import asked, module_of

OLDER = Facts(target=(3, 10))


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("asyncio.timeout(5)", "5"),
        ("asyncio.timeout(delay=limit)", "limit"),
        ("asyncio.timeout_at(when=loop.time() + 1)", "loop.time() + 1"),
        ("asyncio.wait_for(job(), 5)", "5"),
        ("asyncio.wait_for(job(), timeout=limit)", "limit"),
        ("async_timeout.timeout(5)", "5"),
        ("asyncio.timeout(None)", None),
        ("asyncio.wait_for(job(), timeout=None)", None),
        ("asyncio.wait_for(job())", None),
        ("asyncio.wait_for(*arguments)", None),
        ("asyncio.sleep(5)", None),
        ("limit", None),
    ],
)
def test_what_deadline_is_set(call: str, expected: str | None) -> None:
    module, (expression,) = asked(f"import asyncio, async_timeout\nask({call})")
    found = deadline(module, expression)
    assert (found and ast.unparse(found)) == expected


def test_items_that_set_a_deadline() -> None:
    module = module_of(
        """
        import asyncio
        async def f(lock):
            async with lock, asyncio.timeout(5), asyncio.timeout(None):
                pass
        """
    )
    (block,) = (node for node in ast.walk(module.tree) if isinstance(node, ast.AsyncWith))
    assert timeout_items(module, block) == [block.items[1]]
    assert timeout_items(module, block.body[0]) == []


def went_past(module: Module, inside: bool = False) -> list[tuple[str, int, bool]]:
    """Return for each deadline past the first clause or suppress what set it, where it passed, and if it leaves."""
    catcher = next(
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) or (isinstance(node, ast.withitem) and "suppress" in ast.unparse(node))
    )
    assert isinstance(catcher, (ast.ExceptHandler, ast.withitem))
    return [
        (type(late.setter).__name__, getattr(late.place, "lineno", 0), late.leaves)
        for late in missed(module, catcher, inside)
    ]


WAITING = """
import asyncio
from contextlib import suppress
async def f(job):
    try:
        await asyncio.wait_for(job(), 5)
    except {error}:
        pass
"""


@pytest.mark.parametrize("error", ["asyncio.CancelledError", "ValueError", "asyncio.QueueEmpty"])
def test_the_timeout_of_wait_for_goes_past_a_clause_for_something_else(error: str) -> None:
    assert went_past(module_of(WAITING.format(error=error))) == [("Await", 6, True)]


@pytest.mark.parametrize("error", ["TimeoutError", "asyncio.TimeoutError", "Exception", "OSError", "unknown"])
def test_it_does_not_go_past_what_takes_it_or_may(error: str) -> None:
    assert went_past(module_of(WAITING.format(error=error))) == []


@pytest.mark.parametrize(("error", "count"), [("TimeoutError", 1), ("OSError", 1), ("asyncio.TimeoutError", 0)])
def test_before_3_11_it_is_a_class_of_its_own(error: str, count: int) -> None:
    assert len(went_past(module_of(WAITING.format(error=error), OLDER))) == count


def test_it_goes_past_a_suppress() -> None:
    source = """
        import asyncio
        from contextlib import suppress
        async def f(job):
            with suppress({error}):
                await asyncio.wait_for(job(), 5)
        """
    assert went_past(module_of(source.format(error="ValueError"))) == [("Await", 6, True)]
    assert went_past(module_of(source.format(error="ValueError, TimeoutError"))) == []
    assert went_past(module_of(source.format(error="unknown"))) == []


def test_a_clause_around_takes_it_later() -> None:
    module = module_of(
        """
        import asyncio
        async def f(job):
            try:
                pass
            except ValueError:
                pass
            try:
                try:
                    await asyncio.wait_for(job(), 5)
                except KeyError:
                    pass
            except TimeoutError:
                pass
        """
    )
    handler = next(
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and "KeyError" in ast.unparse(node)
    )
    assert [late.leaves for late in missed(module, handler)] == [False]


BLOCK = """
import asyncio
async def f(job):
    async with asyncio.timeout({limit}):
        try:
            await job()
        except {error}:
            pass
"""


@pytest.mark.parametrize("error", ["TimeoutError", "Exception", "ValueError"])
def test_the_deadline_of_a_block_around_goes_past_as_a_cancellation(error: str) -> None:
    assert went_past(module_of(BLOCK.format(limit=5, error=error)), inside=True) == [("withitem", 6, True)]


@pytest.mark.parametrize(
    ("limit", "error"), [("None", "TimeoutError"), ("5", "asyncio.CancelledError"), ("5", "BaseException")]
)
def test_there_is_no_deadline_or_it_is_taken(limit: str, error: str) -> None:
    assert went_past(module_of(BLOCK.format(limit=limit, error=error)), inside=True) == []


def test_a_block_inside_has_made_a_timeout_error_of_it() -> None:
    module = module_of(
        """
        import asyncio
        async def f(job):
            try:
                async with asyncio.timeout(5):
                    await job()
            except ValueError:
                pass
        """
    )
    assert went_past(module) == [("withitem", 6, True)]
    assert went_past(module, inside=True) == []
