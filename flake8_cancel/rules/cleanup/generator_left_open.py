"""A loop over an async generator is left before its end, and what the generator holds is given back later.

Why:
    A loop that is left by ``break``, ``return`` or a cancellation does not close its generator. The event loop does so
    afterwards, in a task of its own: the file, lock or connection is still held when the code behind the loop runs, the
    cleanup knows neither the timeouts nor the context variables of this task, and at the end of the program it may be
    cancelled before it is through.

Bad:
    async def rows(pool):
        conn = await pool.acquire()
        try:
            while row := await conn.fetch():
                yield row
        finally:
            await pool.release(conn)


    async def first(pool):
        async for row in rows(pool):
            return row

Good:
    import contextlib


    async def rows(pool):
        conn = await pool.acquire()
        try:
            while row := await conn.fetch():
                yield row
        finally:
            await pool.release(conn)


    async def first(pool):
        async with contextlib.aclosing(rows(pool)) as items:
            async for row in items:
                return row

Fix:
    ``async with aclosing(...)`` around the loop, where the target is Python 3.10. Safe where only a cancellation leaves
    the loop; unsafe with a ``break`` or ``return``: there the code behind the loop now runs after the cleanup, and
    hears of its errors. None where the generator only hands on what another yields: closing it does not close that.

Not found:
    Generators of other files, and those with a name that is used for more than this loop and ``anext()`` before it. A
    ``finally`` that gives nothing back, as one that logs, or cancels a task that waits for an event. Where nothing but
    a cancellation leaves the loop, a generator that holds no lock or transaction and whose ``finally`` does not wait.
    Loops left by an error, or by the consumer of an async generator around them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.frameworks import runs_on_asyncio
from flake8_cancel.code.cleanup.left_open import left_open
from flake8_cancel.code.patterns import ASYNC_BLOCK
from flake8_cancel.rule import Finding, Module, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement

_HAS_ACLOSING = (3, 10)


class GeneratorLeftOpen(Rule):
    code = "CNL406"
    needs = (ASYNC_BLOCK,)
    file_needs = ("yield",)
    visits = (ast.AsyncFor,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.AsyncFor)
        if not runs_on_asyncio(module):
            return
        found = left_open(module, node)
        if found is None:
            return
        has_aclosing = module.facts.target >= _HAS_ACLOSING
        name = f"{ast.unparse(found.call.func)}()"
        when = "is left" if found.is_left else "is cancelled"
        way_out = "enter aclosing() around it" if has_aclosing else "aclose() it in a finally"
        message = f"when the loop {when}, {name} stays open and cleans up later, in another task; {way_out}"
        path = [
            (found.call, "the generator is made here"),
            (found.handed_over, "it stays here"),
            (found.place, "the loop is left here" if found.is_left else "cancelled here"),
        ]
        repair = self.repair(node, not found.is_left) if has_aclosing and found.is_own else None
        yield self.finding(found.call, message, path, repair)

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        from flake8_cancel.fix.shapes import enclosed

        loop = cst.ensure_type(node, cst.For)
        manager = cst.Call(edit.name("contextlib.aclosing"), [cst.Arg(loop.iter)])
        name = edit.fresh("items")
        return enclosed([loop.with_changes(iter=cst.Name(name))], manager, name)
