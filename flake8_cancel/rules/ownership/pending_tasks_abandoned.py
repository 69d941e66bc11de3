"""A wait with a limit leaves tasks pending that nobody looks at any more.

Why:
    ``asyncio.wait`` cancels nothing. With ``timeout=``, or when it waits for the first only, it comes back while other
    tasks are still at work, and these run on: the loser of a race takes the next message and throws it away, a slow
    request keeps its connection, and at the end asyncio says "Task was destroyed but it is pending!".

Bad:
    import asyncio


    async def first_of(fetch, mirrors):
        tasks = [asyncio.create_task(fetch(mirror)) for mirror in mirrors]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()

Good:
    import asyncio


    async def first_of(fetch, mirrors):
        tasks = [asyncio.create_task(fetch(mirror)) for mirror in mirrors]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        return done.pop().result()

Fix:
    All tasks of the wait are cancelled and waited for in a ``finally``; for those that are done that means nothing.
    Unsafe: the function now waits for the slow ones to clean up. No fix where the wait is part of a larger expression,
    or where some of what it waits for was not made by the function.

Not found:
    Tasks and futures that the function did not make, or that somebody else may hold too. Tasks of which something is
    said, done or asked on every way behind the wait. Functions with which the event loop ends, as ``asyncio.run()`` has
    them, what these wait for last, and tests. Files with a function that ends what is left of ``all_tasks()``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.ownership.orphans import Abandoned, abandoned, waited_for
from flake8_cancel.code.patterns import Matching
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement

# Not the end of "await".
# What makes a task, also under another name.
_MAKES = ("create_task", "ensure_future", Matching(r"Task(?:\s*\(| as\b)"))


class PendingTasksAbandoned(Rule):
    code = "CNL504"
    needs = ("await", ("timeout", "FIRST_COMPLETED", "FIRST_EXCEPTION", "return_when", "**"), "wait")
    file_needs = (_MAKES,)
    visits = (ast.AsyncFunctionDef,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.AsyncFunctionDef)
        if module.framework() == "other":
            return
        for found in abandoned(module, node):
            message = "what is still pending here runs on, and nobody looks at it; cancel it and wait for it"
            path = ((found.holds[0].call, "made here"), (found.wait, "left pending here"))
            yield self.finding(found.wait, message, path, self._mend(found, module))

    def _mend(self, found: Abandoned, module: Module) -> Repair | None:
        statement, tasks = module.parent(found.wait), waited_for(module, found)
        if not isinstance(statement, (ast.Assign, ast.Expr)) or tasks is None:
            return None
        return self.repair(statement, False, (tasks,))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        from flake8_cancel.fix.shapes import cancel_what_is_left

        (tasks,) = edit.nodes
        return cst.FlattenSentinel(cancel_what_is_left(edit, node, tasks))
