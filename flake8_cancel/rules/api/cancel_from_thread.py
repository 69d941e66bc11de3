"""A task is cancelled from another thread, and its event loop does not hear of it.

Why:
    Tasks and futures belong to the thread of their event loop. ``cancel()`` from elsewhere is not thread-safe, and does
    not wake the loop: the task goes on waiting until something else happens there, perhaps for ever.
    ``call_soon_threadsafe()`` wakes it.

Bad:
    import asyncio
    import threading


    async def main(work):
        task = asyncio.create_task(work())
        threading.Timer(5, task.cancel).start()
        await asyncio.wait([task])

Good:
    import asyncio
    import threading


    async def main(work):
        task = asyncio.create_task(work())
        threading.Timer(5, task.get_loop().call_soon_threadsafe, [task.cancel]).start()
        await asyncio.wait([task])

Fix:
    Safe: the loop of the task is asked to cancel it. None where the result of ``cancel()`` is used, where it gets
    arguments by keyword, or where the thread's function gets arguments.

Not found:
    Tasks that this file does not show to be tasks, as parameters without annotation. Functions that are called by what
    runs in a thread, or that run an event loop of their own there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.lost.threads import started_by, starter
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.patterns import Matching
from flake8_cancel.code.tree import verb_of
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement

_KINDS = frozenset({Kind.FUTURE, Kind.GATHER, Kind.SHIELD, Kind.TASK})


class CancelFromThread(Rule):
    code = "CNL206"
    needs = ()
    file_needs = ("cancel", (Matching("[Tt]hread"), "Timer", "run_in_executor"))
    visits = (ast.Attribute,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Attribute)
        if node.attr != "cancel" or module.kind(node.value) not in _KINDS:
            return
        parent = module.parent(node)
        call = parent if isinstance(parent, ast.Call) and parent.func is node else None
        start = started_by(module, call, node.value) if call else starter(module, node)
        if start is None:
            return
        message = "cancel() in another thread does not wake the event loop; use loop.call_soon_threadsafe(task.cancel)"
        repair = self._mend_call(call, module) if call else self._mend_start(start, node)
        yield self.finding(call or node, message, [(start, "started in a thread here")], repair)

    def _mend_call(self, call: ast.Call, module: Module) -> Repair | None:
        is_unused = isinstance(module.parent(call), (ast.Expr, ast.Lambda))
        is_plain = is_unused and not call.keywords and _is_chain(call.func)
        return self.repair(call, True, words=("call",)) if is_plain else None

    def _mend_start(self, start: ast.Call, cancel: ast.Attribute) -> Repair | None:
        name = verb_of(start)
        is_last = bool(start.args) and start.args[-1] is cancel and not start.keywords
        if name == "Thread":
            is_last = len(start.keywords) == 1 and not start.args
        if not is_last or not _is_chain(cancel):
            return None
        return self.repair(start, True, (cancel,), (name,))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        call = cst.ensure_type(node, cst.Call)
        if edit.words == ("call",):
            cancel = cst.ensure_type(call.func, cst.Attribute)
            arguments = [cst.Arg(cancel), *call.args]
            return cst.Call(edit.expression("{task}.get_loop().call_soon_threadsafe", task=cancel.value), arguments)
        cancel = cst.ensure_type(edit.nodes[0], cst.Attribute)
        asking = edit.expression("{task}.get_loop().call_soon_threadsafe", task=cancel.value)
        *before, last = call.args
        if edit.words == ("Thread",):
            more = edit.expression("f(args=({cancel},))", cancel=cancel)
        elif edit.words == ("Timer",):
            more = edit.expression("f([{cancel}])", cancel=cancel)
        else:
            more = edit.expression("f({cancel})", cancel=cancel)
        (given,) = cst.ensure_type(more, cst.Call).args
        comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        return call.with_changes(args=[*before, last.with_changes(value=asking, comma=comma), given])


def _is_chain(expression: ast.expr) -> bool:
    """Tell whether an expression may be written twice: names and attributes alone."""
    while isinstance(expression, ast.Attribute):
        expression = expression.value
    return isinstance(expression, ast.Name)
