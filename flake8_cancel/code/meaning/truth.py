"""Whether code asks an expression for its truth, or keeps the value."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_OVER_ALL = frozenset({"builtins.all", "builtins.any"})
_EQUAL = (ast.Eq, ast.Is, ast.IsNot, ast.NotEq)


def is_asked(module: Module, expression: ast.expr) -> bool:
    """Tell whether an expression is only asked for its truth: in a condition, by ``not``, compared with a bool.

    Args:
        module: the module.
        expression: the expression.
    """
    child = expression
    for around in module.ancestors(expression):
        match around:
            case ast.UnaryOp(op=op):
                return isinstance(op, ast.Not)
            case ast.BoolOp(op=ast.And(), values=values) if child is not values[-1]:
                return True
            case ast.BoolOp():
                child = around
            case ast.IfExp(test=test) if child is not test:
                child = around
            case ast.If() | ast.While() | ast.Assert() | ast.IfExp():
                return child is around.test
            case ast.comprehension(ifs=conditions):
                return child in conditions
            case ast.match_case(guard=guard):
                return child is guard
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return isinstance(op, _EQUAL) and any(_is_bool(side) for side in (left, right))
            case ast.GeneratorExp(elt=element) | ast.ListComp(elt=element) | ast.SetComp(elt=element):
                call = module.parent(around)
                return child is element and isinstance(call, ast.Call) and module.name(call.func) in _OVER_ALL
            case ast.Call(func=function):
                return module.name(function) == "builtins.bool"
            case _:
                return False
    return False


def is_called_too(module: Module, method: ast.Attribute) -> bool:
    """Tell whether the condition that names a method calls it as well: ``task.done and task.done()``."""
    for around in module.ancestors(method):
        if not isinstance(around, (ast.BoolOp, ast.UnaryOp)):
            return False
        if isinstance(around, ast.BoolOp) and any(_calls(value, method) for value in around.values):
            return True
    return False


def _calls(expression: ast.expr, method: ast.Attribute) -> bool:
    wanted = ast.dump(method)
    return any(isinstance(node, ast.Call) and ast.dump(node.func) == wanted for node in walk(expression))


def _is_bool(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Constant) and isinstance(expression.value, bool)
