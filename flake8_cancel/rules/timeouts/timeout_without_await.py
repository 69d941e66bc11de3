"""Nothing in the block of a timeout suspends, so the deadline can never pass.

Why:
    A deadline is a cancellation, and that is raised at an ``await`` alone. While a block computes or waits without one,
    the loop does not turn and no timer fires, however late it is. One ``sleep(0)`` is not enough: the loop goes on with
    the task before it looks at its timers.

Bad:
    import asyncio
    import subprocess


    async def convert(path):
        async with asyncio.timeout(10):
            subprocess.run(["convert", path])

Good:
    import asyncio
    import subprocess


    async def convert(path):
        async with asyncio.timeout(10):
            await asyncio.to_thread(subprocess.run, ["convert", path])

Fix:
    None: what takes the time must be awaited, or the timeout is not needed.

Not found:
    A block that calls nothing, as in tests of timeouts, and one that awaits what may suspend, if only at times. Where a
    loop in it can turn for ever, that is said of the loop: CNL605.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_cancel.code.patterns import ASYNC_BLOCK
from flake8_cancel.code.timed_traces import has_timeout_scope, runs_async_block_through
from flake8_cancel.code.timeouts.deadlines import timeout_items
from flake8_cancel.code.timeouts.spinning import spins
from flake8_cancel.code.timeouts.suspending import never_suspends
from flake8_cancel.code.tree import walk
from flake8_cancel.rule import Finding, Module, Rule


class TimeoutWithoutAwait(Rule):
    code = "CNL603"
    needs = (ASYNC_BLOCK, (runs_async_block_through,))
    file_needs = (("asyncio", "async_timeout"), (has_timeout_scope,))
    visits = (ast.AsyncWith,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.AsyncWith)
        for item in timeout_items(module, node):
            # A loop in it that turns for ever is the mistake, and named as such.
            if not never_suspends(module, item) or _turns_for_ever(module, node):
                continue
            message = "nothing in the timeout's block suspends, so it never fires; await what takes the time in it"
            path = ((item, "the deadline is set here"), (node.body[0], "runs without a suspension"))
            yield self.finding(item, message, path)


def _turns_for_ever(module: Module, block: ast.AsyncWith) -> bool:
    return any(isinstance(node, ast.While) and spins(module, node) is not None for node in walk(block))
