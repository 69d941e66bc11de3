"""A cancellation or an error leaves a task to itself that the function has made.

Why:
    A task runs on when the function that made it is cancelled. ``await task`` and ``asyncio.gather(...)`` pass the
    cancellation on to what they wait for; every other ``await`` does not, and neither do ``asyncio.wait(...)``, which
    only watches, and ``asyncio.as_completed(...)``. When one task raises, ``asyncio.gather(...)`` raises its error at
    once and leaves the others at work. Whoever called the function believes that all is over, while the task takes the
    next message from the queue, holds its connection, or raises an error that nobody sees.

Bad:
    import asyncio


    async def compare(fetch, left, right):
        first = asyncio.create_task(fetch(left))
        second = asyncio.create_task(fetch(right))
        return await first == await second

Good:
    import asyncio


    async def compare(fetch, left, right):
        async with asyncio.TaskGroup() as group:
            first = group.create_task(fetch(left))
            second = group.create_task(fetch(right))
            return await first == await second

Fix:
    An ``asyncio.TaskGroup`` around the statements from the first task to the last ``await``, where Python 3.11 is the
    target, the tasks are only awaited, and no handler around takes their errors. Unsafe: the error of a task now comes
    out in an ExceptionGroup, and ends the other tasks. Elsewhere a ``finally`` that cancels the tasks and waits for
    them does the same.

Not found:
    What somebody else may hold: a task that is stored, returned, used in a nested function or passed on before the
    function suspends, one with a callback of its own, a shielded one. A function that never waits for the task nor
    cancels it, or comes to its end without it when a wait takes too long, which may mean it to run on. A way out on
    which something is called with what the task was given, or a connection that it was given is closed, for that may
    end it too. Functions with which the event loop ends, as ``asyncio.run()`` has them, those that they await,
    tests and their fixtures; those that run only as tasks which nobody cancels. An error of tasks that take their
    errors themselves, or only sleep. Coroutines that a ``gather`` made tasks of. Tasks that do no harm by themselves:
    of a function of this file that never suspends; of a thread, which runs on whatever happens, or of one that only
    waits for what it gave a thread to do; such as only wait for something, watched until all are over; such as close
    something, where the function has nothing more to wait for behind them, or waits for them only for some time. One
    that is returned when it has had its first turn.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.lost.undisturbed import never_cancelled
from flake8_cancel.code.ownership.holding import holds
from flake8_cancel.code.ownership.orphans import Orphan, Way, orphans
from flake8_cancel.code.ownership.task_grouping import grouping
from flake8_cancel.code.patterns import ASYNC_BLOCK, Matching
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement

# What makes a task, also under another name.
_MAKES = ("create_task", "ensure_future", "as_completed", Matching(r"Task(?:\s*\(| as\b)"))


class TaskOrphaned(Rule):
    code = "CNL503"
    needs = (("await", ASYNC_BLOCK, "yield"),)
    file_needs = (_MAKES,)
    visits = (ast.AsyncFunctionDef,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.AsyncFunctionDef)
        if module.framework() == "other":
            return
        undisturbed = never_cancelled(module, node)
        for orphan in orphans(module, node):
            # At the end of the loop its tasks are cancelled with it.
            if undisturbed and orphan.way is not Way.FAILING:
                continue
            path = ((orphan.made, "made here"), (orphan.place, _words(orphan)))
            yield self.finding(_where(orphan), _message(orphan), path, self._mend(node, orphan, module))

    def _mend(self, function: ast.AsyncFunctionDef, orphan: Orphan, module: Module) -> Repair | None:
        found = grouping(module, function, list(holds(module, function))) or grouping(module, function, orphan.holds)
        if found is None:
            return None
        marks = (found.first, found.last, *found.calls, *found.coroutines)
        return self.repair(function, False, marks, (str(len(found.calls)),))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        from flake8_cancel.fix.shapes import in_task_group

        first, last, *calls = edit.nodes
        made = int(edit.words[0])
        return in_task_group(edit, node, first, last, calls[:made], calls[made:])


def _where(orphan: Orphan) -> ast.AST:
    """Return where to look: the clause that does too little, the wait that lets the tasks go, or where they begin."""
    if orphan.clause is not None:
        return orphan.clause
    return orphan.made if orphan.way is Way.UNAWARE else orphan.place


def _message(orphan: Orphan) -> str:
    line = _line(orphan.place)
    if orphan.clause is not None:
        return f"not all that line {line} may raise ends the tasks here; cancel them in a finally"
    if orphan.way is Way.FAILING:
        return "an error of one task leaves the others running; cancel them in a finally, or use asyncio.TaskGroup"
    if isinstance(orphan.place, (ast.Yield, ast.YieldFrom)):
        return f"whoever leaves the generator at line {line} leaves this task running; cancel it in a finally"
    if orphan.way is Way.WATCHING:
        return "a cancellation leaves the tasks running, for this only watches them; cancel them in a finally"
    if orphan.way is Way.AWAITING:
        return "a cancellation leaves the other tasks running; cancel them in a finally, or use asyncio.TaskGroup"
    return f"a cancellation at line {line} leaves this task running; cancel it in a finally, or use asyncio.TaskGroup"


def _words(orphan: Orphan) -> str:
    if orphan.way is Way.FAILING:
        return "an error leaves from here"
    return "left here" if isinstance(orphan.place, (ast.Yield, ast.YieldFrom)) else "cancelled here"


def _line(node: ast.AST) -> int:
    node = node.context_expr if isinstance(node, ast.withitem) else node
    return int(getattr(node, "lineno", 0))
