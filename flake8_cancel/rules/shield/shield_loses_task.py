"""Work is shielded from a cancellation, and nobody has a handle of it.

Why:
    ``asyncio.shield(work())`` makes a task of the coroutine, and only the shield knows it. When the wait is cancelled
    the work runs on, but nobody can wait for it or cancel it any more, a shutdown goes on without it, its error is told
    to nobody, and since the event loop holds its tasks weakly it may be collected in the middle of what was to be
    protected. The documentation of ``shield()`` says so: save a reference to what is passed to it.

Bad:
    import asyncio


    async def transfer(amount):
        await withdraw(amount)
        await asyncio.shield(deposit(amount))


    async def deposit(amount):
        await asyncio.sleep(amount)

Good:
    import asyncio

    _background_tasks: set[asyncio.Task[object]] = set()


    async def transfer(amount):
        await withdraw(amount)
        task = asyncio.create_task(deposit(amount))
        _background_tasks.add(task)
        task.add_done_callback(_background_tasks.discard)
        await asyncio.shield(task)


    async def deposit(amount):
        await asyncio.sleep(amount)

Fix:
    The task goes to a set of the module, and leaves it when it is done. Unsafe: what was collected so far now lives
    until it is done. Where a ``close()`` should wait for the work, keep the task on the object instead. No fix where
    the wait is part of a larger expression, for ``gather()``, whose children are better kept one by one, or where what
    is taken from asyncio itself would be lost all the same: an item of a queue, a new connection.

Not found:
    Calls that this file does not show to give a coroutine or a new task. A task that has a name, if only a local one.
    Coroutines that never suspend, or that ask for their own task and may keep it; a nested function that holds a lock
    over all it does, for which others can wait; threads, pauses and waits that can be repeated (``asyncio.sleep()``,
    ``event.wait()``). A wait whose handler for the cancellation waits for something. A shield that is returned or
    stored. Work on what a ``with`` around it closes: that is shielded-work-outlives-resource.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.ownership.dropping import annotating
from flake8_cancel.code.shield.outliving import outlived
from flake8_cancel.code.shield.shielded import Unkept, is_shield, takes_something, unkept
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class ShieldLosesTask(Rule):
    code = "CNL302"
    needs = ("await",)
    file_needs = ("shield",)
    visits = (ast.Call,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Call)
        if not is_shield(module, node) or module.framework() == "other":
            return
        found = unkept(module, node)
        if found is None or outlived(module, node):
            return
        message = "nobody keeps this task, so it is lost when the wait is cancelled; keep a task and shield that"
        path = ((node, "the only handle is the shield's"), (found.wait, "cancelled here, it runs on out of reach"))
        yield self.finding(node, message, path, self._mend(node, found, module))

    def _mend(self, shield: ast.Call, found: Unkept, module: Module) -> Repair | None:
        parent = module.parent(shield)
        statement = parent if isinstance(parent, ast.Assign) else module.parent(found.wait)
        if not isinstance(statement, (ast.AnnAssign, ast.Assign, ast.Expr, ast.Return)) or shield.keywords:
            return None
        if found.is_gather or not _comes_first(statement.value, shield) or takes_something(module, found.made):
            return None
        words = "task" if found.is_task else "coroutine", *annotating(module)
        return self.repair(statement, False, (shield,), words)

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        from flake8_cancel.fix.shapes import keep_shielded

        return keep_shielded(edit, node, edit.nodes[0], is_task="task" in edit.words)


def _comes_first(value: ast.expr | None, shield: ast.Call) -> bool:
    """Tell whether nothing is evaluated before a shield, which would come after the task is made."""
    while isinstance(value, (ast.Await, ast.Call)) and value is not shield:
        value = value.value if isinstance(value, ast.Await) else next(iter(value.args), None)
    return value is shield
