"""Coroutine functions that begin, or come to a wait, only behind a place: nobody waits yet when that is passed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.api import LOOP_CONNECTS
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# The method of a protocol that a loop calls before it gives the connection to whoever makes it.
_MADE = "connection_made"
_CONNECTS = LOOP_CONNECTS | {"connect_read_pipe", "connect_write_pipe", "subprocess_exec", "subprocess_shell"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LOOPS = (ast.AsyncFor, ast.For, ast.While)


def begins_behind(
    module: Module, function: ast.AST | None, place: ast.AST, around: frozenset[ast.AST] = frozenset()
) -> bool:
    """Tell whether this file begins a function of its own only behind a place, or in what it begins there.

    Args:
        module: the module.
        function: the function; one with a public name may be begun by others.
        place: a call, in another function.
        around: the functions that are asked about already.
    """
    if not isinstance(function, _FUNCTIONS) or function in around or not function.name.startswith("_"):
        return False
    uses = module.uses(function)
    around = around | {function}
    return bool(uses) and all(
        _is_behind(module, use, place) or begins_behind(module, module.function(use), place, around) for use in uses
    )


def waits_for_connection_made(module: Module, waiter: ast.Await | ast.Return, place: ast.AST) -> bool:
    """Tell whether a function waits behind the making of a connection for what its protocol does as it is made.

    Args:
        module: the module.
        waiter: where the function waits.
        place: what ends the wait, in a protocol or in what a protocol was made with.
    """
    function = module.function(waiter)
    makes = (
        wait
        for wait in module.awaits()
        if module.function(wait) is function and wait.lineno < waiter.lineno and _connects(wait.value)
    )
    return next(makes, None) is not None and _is_run_when_made(module, module.function(place))


def _connects(waited: ast.expr) -> bool:
    return isinstance(waited, ast.Call) and isinstance(waited.func, ast.Attribute) and waited.func.attr in _CONNECTS


def _is_run_when_made(module: Module, function: ast.AST | None) -> bool:
    """Tell whether a function is the method of a protocol that a loop calls first, or is called by it alone."""
    if isinstance(function, ast.FunctionDef):
        return function.name == _MADE and isinstance(module.parent(function), ast.ClassDef)
    call = module.parent(function) if isinstance(function, ast.Lambda) else None
    protocol = module.called(call) if isinstance(call, ast.Call) else None
    if not isinstance(call, ast.Call) or not isinstance(protocol, ast.ClassDef) or not isinstance(function, ast.Lambda):
        return False
    kept = [name for one in protocol.body if _is_init(one) for name in _keeping(module, one, call, function)]
    calls = [one for name in kept for one in module.calls(name)]
    return bool(calls) and all(_is_run_when_made(module, module.function(one)) for one in calls)


def _is_init(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "__init__"


def _keeping(module: Module, init: ast.stmt, call: ast.Call, given: ast.expr) -> Iterator[str]:
    """Yield the attributes that are given an argument of what makes an object."""
    assert isinstance(init, ast.FunctionDef)
    own = [one.arg for one in init.args.args[1:]]
    name = own[call.args.index(given)] if given in call.args and len(call.args) <= len(own) else ""
    name = next((one.arg or "" for one in call.keywords if one.value is given), name)
    for node in walk(init):
        match node:
            case ast.Assign(targets=[ast.Attribute(attr=attribute)], value=ast.Name(id=value)) if value == name:
                yield attribute


def _is_behind(module: Module, use: ast.expr, place: ast.AST) -> bool:
    """Tell whether a function comes to a use of another one only when it has come by a place, and not again."""
    function = module.function(place)
    if module.function(use) is not function or use.lineno <= (getattr(place, "end_lineno", 0) or 0):
        return False
    return not any(isinstance(node, _LOOPS) and module.function(node) is function for node in module.ancestors(place))
