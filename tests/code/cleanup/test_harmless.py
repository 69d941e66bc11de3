"""Releases that nobody misses, each beside the one that somebody does."""

from __future__ import annotations

import ast
import textwrap

import pytest

from flake8_cancel.code.cleanup.entrances import half_entered
from flake8_cancel.code.cleanup.failures import missed_cleanups
from flake8_cancel.code.cleanup.releases import skipped_releases
from tests.code.asking import module_of

HEADER = "import aiohttp.web, asyncio, contextlib, pytest\nasync def program(client, pool, work, seen=[0]):\n"


def is_missed(body: str) -> bool:
    module = module_of(HEADER + textwrap.indent(body, "    "))
    function = module.tree.body[-1]
    assert isinstance(function, ast.AsyncFunctionDef)
    tries = [node for node in ast.walk(function) if isinstance(node, ast.Try)]
    return bool(list(skipped_releases(module, function)) or [m for one in tries for m in missed_cleanups(module, one)])


@pytest.mark.parametrize(
    ("body", "missed"),
    [
        ("x = PageParser()\nawait work()\nx.close()", False),
        ("x = PageReader()\nawait work()\nx.close()", True),
        ("x = aiohttp.web.WebSocketResponse()\nawait work()\nawait x.close()", False),
        ("x = aiohttp.WebSocket()\nawait work()\nawait x.close()", True),
        ("x = client.pages()\nasync for _ in x: break\nawait x.aclose()", False),
        ("x = client.pages()\nawait x.asend(1)\nawait x.aclose()", False),
        ("x = Pages()\nasync for _ in x: break\nawait x.aclose()", True),
        ("x = await client.pages()\nasync for _ in x: break\nawait x.aclose()", True),
        ("x = client.pages()\nasync for _ in x.read(): break\nawait x.aclose()", True),
        ("async with client as c:\n    b = await c.launch()\n    p = b.page()\n    await work()\n    p.close()", False),
        (
            "async with client as c:\n    b = await pool.launch()\n    p = b.page()\n    await work()\n    p.close()",
            True,
        ),
        ("x = client.book()\nawait work()\nx.cleanup(60)\nx.size()", False),
        ("x = client.book()\nawait work()\nx.cleanup(60)\nawait x.wait_closed()", True),
        ("x = client.book()\nawait work()\nif x:\n    x.cleanup(60)\nelse:\n    x.size()\n    x.close()", True),
        ("x = client.book()\nawait work()\nx.cleanup()\nx.size()", True),
        ("x = await client.open()\nawait work()\nawait x.read_until_close()", False),
        ("x = await client.open()\nawait work()\nawait x.await_closed()", False),
        ("x = await pool.get_item()\nawait work()\nx = client.next(x)\nawait pool.put_item(x)", False),
        ("x = await pool.get_item()\nawait work()\nawait pool.put_item(x)", True),
    ],
)
def test_what_ends_by_itself_nobody_misses(body: str, missed: bool) -> None:
    assert is_missed(body) == missed


TRIED = "x = await client.open()\ntry:\n    await work()\nexcept Exception as error:\n    {}\n    raise\n{}"


@pytest.mark.parametrize(
    ("handled", "behind", "missed"),
    [
        ("x.close()", "", True),
        ("if is_old(error): x.close()", "", False),
        ("if x: x.close()", "", True),
        ("x.close()", "finally:\n    if x is not None: x.release_close()", False),
        ("x.close()", "finally:\n    if client.ok: x.release_close()", True),
    ],
)
def test_a_handler_that_asks_its_error_mends_what_that_broke(handled: str, behind: str, missed: bool) -> None:
    assert is_missed(TRIED.format(handled, behind)) == missed


@pytest.mark.parametrize(
    ("clause", "missed"),
    [
        ("except asyncio.CancelledError:\n    close_all([x])\n    raise", False),
        ("except asyncio.CancelledError:\n    print(x)\n    raise", True),
        ("except OSError:\n    close_all([x])\n    raise", True),
    ],
)
def test_a_clause_further_out_ends_it_in_its_own_way(clause: str, missed: bool) -> None:
    inner = textwrap.indent(TRIED.format("x.close()", "").partition("\n")[2], "    ")
    assert is_missed(f"x = await client.open()\ntry:\n{inner}\n{clause}") == missed


@pytest.mark.parametrize(
    ("entering", "missed"),
    [
        ("self.x = Session(ws)\nawait self.wait()", True),
        (
            "try:\n    self.x = Session(ws)\n    await self.wait()\nexcept BaseException:\n    ws.close()\n    raise",
            False,
        ),
        (
            "try:\n    self.x = Session(ws)\n    await self.wait()\nexcept BaseException:\n    db.close()\n    raise",
            True,
        ),
        ("gate = self.x = await self.find()\nawait gate.lock()\nawait self.wait()", True),
    ],
)
def test_what_a_thing_is_made_of_is_closed_in_its_stead(entering: str, missed: bool) -> None:
    body = textwrap.indent(entering, " " * 8)
    leaving = "    async def __aexit__(self, *_):\n        self.x.close()\n"
    module = module_of(f"class A:\n    async def __aenter__(self):\n{body}\n{leaving}")
    (enter,) = [n for n in ast.walk(module.tree) if getattr(n, "name", "") == "__aenter__"]
    assert isinstance(enter, ast.AsyncFunctionDef)
    assert bool(list(half_entered(module, enter))) == missed
