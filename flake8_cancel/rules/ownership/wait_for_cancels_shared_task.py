"""The deadline of one waiter, or its cancellation, cancels a task that others wait for too.

Why:
    ``wait_for()`` and ``timeout()`` cancel what they wait for. When that is a task or future of the object, for which
    other methods wait as well, the deadline of one ends it for all: the others get a CancelledError that nobody meant
    for them, and the work is not done. So it is where a function begins a task that its further callers find and wait
    for: a plain ``await`` cancels the task when the one who stands there is cancelled.

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
    ``asyncio.shield()`` around the task. Unsafe: what was cancelled with its waiter now runs on.

Not found:
    A task that only one method waits for, unless that looks for one in a collection, or in a branch of its own, before
    it begins one. A method that replaces or cancels the task, or calls one that does; waiters that end it themselves,
    or take the cancellation. Tasks that are not shown to be such; a wait for several at once. A deadline for a task
    that is kept in a collection. Waiters under a lock.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.ownership.sharing import shared
from flake8_cancel.code.ownership.single_flight import joins
from flake8_cancel.code.timed_traces import awaits_what_is_there, has_timeout_scope
from flake8_cancel.rule import Finding, Module, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


_MAKERS = ("create_task", "ensure_future")


class WaitForCancelsSharedTask(Rule):
    code = "CNL506"
    needs = ("await", ("wait_for", has_timeout_scope, *_MAKERS), (awaits_what_is_there,))
    file_needs = (("asyncio", "async_timeout"), ("wait_for", has_timeout_scope, *_MAKERS))
    visits = (ast.Await,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Await)
        if module.framework() == "other":
            return
        found = shared(module, node)
        if found is None:
            yield from self._joining(node, module)
            return
        name = ast.unparse(found.thing)
        other = found.other.lineno
        message = f"this deadline cancels {name} for all who wait for it, as in line {other}; shield it here"
        path = ((node, "the deadline cancels it here"),)
        yield self.finding(found.deadline, message, path, self.repair(found.thing, False))

    def _joining(self, wait: ast.Await, module: Module) -> Iterator[Finding]:
        other = joins(module, wait)
        if other is None:
            return
        name = ast.unparse(wait.value)
        where = "" if other is wait else f", as in line {other.lineno}"
        message = f"who is cancelled here cancels {name} for all who wait for it{where}; shield it here"
        path = ((wait, "a cancellation goes into it here"),)
        yield self.finding(wait.value, message, path, self.repair(wait.value, False))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        assert isinstance(node, cst.BaseExpression)
        return cst.Call(edit.name("asyncio.shield"), [cst.Arg(node)])
