"""Whether a caught exception is kept: stored, returned, or handed to something other than a log."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.api import LOGGING_VERBS
from flake8_cancel.code.tree import verb_of, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# Calls that only look at an exception, or make a text of it.
_LOOKS = frozenset({"isinstance", "str", "repr", "type", "print", "format"})
_DESCRIBES = frozenset({"traceback.format_exception", "traceback.format_exception_only", "traceback.format_tb"})
_IN_FLIGHT = "sys.exc_info"
_FILLS = frozenset({"append", "add", "put_nowait", "set_exception"})
# Calls that end something and may be told why; whoever waits there hears of it, who cancelled does not.
_ENDS = frozenset({"abort", "aclose", "close", "disconnect", "shutdown", "stop", "terminate"})
# Helpers that hand it on to helpers are followed so far.
_DEEPEST = 3


def keeps(module: Module, parts: Iterable[ast.AST], caught: str | None, ending: bool = True, depth: int = 0) -> bool:
    """Tell whether a statement stores an exception or hands it to something other than logging.

    Args:
        module: the module.
        parts: the nodes of its expressions.
        caught: the name that the handler gives the exception, if it has one.
        ending: whether something that is ended, and told why, keeps it.
        depth: how many helpers of this file it was handed through.
    """
    for node in parts:
        is_use = isinstance(node, ast.Name) and node.id == caught and isinstance(node.ctx, ast.Load)
        is_use = is_use or (isinstance(node, ast.Call) and module.name(node.func) == _IN_FLIGHT)
        if is_use and _is_kept(module, node, ending, depth):
            return True
    return False


def tells_waiter(module: Module, parts: Iterable[ast.AST], function: ast.AST) -> bool:
    """Tell whether a statement cancels the future that the function was given for its outcome.

    Args:
        module: the module.
        parts: the nodes of its expressions.
        function: the function around.
    """
    cancelled = {_receiver(module, node, "cancel") for node in parts} - {None}
    filled = {_receiver(module, node, "set_exception") for node in walk(function)} if cancelled else set()
    return not cancelled.isdisjoint(filled)


def _receiver(module: Module, node: ast.AST, method: str) -> str | None:
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method
    return module.reference(node.func.value) if is_call else None  # type: ignore[attr-defined]


def kept_in(module: Module, handler: ast.ExceptHandler) -> Iterator[str]:
    """Yield the names and attributes that a handler keeps its exception in."""
    for node in walk(handler):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign) and _is_name(node.value, handler.name):
            targets = node.targets
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _FILLS:
            targets = [node.func.value] if any(_is_name(one, handler.name) for one in node.args) else []
        yield from (reference for reference in map(module.reference, targets) if reference)


def is_log(expression: ast.expr) -> bool:
    """Tell whether an expression only writes a log."""
    call = expression.value if isinstance(expression, ast.Await) else expression
    if not isinstance(call, ast.Call):
        return False
    verb = verb_of(call)
    return verb.lstrip("_") in LOGGING_VERBS


def _is_kept(module: Module, name: ast.AST, ending: bool, depth: int) -> bool:
    around = list(_expressions_around(module, name))
    if any(isinstance(parent, ast.expr) and is_log(parent) for parent in around):
        return False
    child = name
    for parent in around:
        if isinstance(parent, (ast.Attribute, ast.JoinedStr, ast.Compare, ast.Raise)):
            return False
        # An error is always true: who asks that asks whether there is one.
        if isinstance(parent, ast.IfExp) and child is parent.test:
            return False
        if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Mod):
            return False
        if isinstance(parent, ast.Call):
            return _call_keeps(module, parent, name, ending, depth)
        child = parent
    return isinstance(around[-1], (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return)) or any(
        isinstance(parent, (ast.NamedExpr, ast.Yield)) for parent in around
    )


def _call_keeps(module: Module, call: ast.Call, name: ast.AST, ending: bool, depth: int) -> bool:
    if (isinstance(call.func, ast.Name) and call.func.id in _LOOKS) or module.name(call.func) in _DESCRIBES:
        return False
    if not ending and isinstance(call.func, ast.Attribute) and call.func.attr in _ENDS:
        return False
    helper = module.definition(call.func)
    if isinstance(helper, ast.ClassDef) or helper is None or helper.decorator_list or depth == _DEEPEST:
        return True
    parameter = parameter_given(helper, call, name)
    return parameter is None or keeps(module, walk(helper), parameter, ending, depth + 1)


def parameter_given(helper: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.Call, value: ast.AST) -> str | None:
    """Return the parameter of a helper that a value is given for, None where that is not plain to see."""
    for keyword in call.keywords:
        if keyword.value is value:
            return keyword.arg
    if value not in call.args or any(isinstance(argument, ast.Starred) for argument in call.args):
        return None
    names = [parameter.arg for parameter in (*helper.args.posonlyargs, *helper.args.args)]
    position = call.args.index(value) + (names[:1] == ["self"] and isinstance(call.func, ast.Attribute))
    return names[position] if position < len(names) else None


def _expressions_around(module: Module, name: ast.AST) -> Iterator[ast.AST]:
    """Yield the expressions around a name, from the inside out, and the statement last."""
    for parent in module.ancestors(name):
        yield parent
        if isinstance(parent, ast.stmt):
            return


def _is_name(node: ast.AST, name: str | None) -> bool:
    return isinstance(node, ast.Name) and node.id == name
