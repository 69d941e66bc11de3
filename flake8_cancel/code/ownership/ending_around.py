"""Connections that are closed around a function, or where it is called, so that a task which has them ends too."""

from __future__ import annotations

import ast
from collections.abc import Collection
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.errors import CANCEL, NO, catches
from flake8_cancel.code.lost.keeping import parameter_given
from flake8_cancel.code.meaning.scopes import FUNCTIONS
from flake8_cancel.code.tree import TRIES, verb_of, walk
from flake8_cancel.code.verbs import ends, words

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# What a call has in its name that opens a connection, which is closed where its block is left.
_CONNECTING = frozenset({"connect", "connection", "open"})


def closes(item: ast.withitem, names: Collection[str]) -> bool:
    """Tell whether an item of a ``with`` is a connection that goes by one of some names: leaving closes it.

    What only lends a connection gives it back, and who has it by then may still use it.

    Args:
        item: the item.
        names: local names.
    """
    made = item.context_expr.value if isinstance(item.context_expr, ast.Await) else item.context_expr
    if not isinstance(made, ast.Call) or not isinstance(item.optional_vars, (ast.Name, ast.Tuple, ast.List)):
        return False
    verb = verb_of(made)
    bound = (one.id for one in walk(item.optional_vars) if isinstance(one, ast.Name))
    return not _CONNECTING.isdisjoint(words(verb)) and any(name in names for name in bound)


def closed_by_callers(module: Module, function: ast.AsyncFunctionDef, names: Collection[str]) -> bool:
    """Tell whether all who await a private function close what they give it as they are cancelled there.

    Args:
        module: the module.
        function: a coroutine function.
        names: names in the function; those of parameters count.
    """
    uses = module.uses(function) if function.name.startswith("_") else []
    return bool(uses) and all(_is_closed_behind(module, function, use, names) for use in uses)


def _is_closed_behind(module: Module, function: ast.AsyncFunctionDef, use: ast.expr, names: Collection[str]) -> bool:
    call = module.parent(use)
    if not isinstance(call, ast.Call) or call.func is not use or not isinstance(module.parent(call), ast.Await):
        return False
    values = (*call.args, *(keyword.value for keyword in call.keywords))
    given = {one.id for one in values if isinstance(one, ast.Name) and parameter_given(function, call, one) in names}
    child: ast.AST = call
    for around in module.ancestors(call):
        if isinstance(around, FUNCTIONS):
            return False
        if isinstance(around, ast.AsyncWith) and child in around.body:
            if any(closes(item, given) for item in around.items):
                return True
        elif isinstance(around, TRIES) and child in around.body:
            if any(_may_take(module, one) for one in around.handlers):
                return False
            if any(_ends_one(module, node, given) for statement in around.finalbody for node in walk(statement)):
                return True
        child = around
    return False


def _may_take(module: Module, handler: ast.ExceptHandler) -> bool:
    return handler.type is None or catches(CANCEL, module.names(handler.type), module.bases) != NO


def _ends_one(module: Module, node: ast.AST, names: Collection[str]) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=verb)):
            return name in names and ends(verb, module.facts)
    return False
