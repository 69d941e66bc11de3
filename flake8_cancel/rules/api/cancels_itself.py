"""Every task of ``asyncio.all_tasks()`` is cancelled or waited for, the current one among them.

Why:
    ``all_tasks()`` gives the task that calls it too. Cancelled with the others, it is cut off at its next await, in the
    middle of the shutdown that it was to see through, or it counts as cancelled when it ends. Gathered with the others,
    it waits for itself: for ever, and cancelling it then raises RecursionError.

Bad:
    import asyncio


    async def shut_down():
        tasks = asyncio.all_tasks()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

Good:
    import asyncio


    async def shut_down():
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

Fix:
    The current task is left out. Safe, but where the tasks go to ``asyncio.wait()``: that raises ValueError when there
    is no other task. There is no fix where the tasks are also counted, printed, or put to another use.

Not found:
    Tasks of a loop that may be another one. Tasks chosen by a condition other than ``done()``, handed to a function or
    changed in place; and loops that leave some of them out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.lost.everyone import Treated, treated
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class CancelsItself(Rule):
    code = "CNL205"
    needs = ()
    file_needs = ("all_tasks",)
    visits = (ast.Call,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Call)
        if module.name(node.func) != "asyncio.all_tasks" or not module.in_coroutine(node):
            return
        found = treated(module, node) or []
        harmful = [one for one in found if one.is_cancelled or one.is_awaited]
        if not harmful:
            return
        what = "is cancelled with the others" if harmful[0].is_cancelled else "would wait for itself"
        message = f"all_tasks() holds the current task too, which {what}; leave out current_task()"
        repair = self._mend(node, harmful) if harmful == found else None
        yield self.finding(node, message, _path(node, harmful), repair)

    def _mend(self, call: ast.Call, found: list[Treated]) -> Repair:
        return self.repair(call, not any(one.needs_one for one in found))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        current = cst.Set([cst.Element(cst.Call(edit.name("asyncio.current_task")))])
        return cst.BinaryOperation(cst.ensure_type(node, cst.Call), cst.Subtract(), current)


def _path(call: ast.Call, found: list[Treated]) -> list[tuple[ast.AST, str]]:
    first: tuple[ast.AST, str] = (call, "the current task is among them")
    return [first, *((one.node, "cancelled here" if one.is_cancelled else "waited for here") for one in found)]
