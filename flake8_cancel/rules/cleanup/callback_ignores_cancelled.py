"""A done callback asks its task for the outcome as if it could not have been cancelled.

Why:
    ``result()`` and ``exception()`` of a cancelled task do not return: they raise CancelledError. In a done callback
    nobody catches it. The rest of the callback is skipped, what it was to set or to free stays as it is, and asyncio
    logs "Exception in callback" with a traceback, on every Ctrl-C too, since ``asyncio.run()`` cancels what is left.
    In a loop over finished tasks the error goes on into the function that waited, as if that had been cancelled.
    The same happens to a callback that asks where ``cancelled()`` is true, when it meant where it is false.

Bad:
    import asyncio


    def start(job, results):
        def finished(task):
            results.append(task.result())

        task = asyncio.create_task(job())
        task.add_done_callback(finished)
        return task

Good:
    import asyncio


    def start(job, results):
        def finished(task):
            if task.cancelled():
                return
            results.append(task.result())

        task = asyncio.create_task(job())
        task.add_done_callback(finished)
        return task

Fix:
    Safe: ``if task.cancelled(): return`` directly above the statement that asks, in a loop ``continue``. What stands
    below is skipped as it was, without the error; whether it should not be done for a cancelled task too is for you to
    say. Where the callback gives the outcome to a future of somebody else, that one is cancelled too (unsafe), so that
    its waiter does not wait for ever; where it gives it to several, or to what may be no future, there is no fix. None
    either where the test stands the wrong way round, in a lambda or comprehension, inside a ``try`` or ``with``, and
    where the function is also called otherwise.

Not found:
    A callback of what this file does not show to be a task, or a future that it waits for or cancels; one that another
    file gives to a task; one with a decorator; one that a function takes from its tasks before it cancels them; a
    function that the callback hands its task to; a block whose manager is called in it, and may answer with the error.
    A loop over tasks that this file did not cancel before it waited; a ``result()`` there where another function
    cancels, since that may be meant to end this one as the task ended.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.lost.finished import REGISTERS, Asking, asked_by_callback, asked_by_loop, to_skip
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class CallbackIgnoresCancelled(Rule):
    code = "CNL409"
    needs = ((REGISTERS, "wait"),)
    file_needs = (("exception", "result"), (REGISTERS, "cancel"))
    visits = (ast.Call, ast.For, ast.comprehension)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        if isinstance(node, ast.Call):
            found, since = asked_by_callback(module, node), "its callback is given here"
        else:
            assert isinstance(node, (ast.For, ast.comprehension))
            found, since = asked_by_loop(module, node), "waited for here"
        for asking in found:
            task = asking.task.id
            when, way_out = "if it was cancelled", f"ask {task}.cancelled() first"
            if asking.is_wrong_way:
                when, way_out = f"where {task}.cancelled() is true", "ask it elsewhere"
            message = f"{task}.{asking.verb}() raises CancelledError {when}; {way_out}"
            path = ((asking.since, since), (asking.call, "raises here"))
            yield self.finding(asking.call, message, path, self._mend(asking, module))

    def _mend(self, asking: Asking, module: Module) -> Repair | None:
        skip = to_skip(module, asking)
        if skip is None:
            return None
        if skip.settles:
            return self.repair(skip.statement, False, words=(asking.task.id, "return", ast.unparse(skip.settles)))
        leaves = "continue" if isinstance(asking.turning, ast.For) else "return"
        return self.repair(skip.statement, True, words=(asking.task.id, leaves))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        task, leaves, *futures = edit.words
        cancels = "".join(f"    {future}.cancel()\n" for future in futures)
        test = edit.statement(f"if {{task}}.cancelled():\n{cancels}    {leaves}\n", task=task)
        return cst.FlattenSentinel([test, node])
