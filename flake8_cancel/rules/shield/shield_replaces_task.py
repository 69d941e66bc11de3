"""A task gives its name to the waiter that shields it.

Why:
    ``asyncio.shield(task)`` returns a future of its own, the waiter. After ``task = asyncio.shield(task)`` the name
    holds the waiter: ``task.cancel()`` cancels the waiter alone, ``await task`` then raises CancelledError at once, and
    the task itself, which nothing names any more, runs on. It cannot be cancelled or waited for, and when the waiter is
    cancelled asyncio may drop it in the middle of its work.

Bad:
    import asyncio


    async def main():
        task = asyncio.create_task(work())
        task = asyncio.shield(task)
        await asyncio.sleep(2)
        task.cancel()
        await task

Good:
    import asyncio


    async def main():
        task = asyncio.create_task(work())
        waiter = asyncio.shield(task)
        await asyncio.sleep(2)
        waiter.cancel()
        await task

Fix:
    The waiter gets a name of its own. Where the name is cancelled and then awaited, the waiter is cancelled and the
    task awaited; where it is only awaited, once, the waiter still is what is awaited, and the task keeps its name.
    Safe. No fix for attributes and coroutines, across branches, loops and nested functions, or with other uses.

Not found:
    A task that this file does not show to be made under that name: a parameter, the result of some other call. A task
    that is kept elsewhere too, in a collection, by a task group or under another name, when the waiter is not
    cancelled; and a waiter that is returned or handed on.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.points import State
from flake8_cancel.code.shield.shielding import Replaced, replaced, uses_to_rename
from flake8_cancel.code.tree import walk
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


_SIMPLE = (ast.AnnAssign, ast.Assign, ast.Expr, ast.Return)


class ShieldReplacesTask(Rule):
    code = "CNL301"
    needs = ()
    file_needs = ("shield",)
    visits = (ast.Call,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Call)
        if not node.args or module.name(node.func) != "asyncio.shield":
            return
        found = replaced(module, node)
        if found is None:
            return
        cancels = found.cancels(module)
        if found.is_kept and not cancels:
            return
        name = ast.unparse(found.target)
        message = f"{name} holds the waiter now and the task is out of reach; give the waiter a name of its own"
        yield self.finding(node, message, _path(module, node, found, cancels), self._mend(module, found))

    def _mend(self, module: Module, found: Replaced) -> Repair | None:
        renamed = uses_to_rename(module, found)
        block = module.parent(found.statement)
        return self.repair(block, True, (found.target, *renamed)) if renamed and block else None

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        waiter = edit.fresh("waiter")
        return edit.replace(node, {name: cst.Name(waiter) for name in edit.nodes})


def _path(module: Module, shield: ast.Call, found: Replaced, cancels: list[ast.Call]) -> list[tuple[ast.AST, str]]:
    """Return the way from the assignment to what goes wrong in the same function: a cancel, an await."""
    path: list[tuple[ast.AST, str]] = [(shield, "the waiter takes the name here")]
    function = module.function(shield)
    flow = None if function is None or isinstance(function, ast.Lambda) else module.flow(function)
    if flow is None:
        return path
    states = flow.states(inside=lambda point: _holds(point.node, shield))
    last = "this raises at once, and the task runs on" if cancels else "cancelled here, the task runs on out of reach"
    steps: list[tuple[Sequence[ast.expr], str]] = [(cancels, "this cancels the waiter, not the task")]
    for places, words in (*steps, (found.waits(module), last)):
        for place in places:
            way = flow.walk(states, partial(_is_at, place))
            if way:
                path.append((place, words))
                states = [way[-1]]
                break
    return path


def _is_at(place: ast.AST, state: State) -> bool:
    return _holds(state.point.node, place)


def _holds(node: ast.AST, wanted: ast.AST) -> bool:
    """Tell whether a point of the graph is the simple statement, or the expression, that holds a node."""
    return isinstance(node, (ast.expr, *_SIMPLE)) and any(part is wanted for part in walk(node))
