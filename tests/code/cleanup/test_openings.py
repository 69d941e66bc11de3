"""Which connections are lost when a cancellation strikes before they are handed on."""

from __future__ import annotations

import ast
import textwrap

import pytest

from flake8_cancel.code.api import Facts
from flake8_cancel.code.cleanup.openings import abandoned
from tests.code.asking import function, module_of


def lost(body: str, facts: Facts | None = None) -> list[tuple[str, str]]:
    """Return the names that are lost in a function, and where."""
    header = "import asyncio, asyncpg\nasync def program(loop, pool, keep, work):\n"
    module = module_of(header + textwrap.indent(body, "    "), facts)
    program = function(module, "program")
    assert isinstance(program, ast.AsyncFunctionDef)
    return [(one.name, ast.unparse(one.place)) for one in abandoned(module, program)]


@pytest.mark.parametrize(
    ("body", "name", "place"),
    [
        ("r, w = await asyncio.open_connection()\nawait greet(r, w)\nreturn r, w", "w", "await greet(r, w)"),
        ("_, p = await loop.create_connection(make)\nawait p.ready()\nreturn p", "p", "await p.ready()"),
        ("c = await pool.acquire()\nawait work()\nkeep.conn = c", "c", "await work()"),
        ("c = await asyncio.wait_for(asyncpg.connect(), 5)\nawait work()\nkeep(c)", "c", "await work()"),
        (
            "if work:\n    c = await pool.acquire()\nelse:\n    c = await asyncpg.connect()\nawait work()\nreturn c",
            "c",
            "await work()",
        ),
        ("c = await asyncpg.connect()\nif work:\n    return c\nawait work()\nreturn c", "c", "await work()"),
    ],
)
def test_what_is_lost(body: str, name: str, place: str) -> None:
    assert lost(body) == [(name, place)]


@pytest.mark.parametrize(
    "body",
    [
        "c = await asyncpg.connect()\nreturn c",
        "c = await asyncpg.connect()\nkeep.conn = c\nawait work()\nreturn c",
        "c = await asyncpg.connect()\nawait work()\nawait c.close()\nreturn c",
        "c = await asyncpg.connect()\nawait work()",
        "c = await asyncpg.connect()\nasync with c:\n    await work()\n    keep.conn = c",
        "c = await asyncpg.connect()\ndef get():\n    return c\nawait work(get)\nreturn c",
        "keep.conn = await asyncpg.connect()\nawait work()\nreturn keep.conn",
        "c = asyncpg.connect()\nawait work()\nreturn c",
        "c = await work.connect()\nawait work()\nreturn c",
        "c = await work.acquire()\nawait work()\nreturn c",
        "t, p = await work.create_connection(make)\nawait work()\nreturn p",
    ],
)
def test_what_is_not_lost(body: str) -> None:
    assert lost(body) == []


def test_the_user_names_what_opens() -> None:
    body = "import db\nc = await db.join()\nawait work()\nreturn c"
    assert lost(body) == []
    assert lost(body, Facts(resource_makers=frozenset({"db.join"}))) == [("c", "await work()")]
