"""Blocks that clean up: a cancellation, or an error, has come before, and what they leave out nobody makes up for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.once import doors
from flake8_cancel.code.cleanup.waiting import is_kept_off
from flake8_cancel.code.graph.catchers import is_broad, names_cancelled
from flake8_cancel.code.graph.interrupted import is_interruptible
from flake8_cancel.code.meaning.scopes import FUNCTIONS
from flake8_cancel.code.patterns import Matching
from flake8_cancel.code.tree import walk
from flake8_cancel.code.verbs import ends

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# A comprehension may wait as these do.
_WAITS = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.comprehension)
# Defines what may do all the work of ``__aexit__``, and tells so by its name.
LEAVING = Matching(r"def[ \t]+_*(?:exit|reset)")


def cleanup_blocks(module: Module, statement: ast.AST) -> Iterator[list[ast.stmt]]:
    """Yield the blocks of a statement that clean up on a cancelled way too: a ``finally``, and handlers that take it.

    So does the whole of an ``__aexit__``, of the functions that such a block leaves the work to, and of what can end
    but once.

    Args:
        module: the module.
        statement: a ``try`` statement or a coroutine function; any other has none.
    """
    if isinstance(statement, ast.AsyncFunctionDef):
        if not _is_called_to_end(module, statement):
            return
        blocks = [statement.body] if is_exit(module, statement) else [door.block for door in doors(module, statement)]
        yield from {id(block): block for block in blocks}.values()
    if not isinstance(statement, ast.Try):
        return
    for handler in statement.handlers:
        if _takes_it(module, handler):
            yield handler.body
    if statement.finalbody:
        yield statement.finalbody


def waits_behind(statement: ast.Try) -> bool:
    """Tell whether a clause or the ``finally`` of a ``try`` may wait, as far as its text alone tells."""
    return any(isinstance(node, _WAITS) for part in (*statement.handlers, *statement.finalbody) for node in walk(part))


def is_exit(module: Module, function: ast.AsyncFunctionDef) -> bool:
    """Tell whether a function is an ``__aexit__``, or ends things for one, for a ``finally`` or a handler of its file.

    Args:
        module: the module.
        function: a coroutine function.
    """
    if function.decorator_list or not _is_called_to_end(module, function):
        return False
    owner = module.parent(function)
    is_method = isinstance(owner, ast.ClassDef)
    if is_method and function.name == "__aexit__":
        return True
    is_ending = ends(function.name, module.facts)
    if is_method and _is_work_of_exit(module, owner, function, is_ending):
        return True
    # Who owns an object may call its ``close()`` once more.
    is_called_again = is_method and not function.name.startswith("_")
    return is_ending and not is_called_again and any(_is_in_cleanup(module, one) for one in _awaited(module, function))


def _is_called_to_end(module: Module, function: ast.AsyncFunctionDef) -> bool:
    """Tell whether a function has the name of one that ends things: all others take no model of the file."""
    name = function.name
    return name == "__aexit__" or ends(name, module.facts) or LEAVING.is_in(f"def {name}")


def _is_work_of_exit(module: Module, owner: ast.AST | None, function: ast.AsyncFunctionDef, is_ending: bool) -> bool:
    """Tell whether the ``__aexit__`` of a class awaits a method of it: to end things, or as all it does."""
    if not is_ending and not LEAVING.is_in(f"def {function.name}"):
        return False
    assert isinstance(owner, ast.ClassDef)
    exits = [node for node in owner.body if isinstance(node, ast.AsyncFunctionDef) and node.name == "__aexit__"]
    waits = [node.value for method in exits for node in walk(method) if isinstance(node, ast.Await)]
    if not is_ending and len(waits) != 1:
        return False
    return any(isinstance(call, ast.Call) and module.definition(call.func) is function for call in waits)


def _takes_it(module: Module, handler: ast.ExceptHandler) -> bool:
    return names_cancelled(module, handler) or is_broad(module, handler)


def _awaited(module: Module, function: ast.AsyncFunctionDef) -> Iterator[ast.Await]:
    """Yield where a function of a file is surely called and awaited."""
    for use in module.uses(function):
        call = module.parent(use)
        wait = module.parent(call) if isinstance(call, ast.Call) else None
        if isinstance(call, ast.Call) and isinstance(wait, ast.Await) and module.definition(call.func) is function:
            yield wait


def _is_in_cleanup(module: Module, wait: ast.Await) -> bool:
    """Tell whether a wait stands in a ``finally``, or in a handler for the cancellation, and can be cut there."""
    inside: ast.AST = wait
    for around in module.ancestors(wait):
        if isinstance(around, FUNCTIONS):
            return False
        is_last = isinstance(around, ast.Try) and inside in around.finalbody
        if is_last or (isinstance(around, ast.ExceptHandler) and _takes_it(module, around)):
            return is_interruptible(module, wait) and not is_kept_off(module, wait)
        inside = around
    return False
