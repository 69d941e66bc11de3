"""An ``__aexit__`` returns something true for a cancellation, which ends it.

Why:
    What is true tells ``async with`` that the exception is dealt with. A plain ``return True``, or
    ``return exc_type is not None``, means the CancelledError as well: the function goes on behind the block as if
    nobody had cancelled it, wherever the manager is used.

Bad:
    class Quietly:
        async def __aenter__(self):
            return self

        async def __aexit__(self, exc_type, exc, traceback):
            print("leaving", exc_type)
            return True

Good:
    class Quietly:
        async def __aenter__(self):
            return self

        async def __aexit__(self, exc_type, exc, traceback):
            print("leaving", exc_type)
            return exc_type is not None and issubclass(exc_type, Exception)

Fix:
    ``return exc_type is not None and issubclass(exc_type, Exception)``; ``return False`` where the statement is only
    true for a cancellation. Unsafe: somebody may rely on the block ending the cancellation.

Not found:
    A value that depends on something else (``return self._suppress``), a test of CancelledError together with another
    condition, as a scope makes that cancels its own block, a test whether another object is at its end
    (``connection.is_closing()``), and an exception that is stored or handed on.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.exits import exit_method, swallows_cancellation, way_out
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.code.graph.exits import Exit
    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class AexitSwallows(Rule):
    code = "CNL107"
    needs = ("__aexit__", "return")
    visits = (ast.Return,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Return)
        if module.framework() in ("anyio", "other"):
            return
        method = exit_method(module, module.function(node))
        if method is None or not swallows_cancellation(method, node):
            return
        message = "this ends a cancellation of the block; return something true for Exceptions alone"
        yield self.finding(node, message, ((node, "ends the cancellation here"),), self._mend(method, node))

    def _mend(self, method: Exit, node: ast.Return) -> Repair | None:
        way = way_out(method, node)
        if method.kind is None or not way:
            return None
        return self.repair(node, False, words=(way, method.kind))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        way, kind = edit.words
        value: cst.BaseExpression = cst.Name("False")
        if way == "Exception":
            template = "{kind} is not None and {issubclass}({kind}, {exception})"
            names = {"issubclass": edit.name("issubclass"), "exception": edit.name("Exception")}
            value = edit.expression(template, kind=kind, **names)
        return cst.ensure_type(node, cst.Return).with_changes(value=value)
