"""A TimeoutError is caught inside of the ``asyncio.timeout`` block that raises it only where it ends.

Why:
    Inside of the block a deadline is a cancellation: what is awaited raises CancelledError, and the block turns that
    into TimeoutError on its way out. A handler for TimeoutError inside of it never runs when the time is over, and the
    error leaves the function.

Bad:
    import asyncio


    async def next_job(queue: asyncio.Queue):
        async with asyncio.timeout(10):
            try:
                return await queue.get()
            except TimeoutError:
                return None

Good:
    import asyncio


    async def next_job(queue: asyncio.Queue):
        try:
            async with asyncio.timeout(10):
                return await queue.get()
        except TimeoutError:
            return None

Fix:
    The ``try`` goes around the block. Unsafe: the handler runs at other times, and with no limit to what it does. None
    where the block holds more than the ``try``, or the ``try`` more than the one handler.

Not found:
    A handler around what may time out by itself: ``wait_for``, another timeout, a socket, a call that is given a
    timeout, and everything unknown unless the ``try`` is all that the block waits in. A TimeoutError of the block that
    another clause of the function takes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.catchers import Catcher, is_suppress
from flake8_cancel.code.patterns import ASYNC_BLOCK, has_plain_with
from flake8_cancel.code.timed_traces import catches_in_async_block, has_timeout_scope
from flake8_cancel.code.timeouts.mistimed import caught_inside
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class TimeoutCaughtInside(Rule):
    code = "CNL601"
    needs = (ASYNC_BLOCK, ("except", has_plain_with), (catches_in_async_block,))
    file_needs = (("asyncio", "async_timeout"), (has_timeout_scope,))
    visits = (ast.ExceptHandler, ast.With)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        catchers: list[Catcher] = [node] if isinstance(node, ast.ExceptHandler) else []
        if isinstance(node, ast.With):
            catchers = [item for item in node.items if is_suppress(module, item)]
        for catcher in catchers:
            late = caught_inside(module, catcher)
            if late is None:
                continue
            message = "the TimeoutError is raised where the timeout's block ends, not in it; catch it around the block"
            path = ((late.setter, "the deadline is set here"), (late.place, "times out here"))
            yield self.finding(catcher, message, path, self._mend(catcher, late.setter, module))

    def _mend(self, catcher: Catcher, item: ast.AST, module: Module) -> Repair | None:
        block, around = module.parent(catcher), module.parent(item)
        assert isinstance(around, ast.AsyncWith)
        if around.body != [block] or len(around.items) > 1 or not isinstance(block, ast.Try):
            return None
        is_alone = block.handlers == [catcher] and not block.orelse and not block.finalbody
        return self.repair(around, False, (block,)) if is_alone else None

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        from flake8_cancel.fix.shapes import tried_around

        (block,) = edit.nodes
        return tried_around(cst.ensure_type(node, cst.With), cst.ensure_type(block, cst.Try))
