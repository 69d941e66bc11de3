"""The result of ``cancel()``, a bool, is awaited.

Why:
    ``cancel()`` only asks for the cancellation, and says by a bool whether it could (``None`` for a timer handle). A
    bool cannot be awaited: the task is cancelled, and in the same moment ``await`` raises TypeError in whoever
    cancelled it. Where a broad handler takes that error, nobody ever waits for the task.

Bad:
    import asyncio


    async def stop(task: asyncio.Task):
        await task.cancel()

Good:
    import asyncio


    async def stop(task: asyncio.Task):
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()

Fix:
    Safe, since the await could only fail. A task is cancelled and then waited for; its own error still comes out, its
    cancellation does not. Those that a loop cancels are waited for behind it, all at once. Futures and handles are
    done at once, so there the ``await`` goes. There is no fix where the value of the await is used, nor for the current
    task.

Not found:
    A task that this file does not show to be one, and an object of another library: its ``cancel()`` may well be a
    coroutine function. A bool that goes to ``gather()`` or ``wait_for()``, or is awaited later by a name. A place where
    the code looks at the type first, or names TypeError in a handler.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.lost.guards import is_expected, is_told_apart
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.ownership.cancel_loops import cancel_loop
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement

_BOOL = frozenset({Kind.FUTURE, Kind.GATHER, Kind.SHIELD, Kind.TASK, Kind.THREAD_FUTURE})
_NONE = frozenset({Kind.HANDLE, Kind.TIMER_HANDLE})


class CancelAwaited(Rule):
    code = "CNL202"
    needs = ("await", "cancel")
    visits = (ast.Await,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Await)
        call = node.value
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.func.attr != "cancel":
            return
        receiver = call.func.value
        kind = module.kind(receiver)
        if kind not in _BOOL | _NONE:
            return
        if is_told_apart(module, receiver) or is_expected(module, node, "builtins.TypeError"):
            return
        given = "a bool" if kind in _BOOL else "None"
        way_out = "call it, then await asyncio.wait([task])" if kind is Kind.TASK else "call it without await"
        message = f"cancel() returns {given}, which cannot be awaited; {way_out}"
        yield self.finding(call, message, repair=self._mend(node, receiver, module))

    def _mend(self, node: ast.Await, receiver: ast.expr, module: Module) -> Repair | None:
        statement = module.parent(node)
        if not isinstance(statement, ast.Expr) or _is_current(receiver, module):
            return None
        if module.kind(receiver) is not Kind.TASK:
            return self.repair(statement, True, (node,), ("call",))
        assert isinstance(node.value, ast.Call)
        loop = cancel_loop(module, node.value)
        if loop is not None and loop.is_simple:
            return self.repair(loop.loop, True, (node, statement, receiver), (loop.which,))
        return self.repair(statement, True, (node,), ("wait",))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        from flake8_cancel.fix.shapes import cancel_and_wait, wait_behind_loop

        if edit.words[0] == "wait":
            return cancel_and_wait(edit, node)
        call = cst.Expr(cst.ensure_type(edit.nodes[0], cst.Await).expression)
        if not isinstance(node, cst.For):
            return call
        _, cancel, task = edit.nodes
        assert isinstance(task, cst.BaseExpression)
        return wait_behind_loop(edit, node, cancel, task, edit.words[0], call)


def _is_current(receiver: ast.expr, module: Module) -> bool:
    value = module.value(receiver)
    return isinstance(value, ast.Call) and module.name(value.func) == "asyncio.current_task"
