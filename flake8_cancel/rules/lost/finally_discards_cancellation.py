"""``return``, ``break`` or ``continue`` in a ``finally`` block discards the cancellation.

Why:
    A ``finally`` block runs while the CancelledError waits for its end. A jump out of the block drops what waits, as if
    it had been caught by ``except BaseException`` without a word: the task is not cancelled, and a timeout around it
    never fires. Since Python 3.14 such a jump is a SyntaxWarning, but it still discards.

Bad:
    async def read(connection):
        data = None
        try:
            data = await connection.read()
        except OSError:
            print("failed")
        finally:
            connection.close()
            return data

Good:
    async def read(connection):
        data = None
        try:
            data = await connection.read()
        except OSError:
            print("failed")
        finally:
            connection.close()
        return data

Fix:
    The jump is moved behind the ``try`` statement, where it is the last statement of the ``finally`` and nothing else
    in the statement returns or jumps. Unsafe: other exceptions that it discarded come out as well.

Not found:
    A jump that is made on a condition set in the ``try`` statement (``if done: return``), or when a task or
    ``sys.exc_info()`` is asked.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.lost.discards import can_stand_behind, discarded
from flake8_cancel.rule import Finding, Module, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class FinallyDiscardsCancellation(Rule):
    code = "CNL105"
    needs = ("async", "finally", ("return", "break", "continue"))
    visits = (ast.Return, ast.Break, ast.Continue)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, (ast.Return, ast.Break, ast.Continue))
        if module.framework() in ("anyio", "other"):
            return
        found = discarded(module, node)
        if found is None:
            return
        word = type(node).__name__.lower()
        message = f"this {word} leaves a finally block and discards the cancellation; put it behind the try statement"
        path = ((found.cancelled, "cancelled here"), (node, "discarded here"))
        mend = self.repair(found.block, False) if can_stand_behind(node, found.block) else None
        yield self.finding(node, message, path, mend)

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        from flake8_cancel.fix.shapes import jump_behind

        return jump_behind(cst.ensure_type(node, cst.Try))
