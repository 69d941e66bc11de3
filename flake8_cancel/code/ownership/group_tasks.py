"""The tasks of one TaskGroup, where all of them are in reach: what the repair of a missing ``cancel()`` has to know."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.meaning.scopes import FUNCTIONS
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import named, place, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
# Statements whose value is all that they run.
_SIMPLE = (ast.AnnAssign, ast.Assign, ast.Expr, ast.Return)


class Reach(NamedTuple):
    """The tasks of a group, and where they are to be cancelled.

    Attributes:
        block: the ``async with`` of the group.
        cancels: the statements that were to cancel the group.
        creations: the calls that create its tasks, in their order.
        by_name: whether there is one task, which every one of ``cancels`` can name.
    """

    block: ast.AsyncWith
    cancels: tuple[ast.Expr, ...]
    creations: tuple[ast.Call, ...]
    by_name: bool


def reach(module: Module, call: ast.Call, methods: frozenset[str]) -> Reach | None:
    """Return how the tasks of a group can be cancelled one by one, None where some may be out of reach.

    Args:
        module: the module.
        call: the call that was to cancel them.
        methods: the names of all methods that are meant to cancel the group.
    """
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    block = _block_of(module, receiver) if isinstance(receiver, ast.Name) else None
    if block is None or not isinstance(receiver, ast.Name) or not _is_seen_whole(module, block, receiver.id):
        return None
    creations: list[ast.Call] = []
    cancels: list[ast.Expr] = []
    for use in _uses(block, receiver.id):
        method, called = _called(module, use)
        if called is None:
            return None
        statement = _statement_of(module, called)
        if method == "create_task":
            if isinstance(module.parent(called), ast.Await):
                continue  # It has ended when the next statement runs.
            if statement is None:
                return None
            creations.append(called)
        elif method in methods and isinstance(statement, ast.Expr) and not called.args and not called.keywords:
            cancels.append(statement)
        else:
            return None
    if not creations or place(creations[0]) > place(cancels[0]):
        return None
    by_name = len(creations) == 1 and _is_named_before(module, block, creations[0], cancels)
    return Reach(block, tuple(cancels), tuple(creations), by_name)


def _block_of(module: Module, group: ast.Name) -> ast.AsyncWith | None:
    """Return the ``async with`` around a use that makes the group in its head."""
    for around in module.ancestors(group):
        if isinstance(around, FUNCTIONS):
            return None
        if not isinstance(around, ast.AsyncWith):
            continue
        for item in around.items:
            if isinstance(item.optional_vars, ast.Name) and item.optional_vars.id == group.id:
                made = isinstance(item.context_expr, ast.Call) and module.kind(item.context_expr) is Kind.TASK_GROUP
                return around if made else None
    return None


def _is_seen_whole(module: Module, block: ast.AsyncWith, name: str) -> bool:
    """Tell whether only the block's own function can use the group under its name, and the block does not rebind it."""
    function = module.function(block)
    if function is None:
        return False
    inside = {node for statement in block.body for node in walk(statement)}
    for node in walk(function):
        if isinstance(node, (ast.Global, ast.Nonlocal)) and name in node.names:
            return False
        if not isinstance(node, ast.Name) or node.id != name:
            continue
        if module.function(node) is not function or (node in inside and not isinstance(node.ctx, ast.Load)):
            return False
    return True


def _uses(block: ast.AsyncWith, name: str) -> Iterator[ast.Name]:
    yield from sorted((node for statement in block.body for node in named(statement, name)), key=place)


def _called(module: Module, use: ast.Name) -> tuple[str, ast.Call | None]:
    """Return the method that a use of the group calls, with the call; None where the group goes elsewhere."""
    attribute = module.parent(use)
    if not isinstance(attribute, ast.Attribute):
        return "", None
    call = module.parent(attribute)
    return attribute.attr, call if isinstance(call, ast.Call) and call.func is attribute else None


def _statement_of(module: Module, call: ast.Call) -> ast.stmt | None:
    """Return the statement that runs nothing but a call, or an await of it, and maybe keeps the value."""
    value: ast.AST = call
    around = module.parent(call)
    if isinstance(around, ast.Await):
        value, around = around, module.parent(around)
    return around if isinstance(around, _SIMPLE) and around.value is value else None


def _is_named_before(module: Module, block: ast.AsyncWith, creation: ast.Call, cancels: Sequence[ast.Expr]) -> bool:
    """Tell whether the one task has, or can have, a name that holds it wherever the group was to be cancelled."""
    statement = module.parent(creation)
    behind: set[ast.AST] = set()
    for around in module.ancestors(creation):
        if around is block:
            break
        if isinstance(around, _LOOPS):
            return False
    for body in _bodies(module.parent(statement) if statement else None):
        if statement in body:
            behind = {node for later in body[body.index(statement) + 1 :] for node in walk(later)}
    if not all(cancel in behind for cancel in cancels):
        return False
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]):
            return _is_bound_once(module, block, name)
    return True


def _bodies(node: ast.AST | None) -> Iterator[list[ast.stmt]]:
    for field in ("body", "orelse", "finalbody"):
        yield getattr(node, field, [])


def _is_bound_once(module: Module, block: ast.AsyncWith, name: str) -> bool:
    function = module.function(block)
    uses = named(function, name) if function else ()
    return sum(not isinstance(node.ctx, ast.Load) for node in uses) == 1
