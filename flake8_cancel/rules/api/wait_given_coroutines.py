"""Coroutines are given to ``asyncio.wait()``, which takes tasks and futures.

Why:
    ``asyncio.wait()`` tells what is done and what is pending by handing back what it was given, which a coroutine
    cannot be: it runs in a task that nobody has a name for, to cancel or to compare. Since Python 3.11 a coroutine
    among its arguments is a TypeError, and not one of them is run.

Bad:
    import asyncio


    async def work():
        await asyncio.sleep(1)


    async def main():
        await asyncio.wait([work(), work()])


    asyncio.run(main())

Good:
    import asyncio


    async def work():
        await asyncio.sleep(1)


    async def main():
        await asyncio.wait([asyncio.create_task(work()), asyncio.create_task(work())])


    asyncio.run(main())

Fix:
    A task is created for each coroutine. Safe where the target is Python 3.11, since the call could only fail; below
    it, unsafe, since there the coroutines were run. There is no fix where no loop may be running, and for one that is
    passed by itself or among starred ones.

Not found:
    A call whose result this file does not show to be a coroutine: of a parameter, of another library, of a decorated
    function. A place where the code looks at Python's version first, or names TypeError in a handler.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from flake8_cancel.code.lost.guards import is_expected, is_told_apart
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.patterns import WAIT
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement

_FORBIDDEN = (3, 11)
_FUTURES = frozenset({Kind.FUTURE, Kind.GATHER, Kind.SHIELD, Kind.TASK})
_DISPLAYS = (ast.List, ast.Set, ast.Tuple)
_COMPREHENSIONS = (ast.GeneratorExp, ast.ListComp, ast.SetComp)


class WaitGivenCoroutines(Rule):
    code = "CNL208"
    needs = ()
    file_needs = ("asyncio", WAIT)
    visits = (ast.Call,)
    # They ran on before as well, where Python made tasks of them.
    uncovers = frozenset({"CNL503", "CNL504"})

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Call)
        if module.name(node.func) != "asyncio.wait":
            return
        given = _given(node)
        if given is None or not _holds_coroutine(given, module):
            return
        if is_told_apart(module, node) or is_expected(module, node, "builtins.TypeError"):
            return
        message = "wait() takes no coroutines; give it tasks of create_task()"
        yield self.finding(node, message, repair=self._mend(node, given, module))

    def _mend(self, call: ast.Call, given: ast.expr, module: Module) -> Repair | None:
        if not module.in_coroutine(call):
            return None
        if isinstance(given, _DISPLAYS):
            if not all(module.kind(element) in _FUTURES | {Kind.COROUTINE} for element in given.elts):
                return None
            marks = [element for element in given.elts if module.kind(element) is Kind.COROUTINE]
        elif isinstance(given, _COMPREHENSIONS):
            marks = [given.elt]
        elif module.element_kind(given) is Kind.COROUTINE:
            marks = [given]
        else:
            return None
        way = "all" if marks == [given] else "each"
        return self.repair(call, module.facts.target >= _FORBIDDEN, marks, (way,))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        def task(coroutine: cst.CSTNode) -> cst.Call:
            # Parentheses around the coroutine stay, around the task.
            bare = cast("cst.BaseExpression", coroutine).with_changes(lpar=(), rpar=())
            return cst.Call(edit.name("asyncio.create_task"), [cst.Arg(bare)])

        if edit.words[0] == "all":
            (given,) = edit.nodes
            each = edit.fresh("coroutine")
            loop = cst.CompFor(cst.Name(each), cast("cst.BaseExpression", given))
            return edit.replace(node, {given: cst.ListComp(task(cst.Name(each)), loop)})
        call = edit.replace(cst.ensure_type(node, cst.Call), {one: task(one) for one in edit.nodes})
        # Before Python 3.12 it took no generator either.
        match call.args[0].value:
            case cst.GeneratorExp(elt=element, for_in=loop):
                first = call.args[0].with_changes(value=cst.ListComp(element, loop))
                return call.with_changes(args=[first, *call.args[1:]])
        return call


def _given(call: ast.Call) -> ast.expr | None:
    """Return what a call of ``wait`` is to wait for."""
    if call.args:
        return None if isinstance(call.args[0], ast.Starred) else call.args[0]
    return next((keyword.value for keyword in call.keywords if keyword.arg == "fs"), None)


def _holds_coroutine(given: ast.expr, module: Module) -> bool:
    if isinstance(given, _DISPLAYS):
        return any(_is_coroutine(element, module) for element in given.elts)
    return Kind.COROUTINE in (module.kind(given), module.element_kind(given))


def _is_coroutine(element: ast.expr, module: Module) -> bool:
    if isinstance(element, ast.Starred):
        return module.element_kind(element.value) is Kind.COROUTINE
    return module.kind(element) is Kind.COROUTINE
