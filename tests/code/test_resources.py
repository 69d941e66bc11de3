"""What makes something that must be given back, and what gives it back."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.api import Facts
from tests.code.asking import asked, function, module_of

FACTS = Facts(
    cleanup_calls=frozenset({"hand_back", "pkg.drop"}), resource_makers=frozenset({"pkg.borrow", "Pool.take"})
)


@pytest.mark.parametrize(
    ("call", "reference"),
    [
        ("conn.close()", "conn"),
        ("self.conn.aclose()", "self.conn"),
        ("self._tasks.discard(t)", "self._tasks"),
        ("self.conn._close()", "self.conn"),
        ("self.release_connection()", "self"),
        ("make().close()", "?"),
        ("shutil.rmtree(path)", "path"),
        ("os.unlink(self.path)", "self.path"),
        ("cleanup(conn)", "conn"),
        ("cleanup()", "?"),
        ("x.hand_back()", "x"),
        ("pkg.drop(x)", "x"),
        ("conn.is_closed()", None),
        ("conn.closed()", None),
        ("conn.send(1)", None),
        ("conn.close", None),
    ],
)
def test_cleanup_calls(call: str, reference: str | None) -> None:
    source = f"import shutil, os, pkg\nclass C:\n    def m(self, conn, x, path, t):\n        ask({call})"
    module, expressions = asked(source, FACTS)
    assert module.cleanup_call(expressions[0]) == reference


@pytest.mark.parametrize(
    ("statement", "reference", "known"),
    [
        ("f = open(path)", "f", True),
        ("session = aiohttp.ClientSession()", "session", True),
        ("reader, writer = await asyncio.open_connection()", "writer", True),
        ("server = await loop.create_server(x)", "server", True),
        ("conn = await pool.acquire()", "conn", True),
        ("await lock.acquire()", "lock", True),
        ("await self.client.connect()", "self.client", True),
        ("self.active += 1", "self.active", True),
        ("self.active.add(t)", "self.active", True),
        ("client: Client = Client()", "client", False),
        ("x = pkg.borrow()", "x", False),
        ("x = pool.take()", "x", False),
        ("conn = await make_x.create_conn()", "conn", False),
        ("await server.start()", "server", False),
        ("task = asyncio.create_task(x)", None, None),
        ("proc = await asyncio.create_subprocess_exec('ls')", None, None),
        ("future = loop.create_future()", None, None),
        ("x = compute()", None, None),
        ("text += 'a'", None, None),
        ("x = asyncio.open_connection()", None, None),
    ],
)
def test_acquisitions(statement: str, reference: str | None, known: bool | None) -> None:
    source = (
        "import asyncio, aiohttp, pkg\nclass C:\n    async def m(self, pool, lock, loop, server, t, path):\n"
        f"        {statement}"
    )
    module = module_of(source, FACTS)
    found = module.acquisition(function(module, "m").body[0])
    assert (found.reference if found else None) == reference
    assert (found.known if found else None) is known


@pytest.mark.parametrize(
    ("taking", "giving", "is_release"),
    [
        ("f = open(path)", "f.close()", True),
        ("f = open(path)", "g.close()", False),
        ("f = open(path)", "f.read()", False),
        ("f = open(path)", "del f", True),
        ("conn = await pool.acquire()", "pool.release(conn)", True),
        ("conn = await pool.acquire()", "pool.release(other)", False),
        ("conn = await pool.acquire()", "await conn.close()", True),
        ("conn = await pool.acquire()", "pool.close()", False),
        ("ok = await lock.acquire()", "lock.release()", True),
        ("await lock.acquire()", "lock.release()", True),
        ("await lock.acquire()", "other.release()", False),
        ("self.active += 1", "self.active -= 1", True),
        ("self.active += 1", "self.other -= 1", False),
        ("self.active.add(path)", "self.active.discard(path)", True),
        ("await client.connect()", "await client.disconnect()", True),
    ],
)
def test_releases(taking: str, giving: str, is_release: bool) -> None:
    head = "class C:\n    async def m(self, pool, lock, client, path):"
    module = module_of(f"{head}\n        {taking}\n        {giving}")
    first, second = function(module, "m").body
    found = module.acquisition(first)
    assert found is not None
    given = [node for node in ast.walk(second) if isinstance(node, (ast.Call, ast.AugAssign, ast.Delete))]
    assert any(module.releases(node, found) for node in given) is is_release
