"""Which handlers and ``with`` items take a cancellation, by what they name."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.errors import BASE_EXCEPTION, CANCELLED_ERROR
from flake8_cancel.code.patterns import Matching

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

Catcher = ast.ExceptHandler | ast.withitem

# What a file's text holds that has a catcher of each kind.
NAMING_WORDS = ("CancelledError", "get_cancelled_exc_class")
BROAD_WORDS = ("BaseException", Matching(r"except[\s\\]*:", "except"))


def is_asyncio(module: Module, catcher: Catcher) -> bool:
    """Tell whether what a catcher takes is asyncio's: under anyio only what is named so, under trio nothing.

    What a shielded scope of anyio holds is not cancelled from outside. Clauses of ``except*`` are left out: none of
    them can be right.
    """
    framework = module.framework()
    if framework == "other" or type(module.parent(catcher)).__name__ == "TryStar":
        return False
    return framework != "anyio" or (names_cancelled(module, catcher) and not _is_shielded(module, catcher))


def _is_shielded(module: Module, catcher: Catcher) -> bool:
    """Tell whether a scope of anyio around a catcher keeps cancellations out."""
    scopes = (node for node in module.ancestors(catcher) if isinstance(node, ast.With))
    calls = (item.context_expr for scope in scopes for item in scope.items if isinstance(item.context_expr, ast.Call))
    shields = (
        one.value
        for call in calls
        if module.name(call.func) == "anyio.CancelScope"
        for one in call.keywords
        if one.arg == "shield"
    )
    return any(isinstance(one, ast.Constant) and bool(one.value) for one in shields)


def names_cancelled(module: Module, catcher: Catcher) -> bool:
    """Tell whether a handler, or a ``suppress``, names the CancelledError of asyncio, alone or among others."""
    return any(CANCELLED_ERROR in module.names(named) for named in _named(catcher))


def is_broad(module: Module, catcher: Catcher) -> bool:
    """Tell whether a handler takes everything: a bare ``except``, or BaseException by name."""
    if isinstance(catcher, ast.ExceptHandler) and catcher.type is None:
        return True
    return any(BASE_EXCEPTION in module.names(named) for named in _named(catcher))


def catchers(module: Module, node: ast.AST) -> list[Catcher]:
    """Return what takes a cancellation at a handler (itself) or a ``with`` statement (its items), by what it names."""
    if isinstance(node, (ast.With, ast.AsyncWith)):
        return list(suppressing(module, node))
    is_taker = isinstance(node, ast.ExceptHandler) and (names_cancelled(module, node) or is_broad(module, node))
    return [node] if isinstance(node, ast.ExceptHandler) and is_taker else []


def suppressing(module: Module, node: ast.With | ast.AsyncWith) -> list[ast.withitem]:
    """Return the items of a ``with`` statement that are a ``suppress`` of CancelledError or BaseException."""
    return [
        item
        for item in node.items
        if is_suppress(module, item) and (names_cancelled(module, item) or is_broad(module, item))
    ]


def is_suppress(module: Module, item: ast.withitem) -> bool:
    """Tell whether an item of a ``with`` statement is a call of ``contextlib.suppress``."""
    call = item.context_expr
    return isinstance(call, ast.Call) and module.name(call.func) == "contextlib.suppress"


def classes(catcher: Catcher) -> list[ast.expr]:
    """Return the expressions that a catcher writes down, one by one: the elements of a tuple, the arguments."""
    if isinstance(catcher, ast.ExceptHandler) and isinstance(catcher.type, ast.Tuple):
        return [element for element in catcher.type.elts if not isinstance(element, ast.Starred)]
    return _named(catcher)


def _named(catcher: Catcher) -> list[ast.expr]:
    if isinstance(catcher, ast.ExceptHandler):
        return [catcher.type] if catcher.type else []
    arguments = catcher.context_expr.args if isinstance(catcher.context_expr, ast.Call) else []
    return [argument for argument in arguments if not isinstance(argument, ast.Starred)]
