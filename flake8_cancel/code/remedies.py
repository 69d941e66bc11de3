"""How a lost cancellation can be let through: which node is to be changed, in which way, and whether that is safe."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.errors import BASE_EXCEPTION, CANCELLED_ERROR
from flake8_cancel.code.excuses import is_log
from flake8_cancel.code.losses import REPLACED, TURNS, Loss, is_broad

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
UNWRAP = "unwrap the block"

_JUMPS = (ast.Return, ast.Break, ast.Continue, ast.Raise)
_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class Remedy(NamedTuple):
    """A way to let the cancellation through.

    Attributes:
        target: the node to replace: the ``try`` statement, the handler, or the ``with`` statement.
        safe: whether nobody can have relied on the swallow.
        marks: the handler, or the expression of the ``with`` item.
        words: the way.
    """

    target: ast.AST
    safe: bool
    marks: tuple[ast.AST, ...]
    words: tuple[str, ...]


def remedy(module: Module, catcher: ast.ExceptHandler | ast.withitem, loss: Loss) -> Remedy | None:
    """Return how the cancellation that a handler or ``with`` item loses can be let through, None where it cannot.

    It is safe where the loss keeps the function in a loop that it cannot leave otherwise: then no caller can have
    relied on it. Where the function ended, whoever cancels it and waits for it gets a CancelledError now; when that
    one stands in the same file and takes none, there is no remedy.
    """
    function = module.function(catcher)
    if not isinstance(function, ast.AsyncFunctionDef):
        return None
    safe = loss.kind == TURNS and loss.for_ever
    if not safe and module.canceller_takes_no_cancellation(function):
        return None
    statement = module.parent(catcher)
    if isinstance(catcher, ast.withitem):
        assert isinstance(statement, (ast.With, ast.AsyncWith))
        way = _way_of_item(module, catcher)
        return Remedy(statement, safe, (catcher.context_expr,), (way,)) if way else None
    if not isinstance(statement, ast.Try):
        return None
    way = _way_of_handler(module, catcher, loss)
    if way is None:
        return None
    safe = safe and way != RAISE_CANCELLED
    target = catcher if way in (RAISE, RAISE_CANCELLED) else statement
    marks = () if target is catcher else (catcher,)
    return Remedy(target, safe, marks, (way,))


def _way_of_handler(module: Module, handler: ast.ExceptHandler, loss: Loss) -> str | None:
    if not _straight(handler):
        return None
    last = handler.body[-1]
    replaces = isinstance(last, ast.Raise)
    if replaces and loss.kind != REPLACED:
        return None
    idle = all(_is_idle(statement) for statement in handler.body if not (replaces and statement is last))
    if is_broad(module, handler):
        return ABOVE if idle else None if replaces else RAISE_CANCELLED
    names = module.names(handler.type)
    if len(names) > 1:
        can_split = isinstance(handler.type, ast.Tuple) and not any(
            isinstance(element, ast.Starred) for element in handler.type.elts
        )
        return SPLIT if idle and can_split else None
    logs = any(isinstance(statement, ast.Expr) and is_log(statement.value) for statement in handler.body)
    return REMOVE if idle and not logs and not replaces else RAISE


def _straight(handler: ast.ExceptHandler) -> bool:
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
            waiting.extend(ast.iter_child_nodes(node))
    return True


def _is_idle(statement: ast.stmt) -> bool:
    """Tell whether a statement of a handler does nothing but log or leave."""
    if isinstance(statement, ast.Return):
        return statement.value is None or isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant) or is_log(statement.value)
    return isinstance(statement, (ast.Pass, ast.Break, ast.Continue))


def _way_of_item(module: Module, item: ast.withitem) -> str | None:
    call = item.context_expr
    if not isinstance(call, ast.Call) or call.keywords or item.optional_vars:
        return None
    names = [module.names(argument) for argument in call.args]
    if (BASE_EXCEPTION,) in names:
        return NARROW
    if (CANCELLED_ERROR,) not in names:
        return None
    return DROP if len(call.args) > 1 else UNWRAP
