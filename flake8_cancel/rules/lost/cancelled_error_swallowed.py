"""A handler takes a CancelledError and the function goes on working.

Why:
    Cancellation is an exception that asyncio raises at an await. A handler that takes it and goes on makes the task
    deaf: a timeout around it never fires, a task group that waits for it never ends, and Ctrl-C does nothing. Only
    ``raise`` gives the cancellation back to the one who asked for it. Since Python 3.13 a swallowed cancellation may
    also come back later, at an unrelated await, when a task group of the same task sees it still counted.

Bad:
    import asyncio


    async def poll(queue):
        while True:
            try:
                item = await queue.get()
                await item.run()
            except asyncio.CancelledError:
                pass

Good:
    async def poll(queue):
        while True:
            item = await queue.get()
            await item.run()

Fix:
    ``raise`` at the end of the handler; a handler that does nothing is removed, a tuple of classes is split, or asked
    for the class where the handler does some work for all of them. Safe where the function cannot leave its loop in any
    other way, since nobody can have relied on that; else unsafe, as in a handler, where the loop may wait on purpose
    for what must be over first. Cleanup that follows would be skipped now, so it goes into a ``finally`` (unsafe). None
    where several paths leave the handler, or where such cleanup stands among other things.

Not found:
    A handler that raises or not by a test of a task (``task.cancelled()``, ``cancelling()``, ``done()``), of a flag
    that the class sets where it cancels, of another object's end (``connection.is_closed``), or of an option by which
    the caller chose what is to become of a cancellation (``ignore_cancelled``). One that keeps the exception, hands it
    on to something other than a log, cancels the future that waits for the function's outcome, cancels the current task
    again, or sets a flag under which it is raised later. One in a function that has the event loop cancel a task at a
    time of its own (``call_later(1, task.cancel)``). Cleanup after an error, behind which that error is raised again,
    as a local tells in which a handler keeps it. A function that runs while its caller holds a cancellation (a
    parameter is one, or it is private and only called in handlers of CancelledError). A handler around nothing but
    waits for a websocket of quart, which tells by a cancellation that the other side is gone. A handler around nothing
    but the wait for a task that was cancelled before: that one is CNL901. What is only the end of a task or of the
    program: CNL904. Tests, fixtures and what only tests of the file run, unless a deadline of their own cancels them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.catchers import NAMING_WORDS, names_cancelled
from flake8_cancel.code.lost.losses import ENDS, REPLACED, what_goes_on
from flake8_cancel.code.lost.remedies import remedy
from flake8_cancel.code.lost.task_ends import ends_task
from flake8_cancel.rule import Finding, Module, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class CancelledErrorSwallowed(Rule):
    code = "CNL101"
    needs = ("except", "async")
    file_needs = (NAMING_WORDS,)
    visits = (ast.ExceptHandler,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.ExceptHandler)
        if not names_cancelled(module, node):
            return
        loss = module.loss(node)
        if loss is None or loss.kind in (ENDS, REPLACED):
            return
        # Who starts a task may never ask how it ended: CNL904.
        if ends_task(module, node, loss):
            return
        message = f"the cancellation is swallowed and {what_goes_on(loss)}; raise it again"
        mend = remedy(module, node, loss)
        yield self.finding(node, message, loss.path, mend and self.repair(*mend))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        from flake8_cancel.fix.letting_through import let_through

        return let_through(node, edit)
