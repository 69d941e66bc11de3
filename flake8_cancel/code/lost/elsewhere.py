"""Coroutine functions that this file leaves to others to run: how, and who may wait for them, is not told here."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from flake8_cancel.code.api import CONTEXT_MANAGER_MAKERS

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_WRAPS = "functools.wraps"
_RUN = "asyncio.run"
_ENDLESS = frozenset({"typing.Never", "typing.NoReturn", "typing_extensions.Never"})


def left_to_others(module: Module, function: ast.AST | None) -> bool:
    """Tell whether a coroutine function is run by something unknown, which starts it as its own.

    This file registers it (an unknown decorator, a callback), is a program whose root it is, or does nothing with a
    method that nobody else should know by its name: then a base class, or a subclass, runs it.

    Args:
        module: the module.
        function: the function.
    """
    if not isinstance(function, ast.AsyncFunctionDef):
        return False
    # Nobody goes on behind what its annotation says to have no end.
    if module.name(function.returns) in _ENDLESS:
        return True
    uses = _uses(module, function)
    if any(_is_called(module, use) for use in uses):
        return False
    if any(not _is_known(module, decorator) for decorator in function.decorator_list):
        return True
    if any(isinstance(module.parent(use), ast.Return) for use in uses):
        return False
    # Other files import a private function by its name; a method is only called on something.
    return bool(uses) or (_is_private(function.name) and isinstance(module.parent(function), ast.ClassDef))


def _uses(module: Module, function: ast.AsyncFunctionDef) -> Sequence[ast.expr]:
    """Return the uses of a function but those of the one that it overrides."""
    return [use for use in module.uses(function) if not _is_of_super(use)]


def _is_of_super(use: ast.expr) -> bool:
    match use:
        case ast.Attribute(value=ast.Call(func=ast.Name(id="super"))):
            return True
    return False


def _is_called(module: Module, use: ast.expr) -> bool:
    """Tell whether a function is called where it is used, or what a wrapper made of it there."""
    call = module.parent(use)
    if not isinstance(call, ast.Call) or module.starts(use):
        return False
    around = module.parent(call)
    if call.func is not use:
        return isinstance(around, ast.Call) and around.func is call
    return not (isinstance(around, ast.Call) and module.name(around.func) == _RUN)


def _is_known(module: Module, decorator: ast.expr) -> bool:
    """Tell whether a decorator is one of Python's own, which register nothing."""
    name = module.name(decorator.func if isinstance(decorator, ast.Call) else decorator) or ""
    return name == _WRAPS or name in CONTEXT_MANAGER_MAKERS or name.partition(".")[0] in ("builtins", "typing", "abc")


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")
