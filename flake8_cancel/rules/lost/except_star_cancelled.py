"""``except*`` takes a CancelledError, and cannot let it through.

Why:
    A clause of ``except*`` takes a cancellation like any other exception. When it ends, the cancellation is swallowed;
    when it raises, a BaseExceptionGroup comes out in its place, which neither a timeout nor ``task.cancelled()`` knows
    for a cancellation. So neither ``except* CancelledError`` nor ``except* BaseException`` has a place around an await.

Bad:
    # requires: 3.11
    import asyncio


    async def load(pages):
        try:
            await asyncio.gather(*pages)
        except* OSError:
            print("not loaded")
        except* asyncio.CancelledError:
            raise

Good:
    # requires: 3.11
    import asyncio


    async def load(pages):
        try:
            await asyncio.gather(*pages)
        except* OSError:
            print("not loaded")

Fix:
    None: what the clause does for a cancellation belongs into a ``finally``, or into an ``except CancelledError``
    around or inside of the statement.

Not found:
    A clause that keeps the group, to look at it or to raise from it later, or that raises a new CancelledError, which
    comes out as it is when nothing else does. A block that only waits for a task that was cancelled before.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_cancel.code.lost.star_clauses import taken_by_star
from flake8_cancel.code.patterns import Matching
from flake8_cancel.rule import Finding, Module, Rule


class ExceptStarCancelled(Rule):
    code = "CNL106"
    needs = ("async", Matching(r"except[\s\\]*\*", "except"))
    visits = (ast.ExceptHandler,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.ExceptHandler)
        cancelled = taken_by_star(module, node)
        if cancelled is None:
            return
        message = "except* swallows the cancellation or turns it into a group; take only Exceptions here"
        yield self.finding(node, message, ((cancelled, "cancelled here"), (node, "caught here")))
