"""The cancellation graphs of one module, built when first asked for, and what they ask of each other."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

from flake8_cancel.code.api import CONTEXT_MANAGER_MAKERS, NEVER_RETURN
from flake8_cancel.code.graph import managers
from flake8_cancel.code.graph.build import AnyFunction
from flake8_cancel.code.graph.errors import Error
from flake8_cancel.code.graph.flow import Flow, TooLargeError
from flake8_cancel.code.tree import children

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_Key = tuple[AnyFunction, tuple[tuple[str, bool], ...]]


class Flows:
    """The graphs of a module.

    Args:
        module: the module.

    Attributes:
        left_out: the functions whose graph passed a limit, so that nothing is said of them.
    """

    def __init__(self, module: Module) -> None:
        self.module = module
        self.left_out: list[AnyFunction] = []
        self._flows: dict[_Key, Flow | None] = {}

    def flow(self, function: AnyFunction, assumed: Mapping[str, bool]) -> Flow | None:
        """Return the graph of a function, None where it passes a limit or is being built just now (recursion)."""
        key = function, tuple(sorted(assumed.items()))
        if key not in self._flows:
            self._flows[key] = None
            try:
                self._flows[key] = Flow(function, self, assumed)
            except (TooLargeError, RecursionError):
                self.left_out.append(function)
        return self._flows[key]

    def name(self, expression: ast.expr | None) -> str | None:
        """See ``Module.name``."""
        return self.module.name(expression)

    def names(self, expression: ast.expr | None) -> tuple[str | None, ...]:
        """Return the classes an ``except`` clause names; of a timeout's two names the one the target has."""
        names = self.module.names(expression)
        if self.module.facts.target < (3, 11):
            return names
        return tuple("builtins.TimeoutError" if name == "asyncio.TimeoutError" else name for name in names)

    def is_manager(self, function: AnyFunction) -> bool:
        """Tell whether a generator is made a context manager, so that its yield raises what the body raised."""
        return any(self.module.name(decorator) in CONTEXT_MANAGER_MAKERS for decorator in function.decorator_list)

    def suspends_at(self, item: ast.withitem, leaving: bool) -> bool:
        """Tell whether entering, or leaving, an item of an ``async with`` may suspend."""
        return managers.suspends(self.module, item, leaving)

    def never_returns(self, call: ast.Call, awaited: bool) -> tuple[Error, ...] | None:
        """Return what a call raises that never returns (nothing, where it ends the process), None for any other call.

        Args:
            call: the call.
            awaited: whether it is awaited; a coroutine function that is only called returns at once.
        """
        known = NEVER_RETURN.get(self.module.name(call.func) or "")
        if known is not None:
            return (Error(known),) if known else ()
        helper = self.module.definition(call.func)
        if helper is None and _exits(call):
            return (Error("builtins.SystemExit"),)
        if isinstance(helper, ast.ClassDef) or helper is None or helper.decorator_list:
            return None
        if isinstance(helper, ast.AsyncFunctionDef) != awaited or _is_generator(helper):
            return None
        if _is_abstract(helper):
            return None
        flow = self.flow(helper, {})
        ends = flow.ends([flow.start]) if flow else None
        if ends is None or any(end.kind != "raise" for end in ends):
            return None
        return tuple(sorted({end.error for end in ends if end.error}))


def _exits(call: ast.Call) -> bool:
    """Tell whether a method is called that ends the program with a status, as those of command lines have it."""
    match call:
        case ast.Call(func=ast.Attribute(attr="exit"), args=[ast.Constant(value=int())], keywords=[]):
            return True
    return False


def _is_generator(function: AnyFunction) -> bool:
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            waiting.extend(children(node))
    return False


def _is_abstract(function: AnyFunction) -> bool:
    """Tell whether a function only stands for those that override it."""
    last = function.body[-1]
    raised = last.exc if isinstance(last, ast.Raise) else None
    kind = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(kind, ast.Name) and kind.id == "NotImplementedError"
