"""Entries of collections: whether somebody else may have taken one out, or is to find it there again."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.taking import ENTRY, Act, Key, key, own_statements, takings
from flake8_cancel.code.tree import of_types, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_LOOPS = (ast.AsyncFor, ast.For, ast.comprehension)
# Functions that only call another one are followed so far.
_DEEPEST = 3
_EMPTIES = frozenset({"clear", "pop", "popitem", "popleft", "remove"})


def may_be_gone(module: Module, giving: Act, taking: Act) -> bool:
    """Tell whether what takes an entry out may find none when it comes after a cancellation, or the one of another.

    So it is where the module cancels an entry, to put another in its place or to empty the collection. Where the entry
    must be there to be taken out, nobody else may take any out but a function that has put it in.

    Args:
        module: the module.
        giving: what takes the entry out.
        taking: what put it in.
    """
    if taking.form != ENTRY or taking.thing is None:
        return False
    must_be_there = giving.verb != "discard" and not (giving.verb == "pop" and len(giving.given) > 1)
    return any(
        _is_cancelled(node, taking.thing) or (must_be_there and _is_taken_out(node, taking.thing, module))
        for node in walk(module.tree)
    )


def is_taken_up_again(module: Module, function: ast.AsyncFunctionDef, taking: Act) -> bool:
    """Tell whether an entry stays for another try: the file goes through all and calls the function for each again.

    Args:
        module: the module.
        function: the function that puts the entry in.
        taking: what puts it in.
    """
    if taking.form != ENTRY or taking.thing is None:
        return False
    callers = list(_leading_to(module, function, _DEEPEST))
    return any(
        module.function(loop.iter) is not function
        and any(key(part) == taking.thing for part in walk(loop.iter))
        and any(module.definition(call.func) in callers for call in _calls_with(module, loop))
        for loop in of_types(module.tree, _LOOPS)
    )


def _leading_to(module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef, depth: int) -> Iterator[ast.AST]:
    """Yield a function and those of the file that call it."""
    yield function
    for use in module.uses(function) if depth else ():
        caller, call = module.function(use), module.parent(use)
        if isinstance(caller, (ast.FunctionDef, ast.AsyncFunctionDef)) and isinstance(call, ast.Call):
            yield from _leading_to(module, caller, depth - 1)


def _calls_with(module: Module, loop: ast.For | ast.AsyncFor | ast.comprehension) -> Iterator[ast.Call]:
    """Yield the calls that are given what a loop goes through."""
    around = module.parent(loop) if isinstance(loop, ast.comprehension) else loop
    assert around is not None
    names = {node.id for node in walk(loop.target) if isinstance(node, ast.Name)}
    for call in walk(around):
        if isinstance(call, ast.Call) and any(
            isinstance(node, ast.Name) and node.id in names for argument in call.args for node in walk(argument)
        ):
            yield call


def _is_cancelled(node: ast.AST, collection: Key) -> bool:
    """Tell whether a node is ``collection[key].cancel()``."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Subscript(value=held), attr="cancel")):
            return key(held) == collection
    return False


def _is_taken_out(node: ast.AST, collection: Key, module: Module) -> bool:
    """Tell whether a node takes entries out that its function has not put in."""
    match node:
        case ast.Call(func=ast.Attribute(value=held, attr=verb)):
            takes_out = verb in _EMPTIES and key(held) == collection
        case ast.Delete(targets=targets):
            takes_out = any(isinstance(each, ast.Subscript) and key(each.value) == collection for each in targets)
        case ast.Assign(targets=targets):
            begins = getattr(module.function(node), "name", "__init__") == "__init__"
            takes_out = not begins and collection in map(key, targets)
        case _:
            return False
    return takes_out and not _puts_in(module.function(node), collection)


def _puts_in(function: ast.AST | None, collection: Key) -> bool:
    statements = own_statements(getattr(function, "body", []))
    return any(act.form == ENTRY and act.thing == collection for each in statements for act in takings(each))
