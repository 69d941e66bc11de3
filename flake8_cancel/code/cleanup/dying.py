"""What the end of the process, or of an object, gives back by itself."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.cancellable import root_of
from flake8_cancel.code.cleanup.taking import ENTRY, METHOD, Act
from flake8_cancel.code.graph.programs import runs_as_program
from flake8_cancel.code.graph.testing import has_deadline
from flake8_cancel.code.tree import of_types
from flake8_cancel.code.verbs import ends, words

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# The first words of what ends a connection, or takes out what lives in memory: no other process hears of either.
_ENDINGS = frozenset({"aclose", "close", "disconnect", "discard", "pop", "remove"})
# Other processes live on.
_STARTS = frozenset({"launch", "popen", "run", "spawn", "start"})
# What puts a task among others.
_PUTS = frozenset({"add", "append"})
_LIBRARIES = frozenset({"os", "pathlib", "shutil"})


def dies_with_process(module: Module, function: ast.AsyncFunctionDef, taking: Act, giving: Act) -> bool:
    """Tell whether what is not given back is gone at once, for only the end of the program cancels the function.

    Args:
        module: the module.
        function: the function.
        taking: what takes.
        giving: what would give back.
    """
    if not _is_of_process(module, taking, giving) or has_deadline(module, giving.node):
        return False
    return runs_as_program(module, function)


def dies_with_object(module: Module, function: ast.AsyncFunctionDef, taking: Act) -> bool:
    """Tell whether an entry of an object is left only where the object ends, and its collections with it.

    The file uses the function for tasks alone that the object keeps, and touches these nowhere but where it closes.

    Args:
        module: the module.
        function: the function.
        taking: what puts the entry in.
    """
    owner = module.class_around(function)
    if taking.form != ENTRY or owner is None or root_of(taking.thing) != "self":
        return False
    kept = {_kept_among(module, use) for use in module.uses(function)}
    if not kept or None in kept:
        return False
    mentions = (node for node in of_types(owner, (ast.Attribute,)) if node.attr in kept)
    return all(_is_left_alone(module, node) for node in mentions if isinstance(node.ctx, ast.Load))


def _kept_among(module: Module, use: ast.expr) -> str | None:
    """Return the attribute that keeps the task of a function where it is used: ``self.tasks.add(start(work()))``."""
    call = module.parent(use)
    maker = module.parent(call) if isinstance(call, ast.Call) and call.func is use else None
    keeper = module.parent(maker) if isinstance(maker, ast.Call) and call in maker.args else None
    match keeper:
        case ast.Call(func=ast.Attribute(value=ast.Attribute(value=ast.Name(id="self"), attr=kept), attr=verb)):
            return kept if verb in _PUTS else None
    return None


def _is_left_alone(module: Module, tasks: ast.Attribute) -> bool:
    """Tell whether tasks are cancelled by nobody here but who ends the object: who only waits may be cancelled too."""
    function = module.function(tasks)
    if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    if ends(function.name, module.facts):
        return True
    waits = (node.value for node in module.ancestors(tasks) if isinstance(node, ast.Await))
    is_watching = all(isinstance(one, ast.Call) and module.name(one.func) == "asyncio.wait" for one in waits)
    return is_watching and not module.cancels(function)


def _is_of_process(module: Module, taking: Act, giving: Act) -> bool:
    if giving.form != METHOD or giving.call is None:
        return True
    if not _STARTS.isdisjoint(word.lower() for word in words(taking.verb)):
        return False
    # What is removed from the disk was there for others.
    if (module.name(giving.call.func) or "").partition(".")[0] in _LIBRARIES:
        return False
    return not _ENDINGS.isdisjoint(words(giving.verb)[:1])
