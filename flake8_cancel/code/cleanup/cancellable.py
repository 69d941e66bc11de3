"""Whether somebody in a file can cancel a task that is started there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.taking import Key, key, mentions
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.graph.build import AnyFunction
    from flake8_cancel.code.module import Module

_EMPTIES = frozenset({"clear", "difference_update", "discard", "pop", "popleft", "remove"})
_BINDING = (ast.Assign, ast.AnnAssign, ast.NamedExpr)


def may_be_cancelled(module: Module, function: AnyFunction, start: ast.Call) -> bool:
    """Tell whether a task has a group, is cancelled in this file, or is cancelled with the function that awaits it.

    Args:
        module: the module.
        function: the function that starts it.
        start: the call that starts it.
    """
    func = start.func
    if isinstance(func, ast.Attribute) and module.kind(func.value) is Kind.TASK_GROUP:
        return True
    return any(_is_cancelled(module, function, holder) for holder in _holders(module, start))


def is_used_once(module: Module, function: AnyFunction, start: ast.Call) -> bool:
    """Tell whether an object does one piece of work, and what it took ends with it.

    It only ever gathers its tasks, and cancels them when it fails itself.

    Args:
        module: the module.
        function: the method that starts a task.
        start: the call that starts it.
    """
    owner = module.class_around(function)
    kept = [key(holder) for holder in _holders(module, start) if root_of(key(holder)) == "self"]
    if owner is None or not kept:
        return False
    nodes = list(walk(owner))
    if any(_lets_go(module, node, collection) for collection in kept for node in nodes):
        return False
    loops = [node for node in nodes if isinstance(node, ast.For) and any(mentions(node.iter, one) for one in kept)]
    cancelling = [loop for loop in loops if any(_cancels(node, key(loop.target)) for node in walk(loop))]
    return all(_fails(module, loop) for loop in cancelling)


def _fails(module: Module, statement: ast.stmt) -> bool:
    """Tell whether a statement stands in a handler that raises."""
    return any(
        isinstance(around, ast.ExceptHandler) and isinstance(around.body[-1], ast.Raise)
        for around in module.ancestors(statement)
    )


def locals_of(function: AnyFunction) -> set[str]:
    """Return the names that a function binds for itself, parameters left out."""
    nodes = list(walk(function))
    bound = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return bound - {name for node in nodes if isinstance(node, (ast.Global, ast.Nonlocal)) for name in node.names}


def root_of(thing: Key | None) -> str:
    """Return the name with which a thing begins, or ""."""
    while thing and thing[0] in ("Attribute", "Subscript"):
        inner = thing[1]
        thing = inner if isinstance(inner, tuple) else None
    return str(thing[1][1]) if thing and thing[0] == "Name" else ""  # type: ignore[index]


def _holders(module: Module, start: ast.Call) -> Iterator[ast.expr]:
    """Yield what holds a task: the names and attributes it is assigned to, the collections it is put into."""
    for around in module.ancestors(start):
        if isinstance(around, _BINDING):
            for target in around.targets if isinstance(around, ast.Assign) else [around.target]:
                yield target
                yield from _collections(module, target)
            return
        if isinstance(around, ast.Call) and isinstance(around.func, ast.Attribute):
            yield around.func.value
            return
        if isinstance(around, ast.stmt):
            return


def _collections(module: Module, name: ast.expr) -> Iterator[ast.expr]:
    for verb in ("add", "append"):
        for call in module.calls(verb):
            is_same = module.function(call) is module.function(name)
            if is_same and isinstance(call.func, ast.Attribute) and any(mentions(one, key(name)) for one in call.args):
                yield call.func.value


def _lets_go(module: Module, node: ast.AST, collection: Key) -> bool:
    """Tell whether a node takes something out of a collection, replaces it, or hands on the method that takes out."""
    if isinstance(node, ast.Attribute) and key(node.value) == collection:
        return node.attr in _EMPTIES
    if isinstance(node, (ast.Delete, ast.Assign, ast.AnnAssign)):
        targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
        begins = getattr(module.function(node), "name", "") == "__init__"
        return not begins and any(mentions(target, collection) for target in targets)
    return isinstance(node, ast.AugAssign) and key(node.target) == collection


def _is_cancelled(module: Module, function: AnyFunction, holder: ast.expr) -> bool:
    """Tell whether the file cancels what a name or attribute holds, or the function awaits it and passes its own on."""
    thing = key(holder)
    owner: ast.AST | None = module.class_around(function) if root_of(thing) == "self" else None
    if root_of(thing) in locals_of(function):
        owner = function
    for node in walk(owner or module.tree):
        if isinstance(node, (ast.For, ast.comprehension)) and mentions(node.iter, thing):
            loop = module.parent(node) if isinstance(node, ast.comprehension) else node
            if any(_cancels(call, key(node.target)) for call in walk(loop or node)):
                return True
        if _cancels(node, thing):
            return True
        if isinstance(node, ast.Await) and mentions(node.value, thing) and _passes_on(module, node.value):
            return True
    return False


def _cancels(node: ast.AST, thing: Key) -> bool:
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "cancel"
    return is_call and key(node.func.value) == thing  # type: ignore[attr-defined]


def _passes_on(module: Module, waited: ast.expr) -> bool:
    """Tell whether who is cancelled while he waits so cancels what he waits for."""
    if isinstance(waited, ast.Call):
        return module.name(waited.func) in ("asyncio.gather", "asyncio.wait_for")
    return isinstance(waited, (ast.Name, ast.Attribute))
