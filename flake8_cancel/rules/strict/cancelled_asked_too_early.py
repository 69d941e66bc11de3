"""A task is asked whether it is cancelled directly after ``cancel()``, when it cannot be yet.

Why:
    ``task.cancel()`` only asks: CancelledError is raised in the task in a later turn of the event loop, so right after
    it ``task.cancelled()`` and ``task.done()`` are False. Whoever takes that for an error always finds one. Only a
    future is cancelled at once.

Bad:
    import asyncio


    async def end(task: asyncio.Task):
        task.cancel()
        assert task.cancelled()

Good:
    import asyncio


    async def end(task: asyncio.Task):
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

Fix:
    None: what is asked may be left out, or asked when the task is done.

Not found:
    A question whose answer does not lead straight to an ``assert``, a ``raise`` or a log. One in another block than the
    ``cancel()``. Futures, which are cancelled at once.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_cancel.code.lost.asking_early import cancelled_just_before
from flake8_cancel.rule import Finding, Module, Rule


class CancelledAskedTooEarly(Rule):
    code = "CNL907"
    needs = ("cancel", ("cancelled", "done"), ("assert", "if"))
    visits = (ast.Call,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Call)
        method = node.func
        if not isinstance(method, ast.Attribute) or method.attr not in ("cancelled", "done") or node.args:
            return
        if module.framework() == "other":
            return
        cancel = cancelled_just_before(module, node)
        if cancel is None:
            return
        message = f"{method.attr}() is False right after cancel(), which only asks; wait for the task first"
        path = ((cancel, "the cancellation is asked for here"), (node, "and has not arrived here"))
        yield self.finding(node, message, path)
