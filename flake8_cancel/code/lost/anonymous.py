"""Children of ``gather`` that nobody can cancel alone: nobody but ``gather`` has a hold of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.api import TASK_STARTERS
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import named, of_types

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module


def are_anonymous(module: Module, gather: ast.Call) -> bool:
    """Tell whether all that a ``gather`` is given are coroutines, called for it alone, or the only handles of tasks.

    A function of this file that awaits a future or task of others may be cancelled with that, and one that is no
    coroutine function may return what others have too.

    Args:
        module: the module.
        gather: the call.
    """
    children = [child for argument in gather.args for child in _children(module, argument)]
    return bool(children) and all(child is not None and _is_anonymous(module, child) for child in children)


def _children(module: Module, argument: ast.expr) -> Iterator[ast.expr | None]:
    """Yield what makes the children that an argument stands for, None for what is not known."""
    if not isinstance(argument, ast.Starred):
        yield argument
        return
    collection = argument.value
    if isinstance(collection, ast.Name) and not _is_only_gathered(module, collection):
        yield None
        return
    match module.value(collection):
        case ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element):
            yield element
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            yield from elements
            yield from _appended(module, collection)
        case _:
            yield None


def _is_only_gathered(module: Module, collection: ast.Name) -> bool:
    """Tell whether a function does nothing with a collection but to fill it, to gather it and to ask whether it is."""
    function = module.function(collection)
    if function is None:
        return False
    loads = [node for node in named(function, collection.id) if isinstance(node.ctx, ast.Load)]
    around = [module.parent(node) for node in loads]
    return all(
        isinstance(one, (ast.Starred, ast.If, ast.IfExp, ast.UnaryOp))
        or (isinstance(one, ast.Attribute) and one.attr == "append")
        or (isinstance(one, ast.Call) and module.name(one.func) == "builtins.len")
        for one in around
    )


def _appended(module: Module, collection: ast.expr) -> Iterator[ast.expr]:
    name = module.reference(collection)
    for call in module.calls("append"):
        if module.function(call) is module.function(collection) and isinstance(call.func, ast.Attribute):
            yield from call.args if name and module.reference(call.func.value) == name else ()


def _is_anonymous(module: Module, child: ast.expr) -> bool:
    if not isinstance(child, ast.Call):
        return False
    if module.name(child.func) in TASK_STARTERS and child.args:
        return _is_anonymous(module, child.args[0])
    if module.kind(child) not in (None, Kind.COROUTINE):
        return False
    called = module.called(child)
    functions = [called] if called is not None else module.may_call(child)
    return all(isinstance(one, ast.AsyncFunctionDef) and not _awaits_others(one) for one in functions)


def _awaits_others(function: ast.AsyncFunctionDef) -> bool:
    """Tell whether a function awaits more than what it calls: a future or task may be cancelled by whoever has it."""
    return any(not isinstance(wait.value, ast.Call) for wait in of_types(function, (ast.Await,)))
