"""What a further cancellation skips in a cleanup block, where it can be nested, and what else it cuts or waits for."""

from __future__ import annotations

import ast
import textwrap

import pytest

from flake8_cancel.code.cleanup.cut_short import Cut, cleanup_blocks, cuts
from flake8_cancel.code.cleanup.nesting import can_be_nested, is_cleanup_alone
from flake8_cancel.code.cleanup.unprotected import cut, delaying
from flake8_cancel.code.module import Module
from tests.code.asking import module_of

IMPORTS = "import asyncio, anyio_like, os, shutil\nfrom asyncio import CancelledError\n"


def in_finally(text: str, parameters: str = "a, b, c") -> str:
    """Return a module whose function f has a block as its ``finally``."""
    block = textwrap.indent(textwrap.dedent(text).strip(), "        ")
    return f"{IMPORTS}async def f({parameters}):\n    try:\n        await a.work()\n    finally:\n{block}\n"


def in_handler(text: str, clause: str = "except CancelledError") -> str:
    """Return a module whose function f has a block in a handler, before it raises again."""
    block = textwrap.indent(text, "        ")
    return f"{IMPORTS}async def f(a, b):\n    try:\n        await a.work()\n    {clause}:\n{block}\n        raise\n"


def found(source: str | Module) -> list[Cut]:
    """Return the cuts of all cleanup blocks of a module."""
    module = module_of(source) if isinstance(source, str) else source
    return [
        one for node in ast.walk(module.tree) for block in cleanup_blocks(module, node) for one in cuts(module, block)
    ]


def shown(source: str) -> list[tuple[str, str]]:
    """Return what waits and the cleanup that is skipped, as text."""
    return [(ast.unparse(_expression(one.wait)), ast.unparse(one.skipped.node)) for one in found(source)]


def _expression(node: ast.AST) -> ast.AST:
    return node.context_expr if isinstance(node, ast.withitem) else node


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("await a.close()\nb.close()", [("await a.close()", "b.close()")]),
        ("await a.close()\nawait b.close()\nc.close()", [("await a.close()", "await b.close()")]),
        ("if a:\n    await a.close()\nif b:\n    b.close()", [("await a.close()", "b.close()")]),
        ("async with a.lock:\n    b.close()", [("a.lock", "b.close()")]),
        ("await a.flush()\na.count -= 1", [("await a.flush()", "a.count -= 1")]),
        ("await a.flush()\ndel a.jobs[b]", [("await a.flush()", "del a.jobs[b]")]),
        ("await a.flush()\na.jobs.discard(b)", [("await a.flush()", "a.jobs.discard(b)")]),
        ("await a.flush()\nos.remove(b)", [("await a.flush()", "os.remove(b)")]),
        ("try:\n    await a.flush()\nexcept Exception:\n    pass\nb.close()", [("await a.flush()", "b.close()")]),
        (
            "await asyncio.gather(a.close(), b.close(), return_exceptions=True)\nc.close()",
            [("await asyncio.gather(a.close(), b.close(), return_exceptions=True)", "c.close()")],
        ),
        ("x = c.conn\nawait a.close()\nx.close()", [("await a.close()", "x.close()")]),
    ],
)
def test_cleanup_behind_a_wait_is_skipped(block: str, expected: list[tuple[str, str]]) -> None:
    assert shown(in_finally(block)) == expected


@pytest.mark.parametrize(
    "block",
    [
        "b.close()\nawait a.close()",
        "try:\n    await a.close()\nfinally:\n    b.close()",
        "try:\n    await a.close()\nfinally:\n    if b:\n        b.close()",
        "try:\n    await a.close()\nexcept BaseException:\n    pass\nb.close()",
        "try:\n    await a.close()\nexcept CancelledError:\n    pass\nif c:\n    return\nb.close()",
        "if a:\n    await a.close()\nelse:\n    b.close()",
        "await asyncio.shield(a.close())\nb.close()",
        "with anyio_like.Scope(shield=True):\n    await a.close()\nb.jobs = None",
        "with anyio_like.ShieldedScope():\n    await a.close()\n    b.close()",
        "x = await a.resume()\nx.close()",
        "await a.close()\nx = c.open()\nx.close()",
        "await a.close()\nprint(b)\nb.jobs = None",
        "await a.close()\nasync with c.open(b):\n    pass",
        "jobs = []\nawait a.close()\njobs.remove(b)",
        "for x in a:\n    await x.close()",
    ],
)
def test_cleanup_is_not_skipped(block: str) -> None:
    assert shown(in_finally(block)) == []


@pytest.mark.parametrize(
    ("clause", "is_found"),
    [
        ("except CancelledError", True),
        ("except (OSError, CancelledError)", True),
        ("except BaseException", True),
        ("except", True),
        ("except Exception", False),
        ("except OSError", False),
    ],
)
def test_handlers_that_take_a_cancellation_clean_up(clause: str, is_found: bool) -> None:
    assert bool(found(in_handler("await a.flush()\nb.close()", clause))) is is_found


@pytest.mark.parametrize(
    ("helper", "is_found"),
    [
        ("async def helper():\n    print()", False),
        ("async def helper():\n    await inner()\nasync def inner():\n    print()", False),
        ("async def helper():\n    await inner()\nasync def inner():\n    await asyncio.sleep(1)", True),
        ("async def helper():\n    pass", True),
        ("async def helper():\n    await helper()", True),
        ("@wrapped\nasync def helper():\n    print()", True),
    ],
)
def test_a_helper_that_never_suspends_cannot_be_cut(helper: str, is_found: bool) -> None:
    assert bool(found(in_finally("await helper()\nb.close()") + helper)) is is_found


@pytest.mark.parametrize(
    ("block", "first_and_last", "is_safe"),
    [
        ("await a.close()\nb.close()\nc.done = True\nprint()", ("b.close()", "b.close()"), True),
        ("await a.close()\nb.done = True\nc.close()", ("b.done = True", "c.close()"), True),
        ("await a.close()\nc.notify()\nb.close()", ("c.notify()", "b.close()"), False),
        ("x = await a.close()\nprint(x)\nb.close()", None, True),
        ("if await a.close():\n    return\nb.close()", None, True),
        ("async with a.lock:\n    b.close()", None, True),
    ],
)
def test_what_can_be_nested(block: str, first_and_last: tuple[str, str] | None, is_safe: bool) -> None:
    module = module_of(in_finally(block))
    (one,) = found(module)
    nested = can_be_nested(one)
    assert (nested and tuple(map(ast.unparse, nested))) == first_and_last
    assert is_cleanup_alone(one, module) is is_safe


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("await a.close()", ["await a.close()"]),
        ("await a.flush()\nawait b.flush()", ["await a.flush()", "await b.flush()"]),
        ("await a.close()\nb.close()", []),
        ("await asyncio.wait_for(a.close(), 1)", []),
        ("await asyncio.shield(a.close())", []),
        ("await asyncio.sleep(1)", []),
        ("try:\n    await a.close()\nexcept CancelledError:\n    raise", []),
        ("a.cancel()\nawait asyncio.wait([a])", []),
    ],
)
def test_what_is_cut(block: str, expected: list[str]) -> None:
    module = module_of(in_finally(block))
    final = next(node for node in ast.walk(module.tree) if isinstance(node, ast.Try) and node.finalbody)
    assert list(map(ast.unparse, cut(module, final.finalbody))) == expected


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("await a.close()", ["await a.close()"]),
        ("await asyncio.shield(a.close())", ["await asyncio.shield(a.close())"]),
        ("await asyncio.wait_for(a.close(), 1)", []),
        ("async with asyncio.timeout(1):\n    await a.close()", []),
        ("await a.close(timeout=1)", []),
        ("await a.close()\nb.close()", []),
    ],
)
def test_what_delays_the_cancellation(block: str, expected: list[str]) -> None:
    module = module_of(in_handler(block))
    handler = next(node for node in ast.walk(module.tree) if isinstance(node, ast.ExceptHandler))
    assert list(map(ast.unparse, delaying(module, handler))) == expected


@pytest.mark.parametrize(
    ("exit_", "name", "body", "expected"),
    [
        ("await self.close()", "close", "await self.a.close()\n        self.b.close()", 1),
        ("await self.stop(1)", "stop", "await self.a.stop()\n        await self.b.stop()", 1),
        ("await self.a.close(); self.b.close()", "run", "pass", 1),
        ("await self.reset()", "reset", "await self.a.ping()\n        self.pool.release(self.a)", 1),
        ("await self.a.wait(); await self.reset()", "reset", "await self.a.close()\n        self.b.close()", 0),
        ("pass", "close", "await self.a.close()\n        self.b.close()", 0),
        ("await self.wait_closed()", "wait_closed", "await self.a.wait()\n        self.b.close()", 0),
        ("await self.finish()", "finish", "await self.a.wait()\n        self.b.close()", 0),
        # Who waits for a lock has not begun.
        ("await self.close()", "close", "async with self.lock:\n            self.b.close()", 0),
        ("await self.close()", "close", "if await self.lock.take():\n            self.b.close()", 0),
    ],
)
def test_the_exit_of_a_manager_is_a_cleanup_block(exit_: str, name: str, body: str, expected: int) -> None:
    source = f"""
import asyncio
class Owner:
    async def __aexit__(self, *_):
        {exit_}
    async def {name}(self, *_):
        {body}
"""
    assert len(found(source)) == expected
