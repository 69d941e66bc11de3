"""A handler takes a CancelledError and raises another exception in its place.

Why:
    Timeouts and task groups know a cancellation by its class: ``asyncio.timeout`` gives no TimeoutError when another
    exception comes out, a task group reports it as an error of its own, and ``task.cancelled()`` is False. Only a
    ``raise CancelledError(...)`` is as good as raising it again.

Bad:
    import asyncio


    async def connect(host):
        try:
            return await asyncio.open_connection(host, 443)
        except (OSError, asyncio.CancelledError) as error:
            raise ConnectionError(host) from error

Good:
    import asyncio


    async def connect(host):
        try:
            return await asyncio.open_connection(host, 443)
        except asyncio.CancelledError:
            raise
        except OSError as error:
            raise ConnectionError(host) from error

Fix:
    A tuple of classes is split, a handler for everything gets a clause above it, a handler that only raises the other
    exception is removed; else ``raise`` in its place. Unsafe: a caller may wait for that one. None for a handler that
    does more for several classes.

Not found:
    A deadline that the function itself set and asks for (``timeout.expired()``, a flag set beside the cancel), another
    object that is asked whether it was closed, and an exception that some call makes (``raise wrapped(error)``). An
    error under a test by which the function was left before it could be cancelled. The CancelledError of
    ``concurrent.futures`` in a task that a thread waits for. A wait for a websocket of quart alone, which tells by a
    cancellation that the other side is gone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.catchers import BROAD_WORDS, NAMING_WORDS, is_broad, names_cancelled
from flake8_cancel.code.lost.losses import REPLACED, what_goes_on
from flake8_cancel.code.lost.remedies import remedy
from flake8_cancel.rule import Finding, Module, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class CancelledErrorReplaced(Rule):
    code = "CNL104"
    needs = ("except", "async")
    file_needs = ((*NAMING_WORDS, *BROAD_WORDS),)
    visits = (ast.ExceptHandler,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.ExceptHandler)
        if not (names_cancelled(module, node) or is_broad(module, node)):
            return
        loss = module.loss(node)
        if loss is None or loss.kind != REPLACED:
            return
        message = f"the cancellation is taken and {what_goes_on(loss)}; let the CancelledError through"
        mend = remedy(module, node, loss)
        yield self.finding(node, message, loss.path, mend and self.repair(*mend))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        from flake8_cancel.fix.letting_through import let_through

        return let_through(node, edit)
