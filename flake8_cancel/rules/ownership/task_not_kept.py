"""A task is made and nobody keeps it.

Why:
    The event loop holds its tasks by weak references only. A task that nobody else holds can be collected in the middle
    of its work (asyncio then says "Task was destroyed but it is pending!"), nobody can cancel it or wait for it, and
    its error is told to nobody. The tasks that ``gather()`` makes of coroutines are no different where nobody waits
    for what it returns.

Bad:
    import asyncio


    async def on_message(message):
        asyncio.create_task(store(message))

Good:
    import asyncio

    _background_tasks: set[asyncio.Task[object]] = set()


    async def on_message(message):
        task = asyncio.create_task(store(message))
        _background_tasks.add(task)
        task.add_done_callback(_background_tasks.discard)

Fix:
    The task goes to a set of the module, and leaves it when it is done. Unsafe: a task that was collected so far, and
    what it holds, now lives until it is done. No fix outside of functions, in a comprehension or where the call is part
    of a larger expression; none for ``gather()``, which is to be awaited. Where the tasks belong to an object, or to
    one stretch of code, a set of that object or ``asyncio.TaskGroup`` serves better.

Not found:
    Tasks of a TaskGroup, which keeps them. A local that holds the task while its function is suspended, a task whose
    only use is ``add_done_callback()``, what a lambda returns, or a helper of this file that does more with the task
    than to return it, or that nobody in this file calls only to drop what it returns. A coroutine function that asks
    for ``asyncio.current_task()`` and may keep itself, and one that waits only for timers and threads, under a
    deadline, for events and queues of asyncio with nothing to clean up then, or for a future that the caller of its
    maker gets, for these hold it. A task that ``__del__`` makes to close something as well as it can.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.ownership.dropping import (
    Dropped,
    annotating,
    dropped,
    dropped_by_caller,
    gathers,
    makes_task,
)
from flake8_cancel.code.ownership.unkept import needs_no_keeper
from flake8_cancel.code.traces import drops_gather
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class TaskNotKept(Rule):
    code = "CNL501"
    needs = ()
    file_needs = (("create_task", "ensure_future", drops_gather),)
    visits = (ast.Call,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Call)
        if module.framework() == "other":
            return
        is_many = gathers(module, node)
        if not is_many and not makes_task(module, node):
            return
        found = dropped(module, node)
        caller = dropped_by_caller(module, node) if found is None else None
        if (found is None and caller is None) or needs_no_keeper(module, node):
            return
        if is_many:
            way_out = "await it" if module.in_coroutine(node) else "keep what gather() returns"
            message = f"nobody keeps the tasks of gather(), so they may be collected before they are done; {way_out}"
            yield self.finding(node, message)
            return
        maker = ast.unparse(node.func).rpartition(".")[2]
        message = f"nobody keeps this task, so it may be collected before it is done; keep what {maker}() returns"
        path = ((caller, "drops what this returns"), (node, "made here")) if caller else ()
        yield self.finding(node, message, path, self._mend(node, found, module) if found else None)

    def _mend(self, call: ast.Call, found: Dropped, module: Module) -> Repair | None:
        if found.statement.value is not call or module.function(call) is None:
            return None
        name = "" if found.name == "_" else found.name
        return self.repair(found.statement, False, (call,), (name, *annotating(module)))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        from flake8_cancel.fix.shapes import keep_in_set

        return keep_in_set(edit, edit.nodes[0], edit.words[0], statement=node)
