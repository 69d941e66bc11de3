"""Whether a local thing may be somebody else's too: stored, returned, captured, or handed to who may keep it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.api import HARMLESS_CALLS, LOGGING_VERBS, Facts
from flake8_cancel.code.tree import verb_of, walk
from flake8_cancel.code.verbs import ends, ends_argument

if TYPE_CHECKING:
    from flake8_cancel.code.graph.build import AnyFunction
    from flake8_cancel.code.module import Module

_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
# Through these a value passes as it is; in those it is only looked at.
_PASSING = (ast.BoolOp, ast.IfExp, ast.NamedExpr, ast.Starred, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.keyword)
_LOOKING = (ast.Compare, ast.UnaryOp, ast.FormattedValue, ast.JoinedStr, ast.BinOp, ast.Await)
_TESTING = (ast.If, ast.While, ast.Assert, ast.Expr, ast.For, ast.AsyncFor, ast.comprehension, ast.withitem, ast.Delete)


def escapes(module: Module, function: AnyFunction, name: str, apart_from: ast.AST | None = None) -> bool:
    """Tell whether what a local name holds may have another owner than the function.

    An argument of an awaited call comes back with the call; one of any other call may be kept, unless that only logs
    or looks.

    Args:
        module: the module.
        function: the function.
        name: the local name.
        apart_from: an expression whose uses do not count.
    """
    left_out = set(walk(apart_from)) if apart_from else set()
    return any(
        isinstance(node, ast.Name)
        and node.id == name
        and isinstance(node.ctx, ast.Load)
        and node not in left_out
        and escapes_at(module, function, node)
        for node in walk(function)
    )


def escapes_at(module: Module, function: AnyFunction, name: ast.Name) -> bool:
    """Tell whether one use of a local name gives what it holds another owner."""
    if module.function(name) is not function:
        return True
    node: ast.AST = name
    for parent in module.ancestors(name):
        if isinstance(parent, ast.Attribute):
            return _is_passed_method(module, parent)
        if isinstance(parent, ast.Subscript):
            return node is parent.slice and isinstance(parent.ctx, ast.Store)
        if isinstance(parent, ast.Call):
            return node is not parent.func and not _comes_back(module, parent)
        if isinstance(parent, _LOOKING + _TESTING):
            return False
        if not isinstance(parent, _PASSING):
            return True
        node = parent
    return True


def _is_passed_method(module: Module, attribute: ast.Attribute) -> bool:
    """Tell whether the method that ends the thing is passed on, to be called by somebody else."""
    parent = module.parent(attribute)
    is_called = isinstance(parent, ast.Call) and parent.func is attribute
    return not is_called and ends(attribute.attr, Facts())


def _comes_back(module: Module, call: ast.Call) -> bool:
    """Tell whether an argument of a call is the function's own again when the statement is over."""
    verb = verb_of(call)
    if verb in LOGGING_VERBS or module.name(call.func) in HARMLESS_CALLS or ends_argument(verb, module.facts):
        return True
    for parent in module.ancestors(call):
        if isinstance(parent, (ast.Await, ast.For, ast.AsyncFor)):
            return True
        if isinstance(parent, ast.stmt):
            return False
    return False
