"""Clauses that are there for a timeout and name a class that it is not, or stand where it is not raised yet."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.api import BEGAN
from flake8_cancel.code.graph.catchers import Catcher, classes
from flake8_cancel.code.graph.errors import CANCELLED_ERROR, NO, catches
from flake8_cancel.code.graph.managers import timeout_error
from flake8_cancel.code.lost.guards import is_expected, is_told_apart
from flake8_cancel.code.timeouts.deadlines import TIMEOUT_NAMES, Missed, missed
from flake8_cancel.code.timeouts.timing_out import NEVER, UNKNOWN, suspends, times_out
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_SPOKEN = re.compile(r"tim(?:e|ed|es|ing)[ _-]?out|deadline|expired|too long|too slow", re.IGNORECASE)


def mistaken_timeout(module: Module, handler: ast.ExceptHandler) -> Missed | None:
    """Return the deadline that a clause for CancelledError alone is evidently there for, and does not take.

    Args:
        module: the module.
        handler: the clause.
    """
    if module.names(handler.type) != (CANCELLED_ERROR,) or not _speaks_of_a_timeout(handler.body):
        return None
    block = module.parent(handler)
    if not isinstance(block, ast.Try) or any(_takes_timeouts(module, other) for other in block.handlers):
        return None
    return next((late for late in missed(module, handler, inside=False) if late.leaves), None)


def caught_inside(module: Module, catcher: Catcher) -> Missed | None:
    """Return the deadline of a block around a catcher of TimeoutError that is there for it, and comes too early.

    It is there for that deadline where nothing else in its own block can time out. Where nobody knows, it is if its
    block is all that the deadline's block waits in, and it names nothing but TimeoutError.

    Args:
        module: the module.
        catcher: a clause, or a ``with`` item that suppresses.
    """
    names = _names(module, catcher)
    block = module.parent(catcher)
    if TIMEOUT_NAMES.isdisjoint(names) or not isinstance(block, (ast.Try, ast.With)):
        return None
    late = next((late for late in missed(module, catcher, inside=True) if late.leaves), None)
    if late is None or not isinstance(late.setter, ast.withitem):
        return None
    alone = times_out(module, block.body)
    if alone == NEVER:
        return late
    is_for_it = alone == UNKNOWN and TIMEOUT_NAMES.issuperset(names) and _waits_only_in(module, late.setter, block)
    return late if is_for_it else None


def too_young(module: Module, catcher: Catcher) -> Missed | None:
    """Return the deadline of asyncio that a catcher for the builtin TimeoutError does not take before Python 3.11.

    Args:
        module: the module.
        catcher: a clause, or a ``with`` item that suppresses.
    """
    written = written_timeout(module, catcher) if module.facts.target < (3, 11) else None
    if written is None:
        return None
    for late in missed(module, catcher):
        # Who uses what began with 3.11 has asked for the version.
        if _is_young(module, late.setter) or is_told_apart(module, written, at=late.place):
            continue
        return None if is_expected(module, late.place, "asyncio.TimeoutError") else late
    return None


def written_timeout(module: Module, catcher: Catcher) -> ast.expr | None:
    """Return the expression that names the builtin TimeoutError in a catcher."""
    return next((one for one in classes(catcher) if module.names(one) == ("builtins.TimeoutError",)), None)


def cannot_be_builtin(module: Module, catcher: Catcher, late: Missed) -> bool:
    """Tell whether the block of a catcher raises no TimeoutError but that of its deadline."""
    block = module.parent(catcher)
    assert isinstance(block, (ast.Try, ast.With))
    besides = late.setter.value if isinstance(late.setter, ast.Await) else None
    return times_out(module, block.body, besides) == NEVER


def _is_young(module: Module, setter: ast.AST) -> bool:
    call = setter.context_expr if isinstance(setter, ast.withitem) else None
    return isinstance(call, ast.Call) and (module.name(call.func) or "") in BEGAN


def _names(module: Module, catcher: Catcher) -> list[str | None]:
    return [name for one in classes(catcher) for name in module.names(one)]


def _waits_only_in(module: Module, item: ast.withitem, block: ast.stmt) -> bool:
    """Tell whether an ``async with`` suspends in one of its statements alone."""
    around = module.parent(item)
    assert isinstance(around, ast.AsyncWith)
    return block in around.body and not any(suspends(statement) for statement in around.body if statement is not block)


def _takes_timeouts(module: Module, handler: ast.ExceptHandler) -> bool:
    """Tell whether a clause may take a timeout, or is there for one by whichever of its names."""
    if handler.type is None or not TIMEOUT_NAMES.isdisjoint(_names(module, handler)):
        return True
    return catches(timeout_error(module), module.names(handler.type), module.bases) != NO


def _speaks_of_a_timeout(statements: Iterable[ast.AST]) -> bool:
    """Tell whether some statements say that the time is over: in a text, or by what they raise or assign to."""
    return any(_SPOKEN.search(word) for statement in statements for word in _words(statement))


def _words(statement: ast.AST) -> Iterator[str]:
    # What is only read may be any limit: close(timeout=self.timeout).
    for node in walk(statement):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Raise) and node.exc is not None:
            yield ast.unparse(node.exc.func if isinstance(node.exc, ast.Call) else node.exc)
        elif isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr
