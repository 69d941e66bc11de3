"""A bare ``except`` or ``except BaseException`` takes the cancellation and does not raise it again.

Why:
    Since Python 3.8 CancelledError is a BaseException, so that ``except Exception`` lets it through. A broader handler
    around an await takes it with everything else, and the one who cancelled waits for ever, or is told of success.

Bad:
    import asyncio


    async def reconnect(client):
        while True:
            try:
                await client.connect()
            except:
                print("no connection")

Good:
    import asyncio


    async def reconnect(client):
        while True:
            try:
                await client.connect()
            except asyncio.CancelledError:
                raise
            except:
                print("no connection")

Fix:
    Where the handler only logs or goes on, a clause above it that raises the CancelledError again, safe where the
    function cannot leave its loop in any other way; where it does more, ``raise`` at its end when it took a
    cancellation (unsafe), so that what it did for every error is still done. Cleanup that follows goes into a
    ``finally``, as in CNL101.

Not found:
    A handler that keeps the exception or hands it to something other than logging, or leaves it to a manager that is
    named after raising it again; and all that CNL101 leaves alone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.catchers import BROAD_WORDS, is_broad, names_cancelled
from flake8_cancel.code.lost.losses import REPLACED, what_goes_on
from flake8_cancel.code.lost.remedies import remedy
from flake8_cancel.code.lost.task_ends import ends_task
from flake8_cancel.rule import Finding, Module, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class BroadExceptSwallows(Rule):
    code = "CNL102"
    needs = ("except", "async")
    file_needs = (BROAD_WORDS,)
    visits = (ast.ExceptHandler,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.ExceptHandler)
        if not is_broad(module, node) or names_cancelled(module, node):
            return
        loss = module.loss(node)
        if loss is None or loss.kind == REPLACED:
            return
        # Who starts a task may never ask how it ended: CNL904.
        if ends_task(module, node, loss):
            return
        message = f"this handler takes the cancellation too and {what_goes_on(loss)}; raise CancelledError again"
        mend = remedy(module, node, loss)
        yield self.finding(node, message, loss.path, mend and self.repair(*mend))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        from flake8_cancel.fix.letting_through import let_through

        return let_through(node, edit)
