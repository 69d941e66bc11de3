"""The cancellation of a task also ends the function that cancelled it and waits for it.

Why:
    ``await task`` raises CancelledError when the task was cancelled, and ``await asyncio.gather(*tasks)`` when one of
    the tasks was. Nobody cancelled the function that waits, yet it ends there as if somebody had: what it has still to
    do is not done, and whoever waits for it is told that it was cancelled. ``asyncio.wait`` raises nothing but the
    waiter's own cancellation. Where a handler takes the CancelledError, all that follows in its ``try`` is skipped:
    the next task of a loop is never cancelled, the connection never closed.

Bad:
    import asyncio


    async def end(task: asyncio.Task, connection):
        task.cancel()
        await task
        await connection.say_goodbye()

Good:
    import asyncio


    async def end(task: asyncio.Task, connection):
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()
        await connection.say_goodbye()

Fix:
    ``asyncio.wait([task])``, then ``task.result()`` unless the task was cancelled, so that its own error still comes
    out; safe, unless a handler takes the CancelledError, for it may do something then. For ``gather(*tasks)`` all tasks
    are waited for and looked at (unsafe: their values are asked for one by one). No fix for ``gather(first, second)``,
    the future of ``gather`` and a collection that can be gone through once.

Not found:
    A wait in a handler, ``suppress`` or manager that may take the CancelledError, unless more is waited for or ended
    right behind it. A task of a function of this file that may end normally when it is cancelled, unless it may be
    cancelled before it begins: a method starts it and another ends it and has more to do, and neither awaits anything
    before. A task that was waited for before. A wait whose value is used, or with nothing more to do after it, unless
    it stands in a ``stop()``, ``close()`` or the like: there it is the caller that has more to do. A wait in a test
    that expects an error of it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.lost.cancellers import Ended, ended_by_child
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class CancellerCancelled(Rule):
    code = "CNL505"
    needs = ("cancel", "await")
    visits = (ast.Await,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Await)
        statement = module.parent(node)
        if not isinstance(statement, ast.Expr) or module.framework() == "other":
            return
        ended = ended_by_child(module, node)
        if ended is None:
            return
        whose = "a task that is cancelled before it begins" if ended.is_not_begun else "the cancelled task"
        message = f"the CancelledError of {whose} {_where(ended, module.function(node))}; use {_way_out(ended)}"
        path = ((ended.cancel, "cancels the task here"), (node, "its CancelledError comes out here"))
        yield self.finding(node, message, path, self._mend(statement, ended))

    def _mend(self, statement: ast.Expr, ended: Ended) -> Repair | None:
        if ended.tasks is None:
            return None
        is_safe = not (ended.several or ended.is_taken)
        return self.repair(statement, is_safe, (ended.tasks,), ("tasks" if ended.several else "task",))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        from flake8_cancel.fix.shapes import wait_for_task, wait_for_tasks

        (tasks,) = edit.nodes
        assert isinstance(tasks, cst.BaseExpression)
        wait = wait_for_tasks if edit.words == ("tasks",) else wait_for_task
        return cst.FlattenSentinel(wait(edit, tasks))


def _where(ended: Ended, function: ast.AST | None) -> str:
    missed = ended.missed
    if missed is None:
        return f"comes out of {getattr(function, 'name', '')}(), which nobody cancelled"
    node = missed.context_expr if isinstance(missed, ast.withitem) else missed
    line = f"line {getattr(node, 'lineno', 0)}"
    return f"skips {line}, though it is caught" if ended.is_taken else f"ends this function too, before {line}"


def _way_out(ended: Ended) -> str:
    return "asyncio.wait(tasks)" if ended.several else "asyncio.wait([task])"
