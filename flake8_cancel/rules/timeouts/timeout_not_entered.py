"""A timeout is made and never entered, so nothing is limited.

Why:
    ``asyncio.timeout()`` only makes a context manager. Its deadline begins with ``async with`` and limits that block;
    as a statement, or bound to a name that is not entered, it does nothing at all. It cannot be awaited either.

Bad:
    import asyncio


    async def fetch(session, url):
        asyncio.timeout(10)
        return await session.get(url)

Good:
    import asyncio


    async def fetch(session, url):
        async with asyncio.timeout(10):
            return await session.get(url)

Fix:
    None: how much of what follows is to be limited, only the author knows.

Not found:
    A timeout that is handed on, returned or kept in an attribute: it may be entered there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_cancel.code.timed_traces import makes_timeout_aside
from flake8_cancel.code.timeouts.entering import unentered
from flake8_cancel.rule import Finding, Module, Rule


class TimeoutNotEntered(Rule):
    code = "CNL602"
    needs = ("async",)
    file_needs = (("asyncio", "async_timeout"), (makes_timeout_aside,))
    visits = (ast.Call,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Call)
        how = unentered(module, node)
        if how is None:
            return
        name = ast.unparse(node.func)
        yield self.finding(node, f"{name}() {how} limits nothing; enter it by async with")
