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
# Python's own functions give back what they are given, for this file to go through.
_LIBRARIES = frozenset({"asyncio", "builtins", "contextlib"})
_ENDLESS = frozenset({"typing.Never", "typing.NoReturn", "typing_extensions.Never"})


def left_to_others(module: Module, function: ast.AST | None) -> bool:
    """Tell whether a coroutine function is run by something unknown, which starts it as its own.

    This file registers it (an unknown decorator, a callback), hands what the generator that it is gives to something
    unknown, is a program whose root it is, or does nothing with a method that nobody else should know by its name: then
    a base class, or a subclass, runs it. Or it never ends.

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
    if any(_is_called(module, use) and not _is_gone_through_elsewhere(module, function, use) for use in uses):
        return False
    if any(not _is_known(module, decorator) for decorator in function.decorator_list):
        return True
    is_returned = any(isinstance(module.parent(use), ast.Return) for use in uses)
    # Other files import a private function by its name; a method is only called on something.
    is_method = is_private(function.name) and isinstance(module.parent(function), ast.ClassDef)
    return ((bool(uses) or is_method) and not is_returned) or never_ends(module, function)


def never_ends(module: Module, function: ast.AsyncFunctionDef) -> bool:
    """Tell whether a function does its work at intervals, for ever unless an error or a cancellation ends it.

    Nobody waits for that. Other loops without end may be awaited, for they end with what they read from.

    Args:
        module: the module.
        function: the function.
    """
    pauses = (wait for wait in module.awaits() if module.function(wait) is function and _is_sleep(module, wait))
    loops = (around for wait in pauses for around in module.ancestors(wait) if isinstance(around, ast.While))
    # Who goes through what a generator gives goes on behind it.
    if not any(module.function(loop) is function for loop in loops) or module.yields(function):
        return False
    flow = module.flow(function)
    return flow is not None and all(end.kind == "raise" for end in flow.ends([flow.start]))


def _is_sleep(module: Module, wait: ast.Await) -> bool:
    return isinstance(wait.value, ast.Call) and module.name(wait.value.func) == "asyncio.sleep"


def _is_gone_through_elsewhere(module: Module, function: ast.AsyncFunctionDef, use: ast.expr) -> bool:
    """Tell whether an async generator is given, where it is made, to what another file has: a response."""
    made = module.parent(use)
    is_generator = bool(module.yields(function)) and module.is_plain(function)
    around = module.parent(made) if isinstance(made, ast.Call) and is_generator else None
    if isinstance(around, ast.keyword):
        around = module.parent(around)
    if not isinstance(around, ast.Call) or around.func is made or module.called(around) is not None:
        return False
    return (module.name(around.func) or "").partition(".")[0] not in _LIBRARIES


def is_stand_in(module: Module, function: ast.AsyncFunctionDef) -> bool:
    """Tell whether a test made a function for others to run: what it does is what the test wants done.

    Args:
        module: the module.
        function: the function.
    """
    around = (one for one in module.ancestors(function) if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)))
    uses = _uses(module, function) if any(one.name.startswith("test_") for one in around) else ()
    return bool(uses) and not any(_is_called(module, use) for use in uses)


def is_root(module: Module, function: ast.AsyncFunctionDef) -> bool:
    """Tell whether all that this file does with a function is to run the event loop with it.

    Args:
        module: the module.
        function: the function.
    """
    uses = _uses(module, function)
    return bool(uses) and all(_is_run(module, module.parent(use)) for use in uses)


def _is_run(module: Module, call: ast.AST | None) -> bool:
    around = module.parent(call) if isinstance(call, ast.Call) else None
    return isinstance(around, ast.Call) and call in around.args and module.name(around.func) == _RUN


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
    return not _is_run(module, call)


def _is_known(module: Module, decorator: ast.expr) -> bool:
    """Tell whether a decorator is one of Python's own, which register nothing."""
    name = module.name(decorator.func if isinstance(decorator, ast.Call) else decorator) or ""
    return name == _WRAPS or name in CONTEXT_MANAGER_MAKERS or name.partition(".")[0] in ("builtins", "typing", "abc")


def is_private(name: str) -> bool:
    """Tell whether a function's name says that it is for its own file or class alone."""
    return name.startswith("_") and not name.startswith("__")
