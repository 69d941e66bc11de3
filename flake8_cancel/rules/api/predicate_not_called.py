"""A method of a task, future or timeout is named, but not called.

Why:
    ``task.cancelled`` without parentheses is the method itself, which is always true: ``if task.cancelled:`` takes its
    branch whatever became of the task, ``while not task.done:`` never turns, and ``timeout.expired`` is true in time
    too. As a statement, ``task.cancel`` does nothing at all, and the task runs on.

Bad:
    import asyncio


    async def finish(task: asyncio.Task):
        while not task.done:
            await asyncio.sleep(1)
        if task.cancelled:
            return None
        return task.result()

Good:
    import asyncio


    async def finish(task: asyncio.Task):
        while not task.done():
            await asyncio.sleep(1)
        if task.cancelled():
            return None
        return task.result()

Fix:
    Safe: the parentheses.

Not found:
    A method that is stored, passed on or returned, since it may be called there. A thing that this file does not show
    to be asyncio's own: libraries have tasks whose ``cancelled`` is an attribute.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.lost.guards import is_told_apart
from flake8_cancel.code.meaning.truth import is_asked, is_called_too
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.patterns import Matching
from flake8_cancel.rule import Finding, Module, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement

_CANCEL = "cancel"
_HANDLE = frozenset({_CANCEL, "cancelled"})
_FUTURE = _HANDLE | {"done"}
_METHODS: dict[Kind | None, frozenset[str]] = {
    Kind.FUTURE: _FUTURE,
    Kind.GATHER: _FUTURE,
    Kind.HANDLE: _HANDLE,
    Kind.SHIELD: _FUTURE,
    Kind.TASK: _FUTURE | {"cancelling"},
    Kind.THREAD_FUTURE: _FUTURE | {"running"},
    Kind.TIMEOUT: frozenset({"expired"}),
    Kind.TIMER_HANDLE: _HANDLE,
}
_NAMES = frozenset().union(*_METHODS.values())
_UNCALLED = Matching(rf"\.\s*(?:{'|'.join(sorted(_NAMES))})\b(?![\s\\]*\()")


class PredicateNotCalled(Rule):
    code = "CNL203"
    needs = (tuple(sorted(_NAMES)), _UNCALLED)
    file_needs = (("asyncio", "concurrent"),)
    visits = (ast.Attribute,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Attribute)
        if node.attr not in _NAMES:
            return
        is_dropped = node.attr == _CANCEL and isinstance(module.parent(node), ast.Expr)
        if not is_dropped and not is_asked(module, node):
            return
        if node.attr not in _METHODS.get(module.kind(node.value), ()):
            return
        if is_called_too(module, node):
            return
        if is_told_apart(module, node.value):
            return
        yield self.finding(node, f"{node.attr} is not called; add ()", repair=self.repair(node, True))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        # Parentheses around the method stay around the call.
        return cst.Call(cst.ensure_type(node, cst.Attribute).with_changes(lpar=(), rpar=()))
