"""A coroutine raises CancelledError by hand, though nobody cancelled it.

Why:
    CancelledError says that the task was cancelled from outside. Raised by hand it ends the task as cancelled, and
    whoever waits for it takes it for its own cancellation: a caller ends without a word, a task group counts the task
    as cancelled and reports no error, ``except Exception`` does not see it. An error of its own says what happened.

Bad:
    import asyncio


    async def download(connection, limit):
        received = await connection.read()
        if len(received) > limit:
            raise asyncio.CancelledError("too long")
        return received

Good:
    import asyncio


    async def download(connection, limit):
        received = await connection.read()
        if len(received) > limit:
            raise ValueError("too long")
        return received

Fix:
    None: which error fits is not for a tool to say. To stop a task, cancel it.

Not found:
    A ``raise`` in a handler that takes CancelledError, under a test of what such a handler set, or under a test of
    ``cancelled()``, the kind of an error, or anything else that a call or another object tells: there it may pass a
    cancellation on. Functions that are no coroutines, or never suspend: such a one stands in for one that is
    cancelled. An exception that was kept and is raised later.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_cancel.code.lost.raising import raises_by_hand
from flake8_cancel.rule import Finding, Module, Rule


class CancelledErrorRaisedByHand(Rule):
    code = "CNL903"
    needs = ("raise", "async")
    file_needs = (("CancelledError", "get_cancelled_exc_class"),)
    visits = (ast.Raise,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Raise)
        if module.framework() == "other" or not raises_by_hand(module, node):
            return
        yield self.finding(node, "nobody cancelled this task; raise an error that says what happened instead")
