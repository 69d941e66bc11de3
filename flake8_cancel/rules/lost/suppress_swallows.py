"""``suppress`` around an await takes the cancellation.

Why:
    ``contextlib.suppress(CancelledError)`` or ``suppress(BaseException)`` ends the cancellation where the block ends,
    and the function goes on as if nobody had cancelled it.

Bad:
    import asyncio
    from contextlib import suppress


    async def flush(queue, writer):
        with suppress(BaseException):
            await writer.drain()
        queue.clear()

Good:
    import asyncio
    from contextlib import suppress


    async def flush(queue, writer):
        with suppress(Exception):
            await writer.drain()
        queue.clear()

Fix:
    ``suppress(Exception)`` in place of BaseException, which never took a cancellation; a CancelledError is dropped from
    the arguments, or the block unwrapped when it was the only one. Safe where the function cannot leave its loop in
    any other way, else unsafe. Cleanup that follows goes into a ``finally``, as in CNL101.

Not found:
    A block that only waits for a task that was cancelled before, or that is asserted to be cancelled: that one is
    CNL901. The last block of a function that this file only ever starts as a task: CNL904. A ``finally`` that waits for
    a shielded task of its own in a loop until it is done, and so is made to bear any number of cancellations.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.catchers import BROAD_WORDS, NAMING_WORDS, suppressing
from flake8_cancel.code.lost.losses import what_goes_on
from flake8_cancel.code.lost.remedies import remedy
from flake8_cancel.code.lost.task_ends import ends_task
from flake8_cancel.rule import Finding, Module, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class SuppressSwallows(Rule):
    code = "CNL103"
    needs = ("with", "async")
    file_needs = ("suppress", (*NAMING_WORDS, *BROAD_WORDS))
    visits = (ast.With, ast.AsyncWith)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, (ast.With, ast.AsyncWith))
        for item in suppressing(module, node):
            loss = module.loss(item)
            # Who starts a task may never ask how it ended: CNL904.
            if loss is None or ends_task(module, item, loss):
                continue
            message = f"suppress takes the cancellation and {what_goes_on(loss)}; suppress only Exceptions"
            mend = remedy(module, item, loss)
            yield self.finding(item, message, loss.path, mend and self.repair(*mend))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        from flake8_cancel.fix.letting_through import let_through

        return let_through(node, edit)
