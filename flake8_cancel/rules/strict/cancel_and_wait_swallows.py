"""A wait for a cancelled task also takes the waiter's own cancellation.

Why:
    ``await task`` raises CancelledError when the task was cancelled, and when the waiter itself is: the handler cannot
    tell the two apart. A test of ``task.cancelled()`` does not help, since a cancellation of the waiter goes into the
    task that it awaits. Whoever cancels the function while the task still cleans up is ignored: a timeout does not fire
    and Ctrl-C is lost. ``asyncio.wait`` raises nothing but the waiter's own cancellation.

Bad:
    import asyncio


    async def end(task: asyncio.Task):
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            print("stopped")

Good:
    import asyncio


    async def end(task: asyncio.Task):
        task.cancel()
        await asyncio.wait([task])
        if task.cancelled():
            print("stopped")
        else:
            task.result()

Fix:
    ``asyncio.wait([task])``, then ``task.result()`` unless the task was cancelled, so that its own error still comes
    out. What the handler did is done if it was cancelled. A handler or ``suppress`` that takes every Exception too and
    does nothing meant to drop the errors of the task: that becomes ``gather(task, return_exceptions=True)``. Both are
    safe, and made where the value is certainly a task and cancelled on every way to the wait, which is all that the
    block holds. For ``gather(*tasks)`` all tasks are waited for and looked at (unsafe: it used to go on after the
    first). Around ``asyncio.wait`` and ``gather(..., return_exceptions=True)`` only the waiter's own cancellation can
    come out: it is let through, as CNL101 and CNL110 do (unsafe). No fix where the value of the await is used, or where
    the handler uses or replaces the exception.

Not found:
    A path chosen by a test of ``cancelling()``, an exception that is kept, and futures, which are done as soon as they
    are cancelled.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.catchers import BROAD_WORDS, NAMING_WORDS, catchers
from flake8_cancel.code.lost.waits import (
    DROP,
    WAIT,
    WAIT_ALL,
    cancelling_call,
    hides_outcomes,
    never_suspends,
    wait_remedy,
)
from flake8_cancel.rule import Finding, Module, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement

_ALSO = "the wait for a cancelled task also takes this function's own cancellation; use asyncio.wait([task])"
_ONLY = "nothing but this function's own cancellation can come here, and it is lost; let it through"


class CancelAndWaitSwallows(Rule):
    code = "CNL901"
    needs = (("except", "with"), "async")
    file_needs = ("cancel", (*NAMING_WORDS, *BROAD_WORDS))
    visits = (ast.ExceptHandler, ast.With, ast.AsyncWith)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        for catcher in catchers(module, node):
            loss = module.loss(catcher, waiting=True)
            if loss is None or never_suspends(module, catcher):
                continue
            call = cancelling_call(module, catcher)
            path = ((call, "cancels the task here"), *loss.path) if call else loss.path
            mend = wait_remedy(module, catcher, loss)
            message = _ONLY if hides_outcomes(module, catcher) else _ALSO
            yield self.finding(catcher, message, path, mend and self.repair(*mend))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        from flake8_cancel.fix import shapes
        from flake8_cancel.fix.letting_through import let_through

        match edit.words, node, edit.nodes:
            case (way,), cst.Try(), (cst.ExceptHandler() as handler, *others) if way == WAIT:
                return shapes.wait_instead_of_try(edit, node, handler, others)
            case (way,), cst.With(), (cst.Call() as call, *caught) if way == WAIT:
                return shapes.wait_instead_of_suppress(edit, node, call, caught)
            case (way,), cst.Try() | cst.With(), (catcher,) if way == DROP:
                return shapes.gather_instead(edit, node, catcher)
            case (way,), cst.Try() | cst.With(), (catcher, tasks) if way == WAIT_ALL:
                return shapes.wait_for_all_instead(edit, node, catcher, tasks)
        return let_through(node, edit)
