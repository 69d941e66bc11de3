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
        is_seen_through = module.awaited(node.value) is not None and not _leaves_alone(module, node.value)
        if is_seen_through and keys & keys_of(module, node.value):
            yield node


def keys_of(module: Module, future: ast.expr) -> frozenset[str]:
    """Return all keys that a future goes by in this file, or the futures that awaiting an expression waits for.

    These are, beside what ``Module.awaited`` says, those of the attributes and collections that a local is put into,
    or is taken from.

    Args:
        module: the module.
        future: a future, a call that takes one out of a collection, or what is awaited.
    """
    things = module.awaited(future)
    if things is None:
        return _taken_from(module, future)
    keys = frozenset[str]().union(*things)
    for local in future.args if isinstance(future, ast.Call) else [future]:
        if isinstance(local, ast.Name):
            keys |= _put_into(module, local) | _taken_from(module, module.value(local))
    return keys


def _taken_from(module: Module, value: ast.expr | None) -> frozenset[str]:
    """Return the keys of the elements of a collection or queue that an expression takes one from."""
    match value.value if isinstance(value, ast.Await) else value:
        case ast.Call(func=ast.Attribute(value=collection, attr=method)) if method in _TAKE_ONE:
            return _elements(module, collection)
    return frozenset()


def _put_into(module: Module, local: ast.Name) -> frozenset[str]:
    """Return the keys of the attributes and collections that a function puts a local's value into."""
    function, value = module.function(local), module.value(local)
    keys: frozenset[str] = frozenset()
    for node in own_parts(function) if function and value else ():
        match node:
            case ast.Assign(targets=targets, value=given) if given is value or _is_name(given, local):
                keys = keys.union(*(thing for target in targets for thing in module.awaited(target) or ()))
            case ast.Call(func=ast.Attribute(value=collection, attr=method), args=given) if method in _PUT_IN:
                if any(_is_name(argument, local) for argument in given):
                    keys |= _elements(module, collection)
    return keys


def _elements(module: Module, collection: ast.expr) -> frozenset[str]:
    return frozenset(f"{key}[]" for thing in module.awaited(collection) or () for key in thing)


def _is_name(expression: ast.expr, local: ast.Name) -> bool:
    return isinstance(expression, ast.Name) and expression.id == local.id


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
    elif isinstance(before, ast.Assert) or (isinstance(before, ast.If) and _leaves(before)):
        yield before.test


def _leaves(branch: ast.If) -> bool:
    return any(isinstance(statement, _JUMPS) for statement in (*branch.body, *branch.orelse))


def _tells(module: Module, test: ast.expr, future: str, flags: Collection[str]) -> bool:
    for node in ast.walk(test):
        if isinstance(node, ast.Call) and module.name(node.func) not in _TYPE_TESTS:
            if any(ast.dump(argument) == future for argument in node.args):
                return True
        elif isinstance(node, (ast.Name, ast.Attribute)) and module.reference(node) in flags:
            return True
    return False
