"""In a context manager the cleanup stands behind a bare ``yield``, and an error in the body skips it.

Why:
    What the body of the ``async with`` raises, its cancellation too, is raised in the generator at its ``yield``. With
    no ``try`` around that, the generator is left there, and the cleanup below is for good days only.

Bad:
    import contextlib


    @contextlib.asynccontextmanager
    async def connected(client):
        await client.connect()
        yield client
        await client.disconnect()

Good:
    import contextlib


    @contextlib.asynccontextmanager
    async def connected(client):
        await client.connect()
        try:
            yield client
        finally:
            await client.disconnect()

Fix:
    Safe: the ``yield`` and what follows it go into a ``try``, the cleanup calls alone into its ``finally``. None with
    several ``yield``, with one in a loop or a branch, where other statements stand among the cleanup, or where what it
    gives back is taken in a ``with`` around the ``yield``.

Not found:
    What belongs to success alone, as ``commit()`` and ``flush()``. A ``yield`` in a ``try`` that has handlers: somebody
    thought of errors there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.frameworks import runs_on_asyncio
from flake8_cancel.code.cleanup.framing import framed_teardown
from flake8_cancel.code.cleanup.taking import shown
from flake8_cancel.code.cleanup.teardowns import torn_down
from flake8_cancel.code.traces import gives_back
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement

_MANAGER = "contextlib.asynccontextmanager"


class TeardownAfterBareYield(Rule):
    code = "CNL408"
    needs = ("yield", (gives_back,))
    file_needs = ("asynccontextmanager",)
    visits = (ast.Yield,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Yield)
        function = module.function(node)
        if not isinstance(function, ast.AsyncFunctionDef) or not runs_on_asyncio(module):
            return
        if not any(module.name(decorator) == _MANAGER for decorator in function.decorator_list):
            return
        giving = torn_down(module, function, node)
        if giving is None:
            return
        when = "when the server is cancelled" if function.name == "lifespan" else "when the body fails or is cancelled"
        message = f"{shown(giving)} is skipped {when}; put it in a finally"
        yield self.finding(node, message, [(node, "cancelled here")], self._mend(node, function, module))

    def _mend(self, node: ast.Yield, function: ast.AsyncFunctionDef, module: Module) -> Repair | None:
        frame = framed_teardown(module, function, node)
        return self.repair(frame.owner, True, (frame.first, frame.last, *frame.releases)) if frame else None

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        from flake8_cancel.fix.shapes import wrap_in_finally

        first, last, *releases = edit.nodes
        return wrap_in_finally(node, first, last, releases)
