"""The CancelledError of ``concurrent.futures`` is caught where asyncio raises its own, or the other way round.

Why:
    Up to Python 3.7 both names were one class. Since then an await raises ``asyncio.CancelledError``, a BaseException,
    and ``result()`` of a thread's future raises ``concurrent.futures.CancelledError``, an Exception; neither handler
    takes the other. So the handler never runs.

Bad:
    import asyncio
    from concurrent.futures import CancelledError


    async def stop(task: asyncio.Task):
        task.cancel()
        try:
            await task
        except CancelledError:
            print("stopped")

Good:
    import asyncio


    async def stop(task: asyncio.Task):
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            print("stopped")

Fix:
    The right name. Unsafe: the handler that never ran will run.

Not found:
    A file that uses ``concurrent.futures`` for more than this name, where its CancelledError may come out of an await;
    a block that calls a function of this file which asks for a ``result()``; an await of what may not be asyncio's.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.catchers import Catcher
from flake8_cancel.code.lost.mistaken import mistaken
from flake8_cancel.rule import Finding, Module, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class WrongCancelledError(Rule):
    code = "CNL108"
    needs = (("except", "with"),)
    file_needs = ("CancelledError", ("concurrent", "run_coroutine_threadsafe"))
    visits = (ast.ExceptHandler, ast.With)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        if module.framework() == "other":
            return
        catchers: list[Catcher] = [node] if isinstance(node, ast.ExceptHandler) else []
        if isinstance(node, ast.With):
            catchers = [item for item in node.items if _is_suppress(module, item)]
        for catcher in catchers:
            found = mistaken(module, catcher)
            if found is None:
                continue
            message = f"what is cancelled here raises {found.right}, which this does not take; name that one"
            path = ((found.raised, "cancelled here"), (catcher, "not caught here"))
            yield self.finding(catcher, message, path, self.repair(found.written, False, words=(found.right,)))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        return edit.name(edit.words[0])


def _is_suppress(module: Module, item: ast.withitem) -> bool:
    call = item.context_expr
    return isinstance(call, ast.Call) and module.name(call.func) == "contextlib.suppress"
