"""Where a task was cancelled that is waited for, and whether it surely was."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.tree import children, place, walk

if TYPE_CHECKING:
    from flake8_cancel.code.meaning.references import Things
    from flake8_cancel.code.module import Module

_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_ENDING = frozenset(
    {"aclose", "aexit", "cleanup", "close", "disconnect", "dispose", "shutdown", "stop", "teardown", "terminate"}
)


def is_ending(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether a function is there to end something, by the first word of its name."""
    return function.name.strip("_").partition("_")[0] in _ENDING


def cancels_before(module: Module, wait: ast.Await) -> Iterator[ast.Call]:
    """Yield the calls before a wait that cancel what it waits for, the last first."""
    waited = module.awaited(wait.value) or ()
    for call in sorted(module.cancels(module.function(wait) or module.tree), key=place, reverse=True):
        assert isinstance(call.func, ast.Attribute)
        cancelled = module.awaited(call.func.value) or ()
        if place(call) < place(wait) and any(one & other for one in waited for other in cancelled):
            yield call


def has_ended(module: Module, cancel: ast.Call, task: ast.expr) -> bool:
    """Tell whether a clause cancels a task that its ``try`` awaits: no error comes out before the task is done.

    Args:
        module: the module.
        cancel: the call of ``cancel()``.
        task: the task.
    """
    name = module.reference(task)
    clause = next((one for one in module.ancestors(cancel) if isinstance(one, ast.ExceptHandler)), None)
    tried = module.parent(clause) if clause else None
    for node in (node for statement in getattr(tried, "body", ()) for node in walk(statement)):
        waited = node.value if isinstance(node, ast.Await) else None
        if isinstance(waited, ast.Call) and module.name(waited.func) == "asyncio.wait_for" and waited.args:
            waited = waited.args[0]
        if waited is not None and module.reference(waited) == name:
            return True
    return False


def surely_cancelled(module: Module, wait: ast.Await) -> bool:
    """Tell whether every way to a wait passes a ``cancel()`` of a task that nobody has waited for before."""
    around = {wait, *module.ancestors(wait)}
    return any(
        _comes_before(module, call, around)
        and not _is_replaced(module, call, wait)
        and not _was_done(module, call, wait)
        for call in cancels_before(module, wait)
    )


def _comes_before(module: Module, call: ast.Call, around: set[ast.AST]) -> bool:
    """Tell whether the statement of a call, or a loop over what it cancels, precedes a place in one block."""
    assert isinstance(call.func, ast.Attribute)
    node: ast.AST = call
    for parent in module.ancestors(call):
        for block in (getattr(parent, field, None) for field in ("body", "orelse", "finalbody")):
            if isinstance(block, list) and node in block:
                if not around.isdisjoint(block[block.index(node) + 1 :]):
                    return True
                if block is not getattr(parent, "body", None):
                    return False
                if isinstance(parent, ast.If) and not _only_asks(module, parent.test, call.func.value):
                    return False
                if not isinstance(parent, (ast.If, ast.For)):
                    return False
        if isinstance(parent, (*_NESTED, ast.IfExp, ast.BoolOp, ast.GeneratorExp)):
            return False
        if isinstance(parent, (ast.ListComp, ast.SetComp)) and any(each.ifs for each in parent.generators):
            return False
        node = parent
    return False


def _was_done(module: Module, call: ast.Call, wait: ast.Await) -> bool:
    """Tell whether every way to a call passes a wait for what it cancels, also by a function of this file."""
    function = module.function(call)
    waited = module.awaited(wait.value) or ()
    around = {call, *module.ancestors(call)}
    return any(
        place(earlier) < place(call)
        and module.function(earlier) is function
        and _precedes(module, earlier, around)
        and any(_ends_with(module, one, waited) for one in _waits_of(module, earlier))
        for earlier in module.awaits()
    )


def _waits_of(module: Module, wait: ast.Await) -> list[ast.expr]:
    """Return what an ``await`` waits for, in a function of this file what that waits for."""
    helper = module.definition(wait.value.func) if isinstance(wait.value, ast.Call) else None
    if not isinstance(helper, ast.AsyncFunctionDef):
        return [wait.value]
    return [one.value for one in module.awaits() if module.function(one) is helper]


def _ends_with(module: Module, waited: ast.expr, things: Things) -> bool:
    """Tell whether a wait is only over when all of some things are done."""
    if isinstance(waited, ast.Call) and (module.name(waited.func) != "asyncio.gather" or waited.keywords):
        return False
    found = module.awaited(waited) or ()
    return all(any(one & other for other in found) for one in things)


def _precedes(module: Module, wait: ast.Await, around: set[ast.AST]) -> bool:
    """Tell whether the statement of a wait stands before a place in one block."""
    statement = module.parent(wait)
    block = module.parent(statement) if statement else None
    return any(
        isinstance(part, list) and statement in part and not around.isdisjoint(part[part.index(statement) + 1 :])
        for part in (getattr(block, field, None) for field in ("body", "orelse", "finalbody"))
    )


def _is_replaced(module: Module, call: ast.Call, wait: ast.Await) -> bool:
    """Tell whether an attribute or item holds another task since the call that cancelled the one it held."""
    return any(
        isinstance(node, (ast.Attribute, ast.Subscript))
        and isinstance(node.ctx, ast.Store)
        and module.reference(node) == module.reference(wait.value)
        and place(call) < place(node) < place(wait)
        for node in walk(module.function(wait) or module.tree)
    )


def _only_asks(module: Module, test: ast.expr, task: ast.expr) -> bool:
    """Tell whether a test asks for nothing but whether there is a task and whether it is done."""
    name = module.reference(task)
    waiting: list[ast.AST] = [test]
    for node in waiting:
        reference = module.reference(node)
        if reference is None:
            waiting.extend(children(node))
        elif reference not in (name, f"{name}.done", f"{name}.cancelled"):
            return False
    return True
