"""The calls with which a function makes tasks of its own, whatever becomes of these."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from flake8_cancel.code.api import TASK_STARTERS
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.ownership.dropping import makes_task
from flake8_cancel.code.tree import verb_of

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

WAIT, GATHER, AS_COMPLETED = "asyncio.wait", "asyncio.gather", "asyncio.as_completed"

_MAKERS = TASK_STARTERS | {"asyncio.Task"}
_WORDS = frozenset(name.rpartition(".")[2] for name in _MAKERS)


def makers(module: Module, calls: Mapping[str, Sequence[ast.Call]]) -> dict[ast.AST, list[ast.Call]]:
    """Return the calls that make tasks, by the function they stand in, in the order of the text.

    Args:
        module: the module.
        calls: all calls of the module, by the last word of what is called.
    """
    words = _WORDS | {"as_completed"} | _shorthands(module) | _other_names(module, calls)
    found: dict[ast.AST, list[ast.Call]] = {}
    for word in words:
        for call in calls.get(word, ()):
            function = module.function(call)
            if function is not None and makes(module, call):
                found.setdefault(function, []).append(call)
    for made in found.values():
        made.sort(key=lambda call: (call.lineno, call.col_offset))
    return found


def makes(module: Module, call: ast.Call) -> bool:
    """Tell whether a call makes a task that only its caller has."""
    name = module.name(call.func)
    if name == AS_COMPLETED:
        return wraps(module, call)
    word = verb_of(call)
    if word not in _WORDS and name not in _MAKERS:
        return _is_shorthand(module, call)
    if name == "asyncio.Task" or makes_task(module, call):
        return True
    return _is_shorthand(module, call)


def wraps(module: Module, call: ast.Call) -> bool:
    """Tell whether ``as_completed`` is given coroutines, of which it makes tasks that nobody else has."""
    if module.name(call.func) != AS_COMPLETED or not call.args:
        return False
    return module.element_kind(call.args[0]) is Kind.COROUTINE


def _shorthands(module: Module) -> set[str]:
    """Return the names of the functions that may do no more than make a task and give it back."""
    made = [call for word in _WORDS for call in module.calls(word) if isinstance(module.parent(call), ast.Return)]
    around = [module.function(call) for call in made]
    return {function.name for function in around if isinstance(function, ast.FunctionDef)}


def _other_names(module: Module, calls: Mapping[str, Sequence[ast.Call]]) -> set[str]:
    """Return the other names under which a file has imported what makes tasks."""
    named = {word: one.func for word, some in calls.items() for one in some if isinstance(one.func, ast.Name)}
    return {word for word, function in named.items() if module.name(function) in _MAKERS | {AS_COMPLETED}}


def _is_shorthand(module: Module, call: ast.Call) -> bool:
    """Tell whether a call is that of a function of this file that makes a task, gives it back, and does no more."""
    function = module.definition(call.func)
    if not isinstance(function, ast.FunctionDef) or not module.is_plain(function):
        return False
    body = [one for one in function.body if not _is_text(one)]
    if len(body) != 1 or not isinstance(body[0], ast.Return) or not isinstance(body[0].value, ast.Call):
        return False
    made = body[0].value
    return module.name(made.func) == "asyncio.Task" or makes_task(module, made)


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
