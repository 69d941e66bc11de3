"""A task is cancelled, and nobody waits until it has cleaned up.

Why:
    ``cancel()`` only asks for the cancellation. The task is told in a later turn of the event loop, and what it does
    then takes as long as it takes: until it is done, it uses what it has. Where its connection is closed meanwhile, or
    another task takes its place, the two get into each other's way; and who waits for a ``stop()`` believes that all is
    over when it is not.

Bad:
    import asyncio


    class Reader:
        def __init__(self, connection):
            self.connection = connection
            self._task = asyncio.create_task(self._read())

        async def _read(self):
            try:
                while True:
                    await self.connection.read()
            finally:
                await self.connection.write("bye")

        async def stop(self):
            self._task.cancel()
            self.connection.close()

Good:
    import asyncio


    class Reader:
        def __init__(self, connection):
            self.connection = connection
            self._task = asyncio.create_task(self._read())

        async def _read(self):
            try:
                while True:
                    await self.connection.read()
            finally:
                await self.connection.write("bye")

        async def stop(self):
            self._task.cancel()
            task = self._task
            await asyncio.wait([task])
            if not task.cancelled():
                task.result()
            self.connection.close()

Fix:
    ``asyncio.wait([task])`` behind the ``cancel()``, then ``task.result()`` unless the task was cancelled, so that its
    own error comes out. Tasks that a loop cancels are waited for behind it, all at once; none where the loop waits,
    or leaves the function. Unsafe: the function now waits, and an error that nobody saw so far is raised in it.

Not found:
    A task of a function that this file does not define, but for one that the caller gave it to run, or that neither
    waits nor uses the thing when it is cancelled.
    A task that the function waits for later, that is handed on, has a done callback, or may come to cancel itself. Of
    a ``stop()`` that forgets its task or is just over: a task that something else in the file waits for. A ``cancel()``
    behind which the function waits for something else first. Tasks of a group, futures and timer handles.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.ownership.cancel_loops import CancelLoop, cancel_loop
from flake8_cancel.code.ownership.leftovers import CLOSED, FORGOTTEN, OVER, REPLACED, Leftover, leftover
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement

_WORDS = {
    CLOSED: "closed here",
    REPLACED: "another task takes its place here",
    FORGOTTEN: "forgotten here",
    OVER: "over here",
}


class CancelledTaskNotAwaited(Rule):
    code = "CNL502"
    needs = ("cancel", "async")
    visits = (ast.Call,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Call)
        if not isinstance(node.func, ast.Attribute) or node.func.attr != "cancel" or module.framework() == "other":
            return
        found = leftover(module, node)
        if found is None:
            return
        why = _what_for(found, module.function(node))
        loop = cancel_loop(module, node)
        way_out = "add await asyncio.wait(tasks) behind the loop" if loop else "add await asyncio.wait([task])"
        message = f"nobody waits for the cancelled task, {why}; {way_out}"
        path = ((node, "cancelled here"), (found.follows, _WORDS[found.why]))
        yield self.finding(node, message, path, self._mend(module.parent(node) or node, node.func.value, loop))

    def _mend(self, statement: ast.AST, task: ast.expr, loop: CancelLoop | None) -> Repair | None:
        if loop is None:
            return self.repair(statement, False, (task,))
        return self.repair(loop.loop, False, (task, statement), (loop.which,)) if loop.is_simple else None

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        from flake8_cancel.fix.shapes import wait_behind_loop, wait_for_task

        task, *cancel = edit.nodes
        assert isinstance(task, cst.BaseExpression)
        if isinstance(node, cst.For):
            return wait_behind_loop(edit, node, cancel[0], task, edit.words[0])
        return cst.FlattenSentinel([node, *wait_for_task(edit, task)])


def _what_for(found: Leftover, function: ast.AST | None) -> str:
    line = found.follows.lineno
    if found.why == OVER:
        return f"which still cleans up when {getattr(function, 'name', '')}() is over"
    if found.why == CLOSED:
        return f"which still uses {found.thing} when line {line} closes it"
    if found.why == REPLACED:
        return f"which still cleans up when line {line} puts another in its place"
    return f"which still cleans up when line {line} forgets it"
