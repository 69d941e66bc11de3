"""The builtin TimeoutError is caught where asyncio, before Python 3.11, raises a class of its own.

Why:
    ``asyncio.TimeoutError`` is the builtin since Python 3.11. On 3.10 it is another class, and neither is a base of the
    other: a handler for the builtin does not take what ``wait_for`` raises when the time is over.

Bad:
    # target: 3.10
    import asyncio


    async def fetch(session, url):
        try:
            return await asyncio.wait_for(session.get(url), 10)
        except TimeoutError:
            return None

Good:
    # target: 3.10
    import asyncio


    async def fetch(session, url):
        try:
            return await asyncio.wait_for(session.get(url), 10)
        except (TimeoutError, asyncio.TimeoutError):
            return None

Fix:
    Safe: asyncio's class beside the builtin, or in its place where nothing else in the block can time out. None where a
    constant names the class.

Not found:
    Code that must run on 3.11 and later only, or that asks for Python's version. A block whose TimeoutError a clause
    of this or another ``try`` of the function takes by asyncio's name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.catchers import Catcher, is_suppress
from flake8_cancel.code.timeouts.mistimed import cannot_be_builtin, too_young, written_timeout
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.code.timeouts.deadlines import Missed
    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement

_NAME = "asyncio.TimeoutError"
_INSTEAD, _BESIDE = "instead", "beside"


class TimeoutErrorOfNewerPython(Rule):
    code = "CNL606"
    needs = ("async", ("except", "with"))
    file_needs = (("TimeoutError", "socket"), ("wait_for", "async_timeout"))
    visits = (ast.ExceptHandler, ast.With)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        catchers: list[Catcher] = [node] if isinstance(node, ast.ExceptHandler) else []
        if isinstance(node, ast.With):
            catchers = [item for item in node.items if is_suppress(module, item)]
        for catcher in catchers:
            late = too_young(module, catcher)
            if late is None:
                continue
            message = "before Python 3.11 a timeout of asyncio is no builtin TimeoutError; catch asyncio.TimeoutError"
            path = ((late.place, "times out here"), (catcher, "not caught here"))
            yield self.finding(catcher, message, path, self._mend(catcher, late, module))

    def _mend(self, catcher: Catcher, late: Missed, module: Module) -> Repair | None:
        written = written_timeout(module, catcher)
        if written is None:
            return None
        if cannot_be_builtin(module, catcher, late):
            return self.repair(written, True, words=(_INSTEAD,))
        target = catcher if isinstance(catcher, ast.ExceptHandler) else catcher.context_expr
        return self.repair(target, True, (written,), (_BESIDE,))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        from flake8_cancel.fix.shapes import beside

        name = edit.name(_NAME)
        if edit.words == (_INSTEAD,):
            return name
        (written,) = edit.nodes
        assert isinstance(written, cst.BaseExpression)
        return beside(node, written, name)
