"""A task cancels itself: among all of ``asyncio.all_tasks()``, or in a ``close()`` that it comes to.

Why:
    ``all_tasks()`` gives the task that calls it too. Cancelled with the others, it is cut off at its next await, in the
    middle of the shutdown that it was to see through, or it counts as cancelled when it ends. Gathered with the others,
    it waits for itself: for ever, and cancelling it then raises RecursionError. A ``close()`` that ends its object's
    tasks is cut off in the same way where one of them has called it, as a reader does whose connection fails.

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
    is no other task. There is no fix where the tasks are also counted, printed, or put to another use. A ``cancel()``
    of a task that may be the current one is done only if it is another; unsafe, since the task then runs on.

Not found:
    Tasks of a loop that may be another one. Tasks chosen by a condition other than ``done()``, handed to a function or
    changed in place; and loops that leave some of them out. A ``close()`` that a task comes to through something other
    than the methods of its class, or on whose way its attribute is given another value; one that has nothing more to do
    behind the next ``await``, or takes the CancelledError there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.lost.everyone import Treated, treated
from flake8_cancel.code.lost.own_tasks import cut_off
from flake8_cancel.code.patterns import CANCEL_CALL
from flake8_cancel.rule import Finding, Module, Repair, Rule, span

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class CancelsItself(Rule):
    code = "CNL205"
    needs = (("all_tasks", CANCEL_CALL),)
    visits = (ast.Call,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Call)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "cancel":
            yield from self._own(node, module)
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

    def _own(self, call: ast.Call, module: Module) -> Iterator[Finding]:
        found = cut_off(module, call)
        statement = module.parent(call)
        if found is None or statement is None:
            return
        assert isinstance(call.func, ast.Attribute)
        line = span(found.place).line
        message = f"{found.run.name}() comes here too, and cancels itself at line {line}; leave out current_task()"
        awaits = [(wait, "the task comes to this function here") for wait in found.awaits]
        path = [*awaits, (call, "cancelled here"), (found.place, "cut off here")]
        yield self.finding(call, message, path, self.repair(statement, False, (call.func.value,)))

    def _mend(self, call: ast.Call, found: list[Treated]) -> Repair:
        return self.repair(call, not any(one.needs_one for one in found))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        current = cst.Call(edit.name("asyncio.current_task"))
        if edit.nodes:
            (task,) = edit.nodes
            assert isinstance(task, cst.BaseExpression)
            cancel = cst.ensure_type(node, cst.Expr).value
            template = "if {task} is not {current}:\n    {cancel}\n"
            return edit.statement(template, task=task, current=current, cancel=cancel)
        return cst.BinaryOperation(cst.ensure_type(node, cst.Call), cst.Subtract(), cst.Set([cst.Element(current)]))


def _path(call: ast.Call, found: list[Treated]) -> list[tuple[ast.AST, str]]:
    first: tuple[ast.AST, str] = (call, "the current task is among them")
    return [first, *((one.node, "cancelled here" if one.is_cancelled else "waited for here") for one in found)]
