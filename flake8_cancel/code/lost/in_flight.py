"""Locals that tell a cleanup whether an error is on its way out: a handler keeps it there, and raises it again."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.catchers import is_broad
from flake8_cancel.code.tree import named, of_types

if TYPE_CHECKING:
    from flake8_cancel.code.graph.build import AnyFunction
    from flake8_cancel.code.module import Module


def tells_of_error(module: Module, function: AnyFunction, name: str) -> bool:
    """Tell whether a local is None, or the error that a handler for all of them raises again.

    Args:
        module: the module.
        function: the function.
        name: the name of the local.
    """
    bound = [module.parent(node) for node in named(function, name) if isinstance(node.ctx, ast.Store)]
    handlers = [one for one in of_types(function, (ast.ExceptHandler,)) if one.name and is_broad(module, one)]
    keeping = [one for handler in handlers for one in handler.body[:-1] if _keeps(one, handler)]
    return bool(keeping) and all(one in keeping or _is_none(one) for one in bound)


def _keeps(statement: ast.stmt, handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    if not isinstance(last, ast.Raise) or last.exc is not None:
        return False
    match statement:
        case ast.Assign(value=ast.Name(id=name)):
            return name == handler.name
    return False


def _is_none(statement: ast.AST | None) -> bool:
    value = statement.value if isinstance(statement, (ast.AnnAssign, ast.Assign)) else None
    return isinstance(value, ast.Constant) and value.value is None
