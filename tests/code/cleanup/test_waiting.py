"""Which waits of a cleanup are known to be such."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.cleanup.taking import givings
from flake8_cancel.code.cleanup.waiting import is_known_to_wait
from tests.code.asking import module_of

SOURCE = """
import asyncio
from elsewhere import run, cancel_and_wait

class Transaction:
    async def __aexit__(self, *error): await run(self.end, *error)
    async def forget(self): await run(self.end)

async def _end(task): await cancel_and_wait(task)
async def _ask(conn): await conn.fetch()

async def f(conn, other, task, given: Transaction, event: asyncio.Event):
    {wait}
    conn.close()
"""


@pytest.mark.parametrize(
    ("wait", "known"),
    [
        ("await event.wait()", True),
        ("await asyncio.sleep(1)", True),
        ("await other.drain()", True),
        ("await other.wait_until_sent()", True),
        ("await other.forget()", False),
        ("await conn.forget()", True),
        ("await cancel_and_wait(task)", False),
        ("await _end(task)", False),
        ("await _ask(other)", True),
        ("await given.__aexit__()", True),
        ("await given.forget()", True),
    ],
)
def test_what_is_known_to_wait(wait: str, known: bool) -> None:
    module = module_of(SOURCE.format(wait=wait))
    function = module.tree.body[-1]
    assert isinstance(function, ast.AsyncFunctionDef)
    place, giving = function.body
    assert isinstance(place, ast.Expr)
    assert is_known_to_wait(module, place.value, list(givings(giving))) is known
