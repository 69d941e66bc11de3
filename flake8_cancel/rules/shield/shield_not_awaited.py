"""A shield is made and nobody waits for it.

Why:
    ``asyncio.shield(x)`` keeps the cancellation of who waits for it from ``x``; as a statement it has no waiter and
    protects nothing. The function goes on at once, nothing tells when the work is done or that it failed, and a
    coroutine given to it runs in a task that nobody has a handle of and that may be collected in the middle of it.

Bad:
    import asyncio


    async def leave(session: asyncio.Task):
        asyncio.shield(session)
        print("the session is over")

Good:
    import asyncio


    async def leave(session: asyncio.Task):
        await asyncio.shield(session)
        print("the session is over")

Fix:
    ``await`` before it, and a coroutine goes to a kept task first. Unsafe: the function now waits, and hears of the
    work's error. No fix outside of coroutine functions.

Not found:
    A shield that is assigned to a name which is read, returned or given to a call. A call that a test expects to fail.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.managers import expects_error
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.ownership.dropping import annotating, dropped
from flake8_cancel.code.shield.shielded import is_shield, own_work
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class ShieldNotAwaited(Rule):
    code = "CNL303"
    needs = ()
    file_needs = ("shield",)
    visits = (ast.Call,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Call)
        if not is_shield(module, node) or module.framework() == "other":
            return
        found = dropped(module, node)
        if found is None or expects_error(module, node):
            return
        message = "nobody waits for this shield, so it protects nothing; await it"
        yield self.finding(node, message, repair=self._mend(node, found.statement, module))

    def _mend(self, shield: ast.Call, statement: ast.stmt, module: Module) -> Repair | None:
        if not isinstance(statement, ast.Expr) or statement.value is not shield or not module.in_coroutine(shield):
            return None
        work = None if shield.keywords else own_work(module, shield)
        if work is None:
            return self.repair(statement, False, (shield,))
        kept = {Kind.COROUTINE: "coroutine", Kind.TASK: "task"}.get(module.kind(work) or Kind.NONE)
        return self.repair(statement, False, (shield,), (kept, *annotating(module))) if kept else None

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        from flake8_cancel.fix.shapes import keep_shielded

        (shield,) = edit.nodes
        assert isinstance(shield, cst.Call)
        assert isinstance(node, cst.Expr)
        if edit.words:
            return keep_shielded(edit, node, shield, is_task="task" in edit.words)
        return node.with_changes(value=cst.Await(shield))
