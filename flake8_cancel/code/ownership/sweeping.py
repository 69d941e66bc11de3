"""Files that look for whatever tasks are left, and end them: nothing that a function of theirs drops is forgotten."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.tree import verb_of, walk
from flake8_cancel.code.verbs import ends_argument

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module


def sweeps(module: Module) -> bool:
    """Tell whether a coroutine function of a file ends what it finds left of all tasks.

    What runs the loop does so too, in a plain function, but only when all else is over.

    Args:
        module: the module.
    """
    return any(_ends_them(module, call) for call in module.calls("all_tasks") if module.in_coroutine(call))


def _ends_them(module: Module, call: ast.Call) -> bool:
    """Tell whether the function around a call ends what it gives, all at once or one by one."""
    statement = module.statement(call)
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    names = {node.id for target in targets if target for node in walk(target) if isinstance(node, ast.Name)}
    function = module.function(call)
    assert function is not None
    for node in walk(function):
        if isinstance(node, (ast.For, ast.comprehension)) and _mentions(node.iter, names):
            names.update(part.id for part in walk(node.target) if isinstance(part, ast.Name))
        if isinstance(node, ast.Call) and _is_end_of(module, node, names):
            return True
    return False


def _is_end_of(module: Module, call: ast.Call, names: set[str]) -> bool:
    verb = verb_of(call)
    if isinstance(call.func, ast.Attribute) and verb == "cancel" and _mentions(call.func.value, names):
        return True
    return ends_argument(verb, module.facts) and any(_mentions(argument, names) for argument in call.args)


def _mentions(expression: ast.expr, names: set[str]) -> bool:
    return any(isinstance(node, ast.Name) and node.id in names for node in walk(expression))
