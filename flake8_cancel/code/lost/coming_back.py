"""Which tasks may come to cancel themselves: their function leads to the one that cancels them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flake8_cancel.code.graph.build import AnyFunction
    from flake8_cancel.code.module import Module


def comes_to(module: Module, run: ast.AsyncFunctionDef, function: AnyFunction) -> bool:
    """Tell whether a task may come to cancel itself, by calls that lead to the function that cancels it.

    What a method of its class calls of something unknown, as ``self.connection.stop()``, is another object's. Where a
    method is looked up by a name that is computed, it may be any.
    """
    owner = module.class_around(function)
    if owner is not None and any(_looks_up(module, call) for call in module.calls("getattr")):
        return True
    reached: list[ast.AST] = [function]
    for node in reached:
        if node is run:
            return True
        for use in module.uses(node) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else ():
            caller = module.function(use)
            if caller is None or caller in reached:
                continue
            if module.definition(use) is node or owner is None or module.class_around(use) is not owner:
                reached.append(caller)
    return False


def _looks_up(module: Module, call: ast.Call) -> bool:
    """Tell whether a call may give any method of an object."""
    match call.args:
        case [ast.Name() as receiver, name, *_] if module.reference(receiver) == "self":
            return not isinstance(name, ast.Constant)
    return False
