"""Cleanup waits for work that a further cancellation cuts.

Why:
    A ``finally`` block and a handler for CancelledError can be cancelled themselves: a timeout passes while they run,
    or Ctrl-C comes after the first cancellation. The work that they wait for is cut then, in the middle of closing,
    saving or saying goodbye. Where it must be done whatever comes, it needs a task of its own, and a shield.

Bad:
    import asyncio


    async def write(document, changes):
        try:
            async for change in changes:
                document.apply(change)
        finally:
            await document.save()

Good:
    import asyncio

    saving = set()


    async def write(document, changes):
        try:
            async for change in changes:
                document.apply(change)
        finally:
            task = asyncio.ensure_future(document.save())
            saving.add(task)
            task.add_done_callback(saving.discard)
            await asyncio.shield(task)

Fix:
    None: whether the work may be cut, has to end first or may end later is for the author to say.

Not found:
    Waits that only wait for others: ``asyncio.sleep``, ``asyncio.wait``, ``wait_closed()``, events, tasks that
    were cancelled before, and futures and tasks awaited by name; ``async with`` and ``async for``. What has a deadline
    of its own, and what stands under a handler for CancelledError inside the block. Where other cleanup is skipped too,
    CNL404 speaks, and of waits without a bound in a handler for CancelledError CNL905.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_cancel.code.cleanup.blocks import cleanup_blocks
from flake8_cancel.code.cleanup.frameworks import runs_on_asyncio
from flake8_cancel.code.cleanup.unprotected import cut
from flake8_cancel.rule import Finding, Module, Rule


class AwaitInCleanupUnprotected(Rule):
    code = "CNL902"
    needs = (("finally", "except"), "await")
    visits = (ast.Try,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        if not module.in_coroutine(node) or not runs_on_asyncio(module):
            return
        for block in cleanup_blocks(module, node):
            for wait in cut(module, block):
                message = "a further cancellation cuts this cleanup; keep it as a task and await asyncio.shield(task)"
                yield self.finding(wait, message, ((wait, "cancelled here"),))
