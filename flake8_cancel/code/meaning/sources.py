"""Where a value comes from: the names, attributes and calls that may have given it, through collections too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.api import TASK_STARTERS
from flake8_cancel.code.meaning.values import SAME_ELEMENTS
from flake8_cancel.code.ownership.dropping import is_loop

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# Calls that give what they are given, or what that holds.
PASSING_CALLS = SAME_ELEMENTS | {
    "builtins.enumerate",
    "builtins.filter",
    "builtins.next",
    "builtins.zip",
    "typing.cast",
}
_EMPTY = frozenset(
    {"collections.defaultdict", "weakref.WeakKeyDictionary", "weakref.WeakSet", "weakref.WeakValueDictionary"}
)
# Methods of a collection that give what it holds.
TAKES = frozenset(
    """
    copy difference get intersection items keys pop popitem popleft symmetric_difference union values
    """.split()
)


def sources(module: Module, value: ast.expr) -> Iterator[ast.expr]:
    """Yield the names, attributes, items and calls that a value, or what it holds, comes from.

    Constants and new collections give nothing, but for what is put into them at once.

    Args:
        module: the module.
        value: what is assigned, or gone through by a loop.
    """
    if isinstance(value, (ast.Name, ast.Attribute, ast.Subscript)):
        yield value
    elif isinstance(value, ast.Call):
        yield from _of_call(module, value)
    else:
        for part in _parts(module, value):
            yield from sources(module, part)


def makes_own_task(module: Module, call: ast.Call) -> bool:
    """Tell whether a call makes a task that nobody else knows, unlike a task group or a helper that may keep it."""
    if module.name(call.func) in TASK_STARTERS:
        return True
    return isinstance(call.func, ast.Attribute) and is_loop(module, call.func.value)


def _of_call(module: Module, call: ast.Call) -> Iterator[ast.expr]:
    if module.name(call.func) in PASSING_CALLS:
        for argument in call.args:
            yield from sources(module, argument)
    elif isinstance(call.func, ast.Attribute) and call.func.attr in TAKES:
        yield from sources(module, call.func.value)
    elif module.name(call.func) not in _EMPTY:
        yield call


def _parts(module: Module, value: ast.expr) -> list[ast.expr]:
    """Return the expressions that a value is made of, or holds."""
    match value:
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts) | ast.BoolOp(values=parts):
            return parts
        case ast.Dict(values=parts):
            return parts
        case ast.Starred(value=part) | ast.NamedExpr(value=part) | ast.DictComp(value=part):
            return [part]
        case ast.ListComp(elt=part) | ast.SetComp(elt=part) | ast.GeneratorExp(elt=part):
            return [part]
        case ast.IfExp(body=first, orelse=second) | ast.BinOp(left=first, right=second):
            return [first, second]
        # done, pending = await asyncio.wait(tasks)
        case ast.Await(value=ast.Call(func=function, args=[waited, *_])) if module.name(function) == "asyncio.wait":
            return [waited]
        case ast.Await(value=waited):
            return [waited]
    return []
