"""A scope of asyncio is entered with a plain ``with``, or what is no scope at all with ``async with``.

Why:
    ``asyncio.timeout()``, ``asyncio.TaskGroup()`` and asyncio's locks can only be entered by ``async with``: a plain
    ``with`` raises TypeError (AttributeError before Python 3.11), and nothing inside it is ever run. And
    ``asyncio.shield()`` gives a future, which is awaited: no block of statements can be shielded.

Bad:
    import asyncio


    async def fetch(client):
        with asyncio.timeout(5):
            return await client.get()

Good:
    import asyncio


    async def fetch(client):
        async with asyncio.timeout(5):
            return await client.get()

Fix:
    Safe, since the block could only fail: ``async with``. There is no fix in a function that is no coroutine function,
    where a manager of another kind is entered by the same ``with``, and for ``shield()``.

Not found:
    A manager that this file does not show to be asyncio's own. A place where the code looks at the type first, or
    names TypeError or AttributeError in a handler.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.lost.guards import is_expected, is_told_apart
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.patterns import has_plain_with
from flake8_cancel.code.timed_traces import has_timeout_scope
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement

_SCOPES: dict[Kind | None, str] = {
    Kind.BARRIER: "an asyncio barrier",
    Kind.CONDITION: "an asyncio condition",
    Kind.LOCK: "an asyncio lock",
    Kind.SEMAPHORE: "an asyncio semaphore",
    Kind.TASK_GROUP: "a TaskGroup",
    Kind.TIMEOUT: "an asyncio timeout",
}
_MANAGERS = {"contextlib.AsyncExitStack": "an AsyncExitStack", "contextlib.aclosing": "aclosing()"}


class AsyncScopeEnteredWithWith(Rule):
    code = "CNL207"
    needs = (("shield", has_plain_with),)
    file_needs = (
        ("asyncio", "async_timeout", "contextlib"),
        (
            "AsyncExitStack",
            "Barrier",
            "BoundedSemaphore",
            "Condition",
            "Lock",
            "Semaphore",
            "TaskGroup",
            "Timeout",
            "aclosing",
            "shield",
            has_timeout_scope,
        ),
    )
    visits = (ast.With, ast.AsyncWith)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, (ast.With, ast.AsyncWith))
        for item in node.items:
            manager = item.context_expr
            message = _mistake(node, manager, module)
            if not message or is_told_apart(module, manager, "__enter__", "__aenter__", at=node):
                continue
            if is_expected(module, manager, "builtins.TypeError", "builtins.AttributeError"):
                continue
            yield self.finding(manager, message, repair=self._mend(node, module))
            # One word is missing, whatever else the statement enters.
            return

    def _mend(self, node: ast.With | ast.AsyncWith, module: Module) -> Repair | None:
        if not module.in_coroutine(node) or not all(_scope(item.context_expr, module) for item in node.items):
            return None
        return self.repair(node, True)

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        return cst.ensure_type(node, cst.With).with_changes(asynchronous=cst.Asynchronous())


def _mistake(node: ast.With | ast.AsyncWith, manager: ast.expr, module: Module) -> str | None:
    if module.kind(manager) is Kind.SHIELD:
        return "shield() gives a future, which cannot be entered; await it"
    scope = _scope(manager, module)
    if not scope or isinstance(node, ast.AsyncWith):
        return None
    where = "" if module.in_coroutine(node) else " in a coroutine function"
    return f"{scope} cannot be entered by a plain with; use async with{where}"


def _scope(manager: ast.expr, module: Module) -> str | None:
    """Return what can be entered by ``async with`` alone, in words, None for anything else."""
    if isinstance(manager, ast.Call) and (name := module.name(manager.func)) in _MANAGERS:
        return _MANAGERS[name]
    return _SCOPES.get(module.kind(manager))
