"""The outcomes of ``gather`` are asked for ``Exception``, and a cancelled child counts as a good result.

Why:
    With ``return_exceptions=True`` a child that was cancelled gives its CancelledError among the results. That is a
    BaseException since Python 3.8, so ``isinstance(result, Exception)`` is False: the error is used as if it were what
    the child should have returned, or the failure of the child is not noticed at all.

Bad:
    import asyncio


    async def fetch_all(jobs):
        results = await asyncio.gather(*jobs, return_exceptions=True)
        return [result for result in results if not isinstance(result, Exception)]

Good:
    import asyncio


    async def fetch_all(jobs):
        results = await asyncio.gather(*jobs, return_exceptions=True)
        return [result for result in results if not isinstance(result, BaseException)]

Fix:
    ``BaseException`` in its place. Safe where an error is only logged, counted or skipped; unsafe where more is done
    with it, such as raising it. None where an ExceptionGroup is made, which takes no CancelledError, nor where only
    some Exceptions are asked for.

Not found:
    Errors that are only logged while nothing but that is done with the good results, and errors that are looked for
    among the outcomes of tasks that the function cancelled itself, or by a helper. Outcomes that another test asks too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.lost.gathered import Sorting, sorting_at
from flake8_cancel.code.lost.treating import USED
from flake8_cancel.code.tree import walk
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class GatherFilterMissesCancelled(Rule):
    code = "CNL109"
    needs = ("isinstance",)
    file_needs = ("gather", "return_exceptions")
    visits = (ast.Call,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Call)
        if module.framework() == "other":
            return
        found = sorting_at(module, node)
        if found is None:
            return
        becomes = "counts as a good result" if found.way == USED else "is not noticed"
        message = f"a cancelled child {becomes}, for CancelledError is no Exception; ask for BaseException"
        path: list[tuple[ast.AST, str]] = [(node, "taken for no error here")]
        if found.gather:
            path.insert(0, (found.gather, "a child that was cancelled gives a CancelledError here"))
        yield self.finding(node, message, path, self._mend(node, found, module))

    def _mend(self, node: ast.Call, found: Sorting, module: Module) -> Repair | None:
        if found.exception is None:
            return None
        makes_groups = any(
            isinstance(one, ast.Name) and module.name(one) == "builtins.ExceptionGroup"
            for one in walk(module.function(node) or module.tree)
        )
        return None if makes_groups else self.repair(found.exception, found.only_looks)

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        return edit.name("BaseException")
