"""A future is given its result though the one who waited for it may have been cancelled.

Why:
    Whoever awaits a future and is cancelled, or runs into a timeout, cancels the future with it. ``set_result()`` and
    ``set_exception()`` then raise InvalidStateError, not where the mistake is but in the code that brings the result:
    the reader of the connection or the worker of the queue dies of one caller that went away. A ``finally``
    that takes the future out of the table comes too late: it runs in a later turn of the event loop than ``cancel()``,
    and the answer may come in between.

Bad:
    import asyncio


    class Client:
        def __init__(self):
            self._waiting = {}

        async def ask(self, key):
            answer = asyncio.get_running_loop().create_future()
            self._waiting[key] = answer
            return await asyncio.wait_for(answer, timeout=10)

        def received(self, key, text):
            answer = self._waiting.pop(key)
            answer.set_result(text)

Good:
    import asyncio


    class Client:
        def __init__(self):
            self._waiting = {}

        async def ask(self, key):
            answer = asyncio.get_running_loop().create_future()
            self._waiting[key] = answer
            return await asyncio.wait_for(answer, timeout=10)

        def received(self, key, text):
            answer = self._waiting.pop(key)
            if not answer.cancelled():
                answer.set_result(text)

Fix:
    Safe: ``if not answer.cancelled():`` around the statement, or ``elif`` where that is all an ``else`` holds; an
    ``if`` that holds nothing else asks for it too, where that fits on its line. What is called for the result, or to
    get the future, is called all the same: it is put into a local above the test; an exception is only made if it is
    given. None where it is part of a larger expression, or where the method is handed to ``call_soon_threadsafe()`` and
    the like: the future may still be cancelled until the loop calls it, so a function that the loop calls has to ask.

Not found:
    A future that nobody awaits in this file and that no public function of it makes for its caller, or that this file
    does not show to be one. A waiter with a manager or a callback that may take the future away when it is cancelled,
    or whose ``finally`` does more than that, or that goes on then; and a place that asks before ``call_soon()``: only
    the same turn of the loop is left for the mistake. A waiter that is begun behind that place alone, or waits behind
    the making of a connection for what its protocol does in ``connection_made()``. A function all of whose callers in
    this file ask, or take the error. Waiters that are tests, or stand beside them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.ownership.asking_first import does_something, has_room, makes_exception
from flake8_cancel.code.ownership.resolving import RESOLVES, Resolving, resolving
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class ResultForCancelledFuture(Rule):
    code = "CNL410"
    needs = (tuple(sorted(RESOLVES)),)
    file_needs = (("await", "return"),)
    visits = (ast.Attribute,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Attribute)
        found = resolving(module, node)
        if found is None:
            return
        asked = f"{ast.unparse(found.future)}.cancelled()" if module.reference(found.future) else "cancelled()"
        # Asked when it is handed over, it may still be cancelled until the loop calls it.
        way_out = f"ask {asked} first" if found.is_called else f"hand over a function that asks {asked} first"
        message = f"{node.attr}() raises InvalidStateError if the waiter was cancelled; {way_out}"
        is_waited_for = isinstance(found.waiter, ast.Await)
        waits = "cancelled here, with what it waits for" if is_waited_for else "who waits for it may be cancelled"
        waited: tuple[ast.AST, str] = (found.waiter, waits)
        words = "raises InvalidStateError here" if found.is_called else "called later, then it raises InvalidStateError"
        path = [waited, (found.node, words)]
        if not found.is_called and module.function(found.node) is module.function(found.waiter):
            # It is handed over before the function begins to wait.
            path.reverse()
        yield self.finding(found.node, message, path, self._mend(found, module))

    def _mend(self, found: Resolving, module: Module) -> Repair | None:
        statement = module.parent(found.node)
        if not found.is_called or not isinstance(statement, ast.Expr):
            return None
        given = [*found.node.args, *(keyword.value for keyword in found.node.keywords)]
        if len(given) != 1 or isinstance(given[0], ast.Starred):
            return None
        calls = does_something(given[0]) and not makes_exception(found.node)
        is_local = isinstance(found.future, ast.Name)
        binds = not is_local and (calls or does_something(found.future))
        around = module.parent(statement)
        if not (binds or calls) and isinstance(around, ast.If) and has_room(around, statement, found.future):
            return self.repair(around, True, [statement])
        return self.repair(statement, True, words=("future" if binds else "", "argument" if calls else ""))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst
        from libcst import matchers

        from flake8_cancel.fix.lines import moved_left

        statement = edit.nodes[0] if edit.nodes else node
        call = cst.ensure_type(cst.ensure_type(statement, cst.Expr).value, cst.Call)
        method = cst.ensure_type(call.func, cst.Attribute)
        future, argument = method.value, call.args[0]
        if edit.nodes:
            around = cst.ensure_type(node, cst.If)
            if around.orelse is None:
                asked = edit.expression("{test} and not {future}.cancelled()", test=around.test, future=future)
                return around.with_changes(test=asked)
            otherwise = cst.ensure_type(around.orelse, cst.Else)
            asked = edit.expression("not {future}.cancelled()", future=future)
            return around.with_changes(orelse=cst.If(asked, otherwise.body, leading_lines=otherwise.leading_lines))
        above = []
        if edit.words[0]:
            name = edit.fresh("future")
            above.append(edit.statement("{name} = {value}\n", name=name, value=future))
            future = cst.Name(name)
        if edit.words[1]:
            name = edit.fresh("result" if method.attr.value == "set_result" else "error")
            value = moved_left(argument.value, call.whitespace_before_args)
            above.append(edit.statement("{name} = {value}\n", name=name, value=value))
            argument = argument.with_changes(value=cst.Name(name))
            if not matchers.findall(call.with_changes(args=[argument]), matchers.Comment()):
                # What was broken into lines is short now.
                call = call.with_changes(whitespace_before_args=cst.SimpleWhitespace(""))
                argument = cst.Arg(argument.value)
        resolve = call.with_changes(func=method.with_changes(value=future), args=[argument])
        test = edit.statement("if not {future}.cancelled():\n    {resolve}\n", future=future, resolve=resolve)
        return cst.FlattenSentinel([*above, test])
