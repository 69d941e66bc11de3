"""Coroutine functions that run as a program, or as a part of one: when they are cancelled the process ends."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.points import SUSPEND, YIELD
from flake8_cancel.code.graph.testing import has_deadline, is_run

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# What makes commands of functions, by a decorator that is called so.
_COMMAND_LINES = frozenset({"asyncclick", "click", "typer"})
_COMMAND = "command"
_LOOPS = (ast.For, ast.AsyncFor, ast.While)


def runs_as_program(module: Module, function: ast.AST | None, around: frozenset[ast.AST] = frozenset()) -> bool:
    """Tell whether this file has a coroutine function only run by an event loop of its own, or awaited by such ones.

    What cancels it then is the end of the process: Ctrl-C, or an error. Others may well call a public method, unless
    only programs make the objects that it belongs to.

    Args:
        module: the module.
        function: the function.
        around: the functions that are asked about already.
    """
    if not isinstance(function, ast.AsyncFunctionDef) or function in around:
        return False
    if any(_is_command(module, decorator) for decorator in function.decorator_list):
        return True
    # A use of its own says no more of it than those by which it was begun.
    uses = [use for use in module.uses(function) if module.function(use) is not function]
    around = around | {function}
    owner = module.parent(function)
    if isinstance(owner, ast.ClassDef) and not function.name.startswith("_"):
        is_known = _is_made_in_program(module, owner, around)
    else:
        is_known = bool(uses)
    return is_known and all(is_run(module, use) or _waits_for(module, use, around) is not None for use in uses)


def ends_program(module: Module, wait: ast.Await) -> bool:
    """Tell whether a wait is the last one that a program comes to.

    Args:
        module: the module.
        wait: an ``await``.
    """
    function = module.function(wait)
    if not runs_as_program(module, function):
        return False
    assert isinstance(function, ast.AsyncFunctionDef)
    if any(isinstance(one, _LOOPS) and module.function(one) is function for one in module.ancestors(wait)):
        return False
    flow = module.flow(function)
    if flow is None:
        return False
    waits = flow.suspensions(lambda point: point.node is wait)
    behind = [further for wait in waits for further in flow.ahead(wait)]
    # What stands around is only left.
    if flow.walk(behind, lambda state: state.point.kind in (SUSPEND, YIELD)) is not None:
        return False
    callers = [_waits_for(module, use, frozenset()) for use in module.uses(function) if not is_run(module, use)]
    return all(caller is not None and ends_program(module, caller) for caller in callers)


def _is_made_in_program(module: Module, owner: ast.ClassDef, around: frozenset[ast.AST]) -> bool:
    """Tell whether only functions of a program make objects of a class."""
    makers = [module.function(call) for call in module.calls(owner.name) if module.called(call) is owner]
    return bool(makers) and all(_is_of_program(module, maker, around) for maker in makers)


def _is_of_program(module: Module, maker: ast.AST | None, around: frozenset[ast.AST]) -> bool:
    """Tell whether a function runs as a program, or is a command that runs the loop itself, or only helps such ones."""
    if not isinstance(maker, ast.FunctionDef) or maker in around:
        return runs_as_program(module, maker, around)
    if any(_is_command(module, decorator) for decorator in maker.decorator_list):
        return True
    uses, around = module.uses(maker), around | {maker}
    return bool(uses) and all(_is_of_program(module, module.function(use), around) for use in uses)


def _is_command(module: Module, decorator: ast.expr) -> bool:
    maker = decorator.func if isinstance(decorator, ast.Call) else decorator
    is_named_so = isinstance(maker, ast.Attribute) and maker.attr == _COMMAND
    return is_named_so and not _COMMAND_LINES.isdisjoint(module.imported)


def _waits_for(module: Module, use: ast.expr, around: frozenset[ast.AST]) -> ast.Await | None:
    """Return the ``await`` of a call of a function, if that stands in a program too."""
    call = module.parent(use)
    wait = module.parent(call) if isinstance(call, ast.Call) and call.func is use else None
    if not isinstance(wait, ast.Await) or has_deadline(module, wait):
        return None
    return wait if runs_as_program(module, module.function(wait), around) else None
