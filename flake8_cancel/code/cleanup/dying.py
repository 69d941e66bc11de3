"""What the end of the process gives back by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.taking import METHOD, Act
from flake8_cancel.code.graph.programs import runs_as_program
from flake8_cancel.code.graph.testing import has_deadline
from flake8_cancel.code.verbs import words

if TYPE_CHECKING:
    import ast

    from flake8_cancel.code.module import Module

# The first words of what ends a connection, or takes out what lives in memory: no other process hears of either.
_ENDINGS = frozenset({"aclose", "close", "disconnect", "discard", "pop", "remove"})
# Other processes live on.
_STARTS = frozenset({"launch", "popen", "run", "spawn", "start"})
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


def _is_of_process(module: Module, taking: Act, giving: Act) -> bool:
    if giving.form != METHOD or giving.call is None:
        return True
    if not _STARTS.isdisjoint(word.lower() for word in words(taking.verb)):
        return False
    # What is removed from the disk was there for others.
    if (module.name(giving.call.func) or "").partition(".")[0] in _LIBRARIES:
        return False
    return not _ENDINGS.isdisjoint(words(giving.verb)[:1])
