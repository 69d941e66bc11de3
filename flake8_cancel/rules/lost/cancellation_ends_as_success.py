"""A handler takes a CancelledError and the function ends as if it had finished.

Why:
    The task counts as done, not as cancelled: ``asyncio.timeout`` around it gives no TimeoutError, ``wait_for`` returns
    None in its place (since 3.9), a parent that waits for it loses its own cancellation too, and after Ctrl-C
    ``asyncio.run`` returns normally (since 3.11).

Bad:
    import asyncio


    async def send(writer, data):
        writer.write(data)
        try:
            await writer.drain()
        except asyncio.CancelledError:
            print("cancelled")

Good:
    import asyncio


    async def send(writer, data):
        writer.write(data)
        try:
            await writer.drain()
        except asyncio.CancelledError:
            print("cancelled")
            raise

Fix:
    As CNL101: ``raise`` at the end of the handler; a handler that does nothing is removed, a tuple of classes is split.
    Unsafe: whoever cancels the function and waits for it without a handler gets a CancelledError now. No fix where that
    canceller stands in the same file, or where the rest of a ``finally`` around would be skipped; what directly follows
    goes into a ``finally`` of its own.

Not found:
    A function that this file only ever starts as a task, or leaves to others to run (a callback or command that is
    registered, the body of ``asyncio.run``, a private method that is not used here, a job that is done at intervals for
    ever, an async generator that is given to a response of another file), and a private one that is the last thing
    which such a function awaits: that one is CNL904, for nobody may look at its end. And all that CNL101 leaves alone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.catchers import NAMING_WORDS, names_cancelled
from flake8_cancel.code.lost.losses import ENDS, what_goes_on
from flake8_cancel.code.lost.remedies import remedy
from flake8_cancel.code.lost.task_ends import ends_task
from flake8_cancel.rule import Finding, Module, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class CancellationEndsAsSuccess(Rule):
    code = "CNL110"
    needs = ("except", "async")
    file_needs = (NAMING_WORDS,)
    visits = (ast.ExceptHandler,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.ExceptHandler)
        if not names_cancelled(module, node):
            return
        loss = module.loss(node)
        if loss is None or loss.kind != ENDS:
            return
        # Who starts a task may never ask how it ended: CNL904.
        if ends_task(module, node, loss):
            return
        message = f"the cancellation is swallowed and {what_goes_on(loss)}; raise it again"
        mend = remedy(module, node, loss)
        yield self.finding(node, message, loss.path, mend and self.repair(*mend))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        from flake8_cancel.fix.letting_through import let_through

        return let_through(node, edit)
