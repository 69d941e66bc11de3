"""The deadline of one waiter cancels a task that others wait for too.

Why:
    ``wait_for()`` and ``timeout()`` cancel what they wait for. When that is a task or future of the object, for which
    other methods wait as well, the deadline of one ends it for all: the others get a CancelledError that nobody meant
    for them, and the work is not done.

Bad:
    import asyncio


    class Client:
        def start(self):
            self._connecting = asyncio.create_task(self._connect())

        async def ready(self):
            await self._connecting

        async def ready_soon(self):
            await asyncio.wait_for(self._connecting, 5)

        async def _connect(self):
            await asyncio.sleep(60)

Good:
    import asyncio


    class Client:
        def start(self):
            self._connecting = asyncio.create_task(self._connect())

        async def ready(self):
            await self._connecting

        async def ready_soon(self):
            await asyncio.wait_for(asyncio.shield(self._connecting), 5)

        async def _connect(self):
            await asyncio.sleep(60)

Fix:
    ``asyncio.shield()`` around the task. Unsafe: what was cancelled by the deadline now runs on.

Not found:
    A task that only one method waits for, if perhaps several times at once. A method that makes, replaces or cancels
    the task, or calls one that does; waiters that end it themselves. Tasks that are not shown to be such, or are kept
    in a collection; a wait for several at once.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.ownership.sharing import shared
from flake8_cancel.code.timed_traces import awaits_what_is_there, has_timeout_scope
from flake8_cancel.rule import Finding, Module, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class WaitForCancelsSharedTask(Rule):
    code = "CNL506"
    needs = ("await", ("wait_for", has_timeout_scope), (awaits_what_is_there,))
    file_needs = ("self", ("asyncio", "async_timeout"), ("wait_for", has_timeout_scope))
    visits = (ast.Await,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Await)
        if module.framework() == "other":
            return
        found = shared(module, node)
        if found is None:
            return
        name = ast.unparse(found.thing)
        other = found.other.lineno
        message = f"this deadline cancels {name} for all who wait for it, as in line {other}; shield it here"
        path = ((node, "the deadline cancels it here"),)
        yield self.finding(found.deadline, message, path, self.repair(found.thing, False))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        assert isinstance(node, cst.BaseExpression)
        return cst.Call(edit.name("asyncio.shield"), [cst.Arg(node)])
