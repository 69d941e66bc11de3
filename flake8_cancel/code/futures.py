"""Futures: who waits for one so that the waiter's cancellation cancels it, and who asks first how it ended."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.scopes import COMPREHENSIONS

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# Waits that leave what they wait for alone when they are cancelled.
_LEAVING_ALONE = frozenset({"asyncio.shield", "asyncio.wait"})
_JUMPS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_TYPE_TESTS = frozenset({"builtins.isinstance", "asyncio.isfuture"})


def waits_for(module: Module, future: ast.expr) -> Iterator[ast.Await]:
    """Yield the awaits of this file whose cancellation goes into a future.

    Args:
        module: the module.
        future: an expression that is a future.
    """
    keys = {key for thing in module.awaited(future) or () for key in thing}
    for node in module.awaits():
        things = module.awaited(node.value) or ()
        if any(thing & keys for thing in things) and not _leaves_alone(module, node.value):
            yield node


def is_asked_before(
    module: Module, call: ast.Call, around: ast.AST, words: Collection[str], flags: Collection[str] = ()
) -> bool:
    """Tell whether a future is asked for its state before a method of it is called, or something that tells it.

    Asked in a statement above, in a condition around, or in what runs before in the same expression; told by a flag,
    or by a function that is given the future, where the way to the call depends on that.

    Args:
        module: the module.
        call: the call of the method.
        around: the function, loop or comprehension in which to look.
        words: the methods that tell the state.
        flags: the references of which a test will do.
    """
    assert isinstance(call.func, ast.Attribute)
    future = ast.dump(call.func.value)
    child: ast.AST = call
    for parent in module.ancestors(call):
        for before in _run_before(parent, child):
            if _mentions(before, words):
                return True
            if any(_tells(module, test, future, flags) for test in _tests(before)):
                return True
        if parent is around:
            return False
        child = parent
    return False


def _leaves_alone(module: Module, waited: ast.expr) -> bool:
    return any(isinstance(node, ast.Call) and module.name(node.func) in _LEAVING_ALONE for node in ast.walk(waited))


def _run_before(parent: ast.AST, child: ast.AST) -> list[ast.AST]:
    """Return the parts of a node that are run before another part of it is."""
    if isinstance(parent, COMPREHENSIONS):
        return [] if child in parent.generators else list(parent.generators)
    if isinstance(parent, (ast.If, ast.IfExp)):
        return [] if child is parent.test else [parent.test]
    if isinstance(parent, ast.Match):
        return [] if child is parent.subject else [parent.subject]
    before: list[ast.AST] = []
    for _, value in ast.iter_fields(parent):
        parts = [part for part in (value if isinstance(value, list) else [value]) if isinstance(part, ast.AST)]
        if child in parts:
            return before if isinstance(child, ast.ExceptHandler) else [*before, *parts[: parts.index(child)]]
        before.extend(parts)
    return before


def _mentions(node: ast.AST, words: Collection[str]) -> bool:
    return any(isinstance(part, ast.Attribute) and part.attr in words for part in ast.walk(node))


def _tests(before: ast.AST) -> Iterator[ast.expr]:
    """Yield the conditions on which what comes after a node is run."""
    if isinstance(before, ast.expr):
        yield before
    elif isinstance(before, ast.comprehension):
        yield from before.ifs
    elif isinstance(before, ast.Assert):
        yield before.test
    elif isinstance(before, ast.If) and any(isinstance(one, _JUMPS) for one in (*before.body, *before.orelse)):
        yield before.test


def _tells(module: Module, test: ast.expr, future: str, flags: Collection[str]) -> bool:
    for node in ast.walk(test):
        if isinstance(node, ast.Call) and module.name(node.func) not in _TYPE_TESTS:
            if any(ast.dump(argument) == future for argument in node.args):
                return True
        elif isinstance(node, (ast.Name, ast.Attribute)) and module.reference(node) in flags:
            return True
    return False
