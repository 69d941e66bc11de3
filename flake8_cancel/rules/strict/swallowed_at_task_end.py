"""A function that nothing in this file awaits ends normally when it is cancelled.

Why:
    ``task.cancelled()`` is False afterwards. As long as nobody asks, nothing is lost; but once the function is awaited
    directly, or under a timeout, the same handler loses the caller's cancellation. The same goes for what a file leaves
    to others to run: a registered callback, the body of ``asyncio.run``, a hook that a base class calls, a job that is
    done at intervals for ever, an async generator that a response goes through.

Bad:
    import asyncio


    async def job():
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            print("stopped")


    def start():
        return asyncio.create_task(job())

Good:
    import asyncio


    async def job():
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            print("stopped")
            raise


    def start():
        return asyncio.create_task(job())

Fix:
    As CNL110: ``raise`` at the end of the handler, or the handler is removed. Unsafe; none where this file cancels the
    task and awaits it without a handler.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.catchers import BROAD_WORDS, NAMING_WORDS, catchers
from flake8_cancel.code.lost.losses import what_goes_on
from flake8_cancel.code.lost.remedies import remedy
from flake8_cancel.code.lost.task_ends import ends_task
from flake8_cancel.rule import Finding, Module, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class SwallowedAtTaskEnd(Rule):
    code = "CNL904"
    needs = (("except", "with"), "async")
    file_needs = ((*NAMING_WORDS, *BROAD_WORDS),)
    visits = (ast.ExceptHandler, ast.With, ast.AsyncWith)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        for catcher in catchers(module, node):
            loss = module.loss(catcher)
            if loss is None or not ends_task(module, catcher, loss):
                continue
            message = f"the cancellation is swallowed and {what_goes_on(loss, 'task')}; raise it again"
            mend = remedy(module, catcher, loss)
            yield self.finding(catcher, message, loss.path, mend and self.repair(*mend))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        from flake8_cancel.fix.letting_through import let_through

        return let_through(node, edit)
