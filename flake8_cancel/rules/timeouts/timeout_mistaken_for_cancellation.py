"""A handler for CancelledError waits for a timeout, which is a TimeoutError where the handler stands.

Why:
    ``wait_for`` and ``asyncio.timeout`` cancel what they limit and turn that cancellation into a TimeoutError before
    anybody outside sees it. So the handler never runs when the time is over, and the TimeoutError leaves the function;
    it runs when somebody really cancels the task, and takes that for a timeout.

Bad:
    import asyncio


    async def fetch(session, url):
        try:
            return await asyncio.wait_for(session.get(url), 10)
        except asyncio.CancelledError:
            print(f"{url} timed out")
            return None

Good:
    import asyncio


    async def fetch(session, url):
        try:
            return await asyncio.wait_for(session.get(url), 10)
        except TimeoutError:
            print(f"{url} timed out")
            return None

Fix:
    The right class, ``asyncio.TimeoutError`` where the code must run on Python 3.10. Unsafe: the handler will run at
    other times.

Not found:
    A handler that does not speak of a timeout: it may be there for a cancellation. One inside of the timeout's own
    block, where the deadline still is a cancellation. A TimeoutError that another clause of the function takes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.timeouts.mistimed import mistaken_timeout
from flake8_cancel.rule import Finding, Module, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class TimeoutMistakenForCancellation(Rule):
    code = "CNL604"
    needs = ("async", "except")
    file_needs = ("CancelledError", ("async_timeout", "timeout", "timeout_at", "wait_for"))
    visits = (ast.ExceptHandler,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.ExceptHandler)
        late = mistaken_timeout(module, node)
        if late is None or node.type is None:
            return
        right = "TimeoutError" if module.facts.target >= (3, 11) else "asyncio.TimeoutError"
        article = "an" if right.startswith("a") else "a"
        message = f"a timeout is {article} {right} here, no CancelledError; catch that one"
        path = ((late.place, "times out here"), (node, "not caught here"))
        yield self.finding(node, message, path, self.repair(node.type, False, words=(right,)))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        return edit.name(edit.words[0])
