"""Shielded work runs on when what it needs was given back.

Why:
    A shield protects the work, not the block around it. When the wait is cancelled, the ``with`` block ends at once and
    closes its connection, releases its lock or removes its files, while the work runs on and still uses them: it fails,
    works on a connection that somebody else has by now, or changes what the lock was to protect.

Bad:
    import asyncio

    lock = asyncio.Lock()


    async def save(path, data):
        async with lock:
            await asyncio.shield(write(path, data))


    async def write(path, data):
        for chunk in data:
            await asyncio.to_thread(path.write_bytes, chunk)

Good:
    import asyncio

    lock = asyncio.Lock()
    _background_tasks: set[asyncio.Task[object]] = set()


    async def save(path, data):
        task = asyncio.create_task(write(path, data))
        _background_tasks.add(task)
        task.add_done_callback(_background_tasks.discard)
        await asyncio.shield(task)


    async def write(path, data):
        async with lock:
            for chunk in data:
                await asyncio.to_thread(path.write_bytes, chunk)

Fix:
    None: the ``with`` block moves into the work, or the block waits for the work before it ends; which, the code alone
    does not tell.

Not found:
    Things that the ``with`` statement does not name, or that the work is not certainly given: an attribute of it, what
    is made of it, a connection of a transaction. Under a lock, what may only wait for a task that others share: a call
    of a method that this file does not show. A task that is stored or handed on; a handler that waits for the work.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from flake8_cancel.code.shield.outliving import outlived
from flake8_cancel.code.shield.shielded import is_shield
from flake8_cancel.rule import Finding, Module, Rule


class ShieldedWorkOutlivesResource(Rule):
    code = "CNL304"
    needs = ("await", "with")
    file_needs = ("shield",)
    visits = (ast.Call,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Call)
        if not is_shield(module, node) or module.framework() == "other":
            return
        found = outlived(module, node)
        if found is None:
            return
        verb, way_out = ("released", "take it inside of the work") if found.is_lock else ("closed", "wait for the work")
        message = f"{found.thing} is {verb} while the shielded work runs on, when this wait is cancelled; {way_out}"
        path = ((found.wait, "cancelled here, the work runs on"), (found.item, f"{verb} here, at the end of the block"))
        yield self.finding(node, message, path)
