"""What is still to be cleaned up where a swallowed cancellation goes on, and is skipped once it is let through."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.cleanup.framing import block_of, ends_something, is_log_line, jumps, only_cleans_up
from flake8_cancel.code.cleanup.taking import own_statements
from flake8_cancel.code.graph.catchers import Catcher
from flake8_cancel.code.meaning.scopes import FUNCTIONS
from flake8_cancel.code.tree import walk
from flake8_cancel.code.verbs import ENDINGS, words

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_LEAVES = (ast.Return, ast.Break, ast.Continue, ast.Raise)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
# The first words of the names of functions that end something.
_TEARDOWNS = {(word,) for word in (*(ENDINGS - {"closed", "released"}), "aexit", "afail", "exit", "fail")}


class Aftermath(NamedTuple):
    """The cleanup that follows a handler or a suppressing ``with``.

    Attributes:
        statement: the ``try`` or ``with`` statement, or one around it, behind which the cleanup stands.
        behind: the statements directly behind it that clean up, from the first to the last one.
        further: whether cleanup follows that is not among them, or that a ``finally`` cannot hold.
    """

    statement: ast.stmt
    behind: tuple[ast.stmt, ...]
    further: bool


class _Rest(NamedTuple):
    """What is still run: what a block holds behind one of its statements, or something else without a statement."""

    nodes: Sequence[ast.stmt]
    statement: ast.stmt | None = None


def aftermath(module: Module, catcher: Catcher) -> Aftermath:
    """Return the cleanup that follows where a handler or ``with`` item swallows a cancellation.

    In a ``finally``, and in a function whose name says that it ends something, all that follows is cleanup.

    Args:
        module: the module.
        catcher: a handler that is left at its end alone, or an item.
    """
    statement = module.parent(catcher)
    assert isinstance(statement, (ast.Try, ast.With, ast.AsyncWith))
    whole = _is_teardown(module, catcher)
    cleaning = [rest for rest in _skipped(module, catcher) if any(_cleans(module, node, whole) for node in rest.nodes)]
    if not cleaning:
        return Aftermath(statement, (), False)
    nodes, around = cleaning[0]
    own = _leading(module, nodes, whole) if around else []
    if around is None or not own or jumps([around], besides=catcher) or _needs_what_it_binds(module, around, own):
        return Aftermath(statement, (), True)
    further = len(cleaning) > 1 or any(_cleans(module, node, whole) for node in nodes[len(own) :])
    return Aftermath(around, tuple(own), further)


def _skipped(module: Module, catcher: Catcher) -> Iterator[_Rest]:
    """Yield the rest of each block around that is still run, the innermost first."""
    leaving = _leaving(catcher)
    child: ast.AST = catcher
    for parent in module.ancestors(catcher):
        if isinstance(child, FUNCTIONS) or isinstance(leaving, (ast.Return, ast.Raise)):
            return
        if isinstance(child, ast.stmt) and leaving is None:
            block = block_of(module, child)
            yield _Rest(block[block.index(child) + 1 :], child)
            if isinstance(parent, ast.Try) and child in parent.body:
                yield _Rest(parent.orelse)
        if isinstance(parent, _LOOPS) and child not in parent.orelse:
            if not isinstance(leaving, ast.Break):
                # The next turn does the same with another one.
                yield _Rest([*(parent.body if isinstance(parent, ast.For) else ()), *parent.orelse])
                if isinstance(parent, ast.While) and _is_endless(parent):
                    return
            leaving = None
        child = parent


def _leaving(catcher: Catcher) -> ast.stmt | None:
    """Return the statement that leaves a handler by a jump, None where it falls through to what follows."""
    last = catcher.body[-1] if isinstance(catcher, ast.ExceptHandler) else None
    return last if isinstance(last, _LEAVES) else None


def _is_endless(loop: ast.While) -> bool:
    is_constant = isinstance(loop.test, ast.Constant) and bool(loop.test.value)
    return is_constant and not any(isinstance(node, ast.Break) for node in own_statements(loop.body))


def _is_teardown(module: Module, catcher: Catcher) -> bool:
    """Tell whether all that follows is cleanup: in a ``finally``, or by the name of the function."""
    function = module.function(catcher)
    child: ast.AST = catcher
    for parent in module.ancestors(catcher):
        if parent is function:
            break
        if isinstance(parent, ast.Try) and child in parent.finalbody:
            return True
        child = parent
    return isinstance(function, ast.AsyncFunctionDef) and words(function.name)[:1] in _TEARDOWNS


def _leading(module: Module, block: Sequence[ast.stmt], whole: bool) -> list[ast.stmt]:
    """Return the statements of a block from its first to the last that cleans up, as far as nothing else is there."""
    found = 0
    for number, node in enumerate(block, 1):
        if (not jumps([node]) and _works(node)) if whole else only_cleans_up(node, module.facts):
            found = number
        elif not is_log_line(node):
            break
    return list(block[:found])


def _cleans(module: Module, statement: ast.stmt, whole: bool) -> bool:
    """Tell whether a statement, or one inside it, cleans up."""
    inside = list(own_statements([statement]))
    return any(_works(node) if whole else ends_something(node, module.facts) for node in inside)


def _works(statement: ast.stmt) -> bool:
    if isinstance(statement, (ast.Pass, *_LEAVES)) or is_log_line(statement):
        return False
    return not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))


def _needs_what_it_binds(module: Module, statement: ast.stmt, cleanup: Sequence[ast.stmt]) -> bool:
    """Tell whether cleanup uses a name that only the statement before it binds, so that it may not be bound."""
    read = {node.id for part in cleanup for node in walk(part) if isinstance(node, ast.Name)}
    bound = {node.id for node in walk(statement) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    function = module.function(statement)
    assert isinstance(function, ast.AsyncFunctionDef)
    before = {
        node.id if isinstance(node, ast.Name) else node.arg
        for node in walk(function)
        if isinstance(node, ast.arg)
        or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.lineno < statement.lineno)
    }
    return not (read & bound).issubset(before)
