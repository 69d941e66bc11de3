"""A loop in a coroutine can turn for ever without a suspension, so nobody can cancel it.

Why:
    A cancellation is raised at a suspension point, and other coroutines run there alone. A turn that passes none and
    changes nothing of what its tests look at is followed by just the same turn: the event loop stands still, no timeout
    fires, and what the loop waits for can never happen.

Bad:
    import asyncio


    class Player:
        def __init__(self):
            self.paused = False

        async def run(self):
            while True:
                if self.paused:
                    continue
                await self.play()

Good:
    import asyncio


    class Player:
        def __init__(self):
            self.paused = False

        async def run(self):
            while True:
                if self.paused:
                    await asyncio.sleep(0)
                    continue
                await self.play()

Fix:
    ``await asyncio.sleep(0)`` at the end of such turns. Unsafe: other coroutines run in between; waiting for an event,
    or sleeping for longer, is often better.

Not found:
    A turn that awaits anything, even what may not suspend. Tests of what the turn changes, or may change by a call of
    what nobody knows, and of locals, which may never come out so. A loop whose calls may end it by an error that the
    function expects. ``for`` loops.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.patterns import has_while
from flake8_cancel.code.timeouts.spinning import spins
from flake8_cancel.rule import Finding, Module, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement

_AT_END = "at end"


class LoopCannotBeCancelled(Rule):
    code = "CNL605"
    needs = ("async", "while", has_while)
    visits = (ast.While,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.While)
        if module.framework() not in ("asyncio", "none"):
            return
        spin = spins(module, node)
        if spin is None:
            return
        message = "this loop can turn for ever without a suspension, so it cannot be cancelled; await something in it"
        path = ((node, "turns here"), (spin.last, "the next turn begins"))
        mend = self.repair(node, False, spin.jumps, (_AT_END,) if spin.ends else ())
        yield self.finding(node, message, path, mend)

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        from flake8_cancel.fix.shapes import turned

        pause = edit.expression("await {sleep}(0)", sleep=edit.name("asyncio.sleep"))
        return turned(cst.ensure_type(node, cst.While), edit.nodes, cst.Expr(pause), at_end=_AT_END in edit.words)
