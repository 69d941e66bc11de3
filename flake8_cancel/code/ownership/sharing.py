"""Tasks and futures of an object that several of its methods wait for, one of them with a deadline."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.graph import managers
from flake8_cancel.code.meaning.scopes import FUNCTIONS
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_SHARED = frozenset({Kind.TASK, Kind.FUTURE})
_WITHS = (ast.With, ast.AsyncWith)
_ENDS = frozenset({"cancel", "set_exception"})


class Shared(NamedTuple):
    """A wait with a deadline for what others wait for too.

    Attributes:
        deadline: the call of ``wait_for()``, or the item of a ``with`` statement.
        thing: the task or future, as it stands in the wait.
        other: an await of the same thing in another method.
    """

    deadline: ast.Call | ast.withitem
    thing: ast.Attribute
    other: ast.Await


def shared(module: Module, wait: ast.Await) -> Shared | None:
    """Return how the deadline of an await cancels for all what others wait for too, None where it does not for sure.

    Args:
        module: the module.
        wait: the await.
    """
    found = _under_deadline(module, wait)
    function = module.function(wait)
    owner = module.class_around(wait)
    if found is None or owner is None or not isinstance(function, ast.AsyncFunctionDef):
        return None
    deadline, thing = found
    key = module.reference(thing)
    if key is None or module.kind(thing) not in _SHARED or not _is_own(module, owner, thing):
        return None
    if _touches(module, function, key) or _ends_it(module, function, key):
        return None
    for other in _waits(module, owner, key):
        around = module.function(other)
        if around is not function and around is not None and not _touches(module, around, key):
            return Shared(deadline, thing, other)
    return None


def _under_deadline(module: Module, wait: ast.Await) -> tuple[ast.Call | ast.withitem, ast.Attribute] | None:
    """Return the deadline of an await and the attribute that it cancels."""
    value = wait.value
    if isinstance(value, ast.Call):
        first = value.args[0] if value.args else None
        if module.name(value.func) != "asyncio.wait_for" or not isinstance(first, ast.Attribute):
            return None
        return None if _is_endless(value) else (value, first)
    if not isinstance(value, ast.Attribute):
        return None
    child: ast.AST = wait
    for around in module.ancestors(wait):
        if isinstance(around, FUNCTIONS):
            return None
        if isinstance(around, _WITHS) and child in around.body:
            for item in around.items:
                if managers.scope(module, item) == "timeout":
                    return item, value
        child = around
    return None


def _is_endless(call: ast.Call) -> bool:
    given = [*call.args[1:], *(one.value for one in call.keywords if one.arg == "timeout")]
    return any(isinstance(one, ast.Constant) and one.value is None for one in given)


def _is_own(module: Module, owner: ast.ClassDef, thing: ast.Attribute) -> bool:
    """Tell whether something is an attribute of ``self`` that is kept longer than a call."""
    key = module.reference(thing)
    return key is not None and key == f"self.{thing.attr}" and any(True for _ in _stores(module, owner, key))


def _waits(module: Module, owner: ast.ClassDef, key: str) -> Iterator[ast.Await]:
    """Yield the awaits in a class that wait for something itself, alone or in a call."""
    for one in module.awaits():
        if module.class_around(one) is owner and any(
            isinstance(node, ast.Attribute) and module.reference(node) == key for node in _parts(module, one.value)
        ):
            yield one


def _parts(module: Module, expression: ast.expr) -> Iterator[ast.AST]:
    """Yield what an await hears of: the expression, or the arguments of the calls that wait for them.

    ``asyncio.wait()`` ends whether what it waits for was cancelled or not, and so does a gather with all exceptions.
    """
    waiting: list[ast.AST] = [expression]
    for node in waiting:
        yield node
        if isinstance(node, ast.Call):
            if module.name(node.func) != "asyncio.wait" and not any(
                one.arg == "return_exceptions" for one in node.keywords
            ):
                waiting.extend(node.args)
        elif isinstance(node, ast.Starred):
            waiting.append(node.value)


def _stores(module: Module, around: ast.AST, key: str) -> Iterator[ast.Attribute]:
    for node in walk(around):
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load) and module.reference(node) == key:
            yield node


def _touches(module: Module, function: ast.AST, key: str) -> bool:
    """Tell whether a function makes, replaces or ends something itself, so that it is no mere waiter."""
    if any(True for _ in _stores(module, function, key)):
        return True
    return any(
        isinstance(node, ast.Attribute) and node.attr in _ENDS and module.reference(node.value) == key
        for node in walk(function)
    )


def _ends_it(module: Module, function: ast.AST, key: str) -> bool:
    """Tell whether a function calls another of this file that touches the thing: it may go on to end it."""
    called = (module.definition(node.func) for node in walk(function) if isinstance(node, ast.Call))
    return any(one is not None and one is not function and _touches(module, one, key) for one in called)
