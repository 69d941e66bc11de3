"""A lock is acquired and released by hand, and a cancellation between the two leaves it locked.

Why:
    A cancellation is raised at an ``await``, and leaves the function from there. What comes after it, the ``release()``
    too, is never reached: the lock stays locked for ever, and so does everybody who waits for it.

Bad:
    import asyncio


    class Account:
        def __init__(self):
            self._lock = asyncio.Lock()

        async def withdraw(self, amount):
            await self._lock.acquire()
            await self._book(-amount)
            self._lock.release()

Good:
    import asyncio


    class Account:
        def __init__(self):
            self._lock = asyncio.Lock()

        async def withdraw(self, amount):
            async with self._lock:
                await self._book(-amount)

Fix:
    Safe: a release that was skipped now happens. The two become ``async with`` where they frame one block and the lock
    is certainly asyncio's; where it may be another's, or ``acquire()`` stands in ``wait_for()``, what is between goes
    into a ``try`` with the release in its ``finally``. None where something between returns, raises or jumps.

Not found:
    A lock or semaphore that is handed on: some way through the function does not release it, another function releases
    what it did not acquire, or ``release`` itself is passed on, as to a callback. Tests, which nobody cancels.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.certain import is_shielded
from flake8_cancel.code.cleanup.frameworks import runs_on_asyncio
from flake8_cancel.code.cleanup.framing import framed
from flake8_cancel.code.cleanup.releases import Skip, held_lock
from flake8_cancel.code.cleanup.taking import shown
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement

_LOCKS = frozenset({Kind.LOCK, Kind.SEMAPHORE, Kind.CONDITION})


class LockHeldOnCancel(Rule):
    code = "CNL402"
    needs = ("await", "acquire", "release")
    visits = (ast.Expr,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Expr)
        function = module.function(node)
        if not isinstance(function, ast.AsyncFunctionDef) or not isinstance(node.value, ast.Await):
            return
        skip = held_lock(module, function, node)
        if skip is None or skip.taking.call is None:
            return
        if not runs_on_asyncio(module) and not self._is_known(skip, module):
            return
        name = ast.unparse(_lock(skip))
        message = f"a cancellation before {shown(skip.giving)} leaves it locked; use async with {name}"
        path = [(node, "acquired here"), (skip.place, "cancelled here")]
        yield self.finding(node, message, path, self._mend(skip, module))

    def _is_known(self, skip: Skip, module: Module) -> bool:
        """Tell whether in a file of another framework the lock is asyncio's all the same."""
        is_possible = module.framework() == "anyio" and not is_shielded(module, skip.taking.node)
        return is_possible and module.kind(_lock(skip)) in _LOCKS

    def _mend(self, skip: Skip, module: Module) -> Repair | None:
        taking, release = skip.taking.node, skip.giving.node
        frame = framed(module, taking, release, skip.taking.thing) if len(skip.releases) == 1 else None
        if frame is None:
            return None
        # Inside of wait_for() it is not the call itself that is awaited.
        is_plain = (
            isinstance(taking, ast.Expr)
            and isinstance(taking.value, ast.Await)
            and taking.value.value is skip.taking.call
        )
        if is_plain and module.kind(_lock(skip)) in _LOCKS:
            return self.repair(frame.owner, True, (taking, release, _lock(skip)), ("with",))
        return self.repair(frame.owner, True, (frame.first, frame.last, *frame.releases), ("finally",))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        from flake8_cancel.fix.shapes import wrap_in_finally, wrap_in_with

        first, last, third = edit.nodes
        if edit.words == ("finally",):
            return wrap_in_finally(node, first, last, [third])
        assert isinstance(third, cst.BaseExpression)
        return wrap_in_with(node, first, last, third)


def _lock(skip: Skip) -> ast.expr:
    func = skip.taking.call.func if skip.taking.call else None
    assert isinstance(func, ast.Attribute)
    return func.value
