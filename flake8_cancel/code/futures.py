"""Futures: who waits for one so that the waiter's cancellation cancels it, and who asks first how it ended."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.flags import own_parts
from flake8_cancel.code.scopes import COMPREHENSIONS

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# Waits that leave what they wait for alone when they are cancelled.
_LEAVING_ALONE = frozenset({"asyncio.shield", "asyncio.wait"})
# Methods that put an argument into a collection, and that take one thing out.
_PUT_IN = frozenset({"add", "append", "appendleft", "insert", "put", "put_nowait", "setdefault"})
_TAKE_ONE = frozenset({"get", "get_nowait", "pop", "popleft", "setdefault"})
_JUMPS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
# Fields of which one part is run at most.
_CHOICES = frozenset({"cases", "handlers"})
_TYPE_TESTS = frozenset({"builtins.isinstance", "asyncio.isfuture"})


def waits_for(module: Module, future: ast.expr) -> Iterator[ast.Await]:
    """Yield the awaits of this file whose cancellation goes into a future.

    Args:
        module: the module.
        future: an expression that is a future.
    """
    keys = keys_of(module, future)
    for node in module.awaits():
        if keys & keys_of(module, node.value) and not _leaves_alone(module, node.value):
            yield node


def keys_of(module: Module, future: ast.expr) -> frozenset[str]:
    """Return all keys that a future goes by in this file, or the futures that awaiting an expression waits for.

    These are, beside what ``Module.awaited`` says, the collections and attributes that a local is put into, or taken
    from.
    """
    things = module.awaited(future) or ()
    keys = frozenset().union(*things)
    if isinstance(future, ast.Call) and not keys:
        return _elements_of(module, future)
    for name in _locals_in(future):
        keys |= _given_to(module, name)
        value = module.value(name)
        if isinstance(value, ast.Await):
            value = value.value
        keys |= _elements_of(module, value)
    return keys


def _locals_in(future: ast.expr) -> list[ast.Name]:
    """Return the local that is waited for, as it is or as the first argument of ``wait_for``."""
    if isinstance(future, ast.Call):
        return [argument for argument in future.args if isinstance(argument, ast.Name)]
    return [future] if isinstance(future, ast.Name) else []


def _elements_of(module: Module, call: ast.expr | None) -> frozenset[str]:
    """Return the keys of the elements of a collection that a call takes one from."""
    match call:
        case ast.Call(func=ast.Attribute(value=collection, attr=method)) if method in _TAKE_ONE:
            return _elements(module, collection)
    return frozenset()


def _elements(module: Module, collection: ast.expr) -> frozenset[str]:
    return frozenset(f"{key}[]" for thing in module.awaited(collection) or () for key in thing)


def _given_to(module: Module, name: ast.Name) -> frozenset[str]:
    """Return the keys of the attributes and collections that the function puts a local's value into."""
    function, value = module.function(name), module.value(name)
    keys: frozenset[str] = frozenset()
    for node in own_parts(function) if function and value else ():
        match node:
            case ast.Assign(targets=targets, value=assigned):
                is_same = assigned is value or (isinstance(assigned, ast.Name) and assigned.id == name.id)
                found = targets if is_same else []
                keys = keys.union(*(thing for target in found for thing in module.awaited(target) or ()))
            case ast.Call(func=ast.Attribute(value=collection, attr=method), args=arguments) if method in _PUT_IN:
                if any(isinstance(argument, ast.Name) and argument.id == name.id for argument in arguments):
                    keys |= _elements(module, collection)
    return keys


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
    before: list[ast.AST] = []
    for field, value in ast.iter_fields(parent):
        parts = [part for part in (value if isinstance(value, list) else [value]) if isinstance(part, ast.AST)]
        if child in parts:
            return before if field in _CHOICES else [*before, *parts[: parts.index(child)]]
        # What one branch does, the other does not know.
        if field != "body" or not isinstance(parent, (ast.If, ast.IfExp)):
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
