"""A handler for CancelledError waits for something that may never come.

Why:
    Whoever cancels a task waits until it has ended: a task group at the end of its block, a timeout that has passed,
    ``asyncio.run`` after Ctrl-C. A handler that waits without a bound keeps all of them waiting: the other side is
    slow, the connection is dead, the lock is held by a task that was cancelled too, and the program does not end.

Bad:
    import asyncio


    async def serve(connection):
        try:
            await connection.answer()
        except asyncio.CancelledError:
            await connection.say_goodbye()
            raise

Good:
    import asyncio


    async def serve(connection):
        try:
            await connection.answer()
        except asyncio.CancelledError:
            await asyncio.wait_for(connection.say_goodbye(), timeout=1)
            raise

Fix:
    None: how long the handler may take is for the author to say.

Not found:
    Handlers for BaseException and ``finally`` blocks, see CNL902. What has a bound: ``asyncio.sleep``, ``wait_for``, a
    ``timeout`` block, an argument with ``timeout`` in its name; waiting for tasks that were cancelled before; helpers
    of this file that wait for nothing else. Waits that skip cleanup when they are cut belong to CNL404.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_cancel.code.cleanup.frameworks import runs_on_asyncio
from flake8_cancel.code.cleanup.unprotected import delaying
from flake8_cancel.code.graph.catchers import NAMING_WORDS
from flake8_cancel.code.patterns import ASYNC_BLOCK
from flake8_cancel.rule import Finding, Module, Rule


class CancellationHandlerWaits(Rule):
    code = "CNL905"
    needs = ("except", ("await", ASYNC_BLOCK))
    file_needs = (NAMING_WORDS,)
    visits = (ast.ExceptHandler,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.ExceptHandler)
        if not module.in_coroutine(node) or not runs_on_asyncio(module):
            return
        for wait in delaying(module, node):
            message = "the cancellation has to wait for this, perhaps for ever; put a timeout to it"
            yield self.finding(wait, message, ((node, "caught here"), (wait, "waits here")))
