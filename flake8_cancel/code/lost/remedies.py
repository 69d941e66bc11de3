"""How a lost cancellation can be let through: which node is to be changed, in which way, and whether that is safe."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.graph.catchers import Catcher, is_broad
from flake8_cancel.code.graph.errors import BASE_EXCEPTION, CANCEL, CANCELLED_ERROR, NO, catches
from flake8_cancel.code.lost.aftermath import aftermath
from flake8_cancel.code.lost.keeping import is_log
from flake8_cancel.code.lost.losses import GOES_ON, REPLACED, TURNS, VALUE, Loss
from flake8_cancel.code.tree import children, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# The ways, as the fixes know them.
REMOVE = "remove the handler"
RAISE = "raise at the end of the handler"
SPLIT = "split the classes of the handler"
ABOVE = "raise in a clause above the handler"
RAISE_CANCELLED = "raise at the end of the handler if it took a cancellation"
NARROW = "suppress Exception only"
DROP = "drop the class from the suppressed ones"
# With each of these: what cleans up behind.
FINALLY = "put into a finally"

_JUMPS = (ast.Return, ast.Break, ast.Continue, ast.Raise)
_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class Remedy(NamedTuple):
    """A way to let the cancellation through.

    Attributes:
        target: the node to replace: the ``try`` statement of REMOVE, the ``with`` statement, else the handler.
        safe: whether nobody can have relied on the swallow.
        marks: of REMOVE the handler, of SPLIT the classes that are CancelledError, of a ``with`` item its call and the
            arguments to change.
        words: the way.

    Where cleanup follows, the second word is FINALLY, the target is what is around its block, and the marks are the
    statement before it, which holds the handler, the target and the marks of the way, the first and the last statement
    that clean up.
    """

    target: ast.AST
    safe: bool
    marks: tuple[ast.AST, ...]
    words: tuple[str, ...]


def remedy(module: Module, catcher: Catcher, loss: Loss) -> Remedy | None:
    """Return how the cancellation that a handler or ``with`` item loses can be let through, None where it cannot.

    It is safe where the loss keeps the function in a loop that it cannot leave otherwise: then no caller can have
    relied on it. In a handler, though, the loop may wait on purpose for what must be over first. Where the function
    ended, whoever cancels it and waits for it gets a CancelledError now; when that one stands in the same file and
    takes none, there is no remedy. Nor is there one where cleanup that follows would be skipped then and cannot go into
    a ``finally``, or where the handler is the only way out of an endless loop to what follows it.
    """
    safe = loss.kind == TURNS and loss.for_ever and not _is_in_handler(module, catcher)
    if not safe and module.canceller_takes_no_cancellation(module.function(catcher)):
        return None
    found = _for_item(module, catcher) if isinstance(catcher, ast.withitem) else _for_handler(module, catcher, loss)
    if found is None:
        return None
    statement, cleanup, further = aftermath(module, catcher)
    if further:
        return None
    if not cleanup and loss.kind in (GOES_ON, VALUE) and _leaves_for_good(module, loss.leaving):
        return None
    if not cleanup:
        return found._replace(safe=safe)
    owner = module.parent(statement)
    marks = (statement, found.target, *found.marks, cleanup[0], cleanup[-1])
    return Remedy(owner, False, marks, (*found.words, FINALLY)) if owner else None


def _is_in_handler(module: Module, catcher: Catcher) -> bool:
    """Tell whether a handler of its function holds a place."""
    holding = (outer for outer in module.ancestors(catcher) if isinstance(outer, (ast.ExceptHandler, *_NESTED)))
    return isinstance(next(holding, None), ast.ExceptHandler)


def _leaves_for_good(module: Module, leaving: ast.AST) -> bool:
    """Tell whether a ``break`` leaves a loop that has no other end."""
    if not isinstance(leaving, ast.Break):
        return False
    loop = next(node for node in module.ancestors(leaving) if isinstance(node, (ast.For, ast.AsyncFor, ast.While)))
    endless = isinstance(loop, ast.While) and isinstance(loop.test, ast.Constant) and bool(loop.test.value)
    return endless and not any(isinstance(node, ast.Break) and node is not leaving for node in walk(loop))


def _for_handler(module: Module, handler: ast.ExceptHandler, loss: Loss) -> Remedy | None:
    if not _is_straight(handler):
        return None
    last = handler.body[-1]
    replaces = isinstance(last, ast.Raise)
    if replaces and loss.kind != REPLACED:
        return None
    if loss.kind == REPLACED and loss.last is last and not replaces:
        # A helper that never returns raises there.
        return None
    idle = all(_is_idle(statement) for statement in handler.body if not (replaces and statement is last))
    if is_broad(module, handler):
        return _of(handler, ABOVE) if idle else None if replaces else _of(handler, RAISE_CANCELLED)
    if len(module.names(handler.type)) > 1:
        cancelled = _cancelled_among(module, handler.type)
        if idle and cancelled:
            return _of(handler, SPLIT, *cancelled)
        return None if replaces else _of(handler, RAISE_CANCELLED)
    logs = any(isinstance(statement, ast.Expr) and is_log(statement.value) for statement in handler.body)
    if not idle or logs or _is_taken_below(module, handler):
        return _of(handler, RAISE)
    block = module.parent(handler)
    assert isinstance(block, ast.Try)
    return Remedy(block, False, (handler,), (REMOVE,))


def _of(handler: ast.ExceptHandler, way: str, *marks: ast.AST) -> Remedy:
    return Remedy(handler, False, marks, (way,))


def _cancelled_among(module: Module, classes: ast.expr | None) -> list[ast.expr]:
    """Return the elements of a tuple of classes that are CancelledError, nothing where one is so only in part."""
    if not isinstance(classes, ast.Tuple) or any(isinstance(element, ast.Starred) for element in classes.elts):
        return []
    cancelled = [element for element in classes.elts if CANCELLED_ERROR in module.names(element)]
    if any(len(module.names(element)) > 1 for element in cancelled) or len(cancelled) == len(classes.elts):
        return []
    return cancelled


def _is_taken_below(module: Module, handler: ast.ExceptHandler) -> bool:
    """Tell whether a later clause may take the cancellation when this one goes."""
    block = module.parent(handler)
    assert isinstance(block, ast.Try)
    below = block.handlers[block.handlers.index(handler) + 1 :]
    return any(other.type is None or catches(CANCEL, module.names(other.type), module.bases) != NO for other in below)


def _is_straight(handler: ast.ExceptHandler) -> bool:
    """Tell whether every path through a handler comes to its last statement."""
    waiting: list[ast.AST] = [*handler.body[:-1]]
    last = handler.body[-1]
    if not isinstance(last, _JUMPS):
        waiting.append(last)
    while waiting:
        node = waiting.pop()
        if isinstance(node, _JUMPS):
            return False
        if not isinstance(node, _NESTED):
            waiting.extend(children(node))
    return True


def _is_idle(statement: ast.stmt) -> bool:
    """Tell whether a statement of a handler does nothing but log or leave."""
    if isinstance(statement, ast.Return):
        return statement.value is None or isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant) or is_log(statement.value)
    return isinstance(statement, (ast.Pass, ast.Break, ast.Continue))


def _for_item(module: Module, item: ast.withitem) -> Remedy | None:
    call, statement = item.context_expr, module.parent(item)
    if not isinstance(call, ast.Call) or call.keywords or item.optional_vars or statement is None:
        return None
    if any(isinstance(argument, ast.Starred) or len(module.names(argument)) > 1 for argument in call.args):
        return None
    broad = [argument for argument in call.args if module.names(argument) == (BASE_EXCEPTION,)]
    cancelled = [argument for argument in call.args if module.names(argument) == (CANCELLED_ERROR,)]
    if broad and cancelled:
        return None
    return Remedy(statement, False, (call, *broad, *cancelled), (NARROW if broad else DROP,))
