"""Waiting for a cancelled task: how the wait can keep the waiter's own cancellation."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.catchers import Catcher, is_broad
from flake8_cancel.code.graph.errors import CANCEL, CANCELLED_ERROR, EXCEPTION, NO, catches
from flake8_cancel.code.lost.cancelling import cancels_before, surely_cancelled
from flake8_cancel.code.lost.keeping import is_log
from flake8_cancel.code.lost.losses import Loss
from flake8_cancel.code.lost.remedies import Remedy, remedy
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import children, place, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# The ways to wait, as the fix knows them.
WAIT = "wait for the task"
DROP = "wait for the task and drop its errors"
WAIT_ALL = "wait for all tasks"

_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_IN_FLIGHT = frozenset({"sys.exc_info", "sys.exception", "traceback.format_exc", "traceback.print_exc"})


def cancelling_call(module: Module, catcher: Catcher) -> ast.Call | None:
    """Return the last ``cancel()`` in the function before the wait, of what the block of a catcher waits for."""
    return next(iter(cancels_before(module, _awaits(module, catcher)[0])), None)


def never_suspends(module: Module, catcher: Catcher) -> bool:
    """Tell whether a block only waits for futures that were cancelled just before: those are done at once."""
    return all(
        module.reference(wait.value) and module.kind(wait.value) is Kind.FUTURE and surely_cancelled(module, wait)
        for wait in _awaits(module, catcher)
    )


def hides_outcomes(module: Module, catcher: Catcher) -> bool:
    """Tell whether a block waits so that nothing of the tasks comes out: no cancellation of theirs, and no error."""
    return all(_hides(module, wait.value) for wait in _awaits(module, catcher))


def wait_remedy(module: Module, catcher: Catcher, loss: Loss) -> Remedy | None:
    """Return how a wait for a cancelled task can keep the waiter's own cancellation, None where it cannot.

    Args:
        module: the module.
        catcher: the handler, or the item of ``with``, around the wait.
        loss: how it loses the cancellation.

    Returns:
        a remedy of one of the ways above. Its marks are the handler or the call of ``suppress``, then of WAIT the
        classes that name the cancellation among others, or the test that goes, of WAIT_ALL the collection. Where
        nothing of the tasks can come out, it is a remedy that lets the cancellation through.
    """
    if hides_outcomes(module, catcher):
        return remedy(module, catcher, loss)
    wait = _last_wait(module, catcher)
    if wait is None or not surely_cancelled(module, wait):
        return None
    if isinstance(wait.value, ast.Call):
        tasks = _gathered(module, wait.value)
        return _for_all(module, catcher, tasks) if tasks else None
    if module.kind(wait.value) is not Kind.TASK or module.reference(wait.value) is None:
        return None
    if isinstance(catcher, ast.withitem):
        return _for_item(module, catcher)
    return _for_handler(module, catcher, wait.value)


def _awaits(module: Module, catcher: Catcher) -> list[ast.Await]:
    """Return the awaits of a block in the order of the text; it suspends nowhere else, and at least once."""
    waiting: list[ast.AST] = list(_block(module, catcher).body)
    found = []
    for node in waiting:
        if isinstance(node, ast.Await):
            found.append(node)
        if not isinstance(node, _NESTED):
            waiting.extend(children(node))
    return sorted(found, key=place)


def _block(module: Module, catcher: Catcher) -> ast.Try | ast.With | ast.AsyncWith:
    block = module.parent(catcher)
    assert isinstance(block, (ast.Try, ast.With, ast.AsyncWith))
    return block


def _last_wait(module: Module, catcher: Catcher) -> ast.Await | None:
    """Return the await of a block that does nothing else, but for cancelling in the lines above it."""
    *before, last = _block(module, catcher).body
    match last:
        case ast.Expr(value=ast.Await() as wait):
            if all(_is_cancel(statement) and statement.lineno < last.lineno for statement in before):
                return wait
    return None


def _is_cancel(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="cancel"))):
            return True
    return False


def _hides(module: Module, waited: ast.expr) -> bool:
    if not isinstance(waited, ast.Call):
        return False
    name = module.name(waited.func)
    keeps = any(
        keyword.arg == "return_exceptions" and isinstance(keyword.value, ast.Constant) and keyword.value.value is True
        for keyword in waited.keywords
    )
    return name == "asyncio.wait" or (name == "asyncio.gather" and keeps)


def _gathered(module: Module, call: ast.Call) -> ast.expr | None:
    """Return the collection of tasks that ``gather(*tasks)`` waits for, if it can be gone through twice."""
    match call:
        case ast.Call(args=[ast.Starred(value=(ast.Name() | ast.Attribute()) as tasks)], keywords=[]):
            made = module.value(tasks)
            again = not isinstance(made, (ast.GeneratorExp, ast.Dict, ast.DictComp, ast.Call))
            if module.name(call.func) == "asyncio.gather" and module.element_kind(tasks) is Kind.TASK and again:
                return tasks
    return None


def _for_all(module: Module, catcher: Catcher, tasks: ast.expr) -> Remedy | None:
    block = _block(module, catcher)
    if isinstance(catcher, ast.withitem):
        plain = _suppressed(module, catcher) == [CANCELLED_ERROR]
        return Remedy(block, False, (catcher.context_expr, tasks), (WAIT_ALL,)) if plain else None
    if not _is_alone(block, catcher) or module.names(catcher.type) != (CANCELLED_ERROR,):
        return None
    return Remedy(block, False, (catcher, tasks), (WAIT_ALL,))


def _for_item(module: Module, item: ast.withitem) -> Remedy | None:
    names = _suppressed(module, item)
    call = item.context_expr
    if names is None or not isinstance(call, ast.Call):
        return None
    if is_broad(module, item) or EXCEPTION in names:
        return Remedy(_block(module, item), True, (call,), (DROP,))
    caught = [argument for argument in call.args if module.names(argument) == (CANCELLED_ERROR,)]
    return Remedy(_block(module, item), True, (call, *caught), (WAIT,))


def _suppressed(module: Module, item: ast.withitem) -> list[str | None] | None:
    """Return what a ``suppress`` names class by class, None where that is not plain."""
    call = item.context_expr
    if not isinstance(call, ast.Call) or call.keywords or item.optional_vars:
        return None
    names = [module.names(argument) for argument in call.args]
    plain = all(len(one) == 1 for one in names) and not any(isinstance(one, ast.Starred) for one in call.args)
    return [one[0] for one in names] if plain else None


def _for_handler(module: Module, handler: ast.ExceptHandler, task: ast.expr) -> Remedy | None:
    block = _block(module, handler)
    assert isinstance(block, ast.Try)
    if any(_may_take(module, other) for other in block.handlers if other is not handler):
        return None
    names = module.names(handler.type)
    if names == (CANCELLED_ERROR,):
        return _for_plain_handler(module, block, handler, task)
    if not _is_idle(handler.body) or block.orelse:
        return None
    if is_broad(module, handler) or EXCEPTION in names:
        alone = _is_alone(block, handler)
        return Remedy(block, True, (handler,), (DROP,)) if alone else None
    if not isinstance(handler.type, ast.Tuple) or any(isinstance(one, ast.Starred) for one in handler.type.elts):
        return None
    caught = [one for one in handler.type.elts if module.names(one) == (CANCELLED_ERROR,)]
    return Remedy(block, True, (handler, *caught), (WAIT,)) if 0 < len(caught) < len(names) else None


def _for_plain_handler(module: Module, block: ast.Try, handler: ast.ExceptHandler, task: ast.expr) -> Remedy | None:
    """Return the remedy for a handler of CancelledError alone: what it does is done when the task was cancelled."""
    tests = handler.body[:1] if _raises_if_not_ended(module, handler.body[0], task) else []
    handled = handler.body[len(tests) :]
    if len(block.handlers) > 1 and (block.orelse or not _is_idle(handled)):
        return None
    if any(_needs_exception(module, handler, node) for statement in handled for node in walk(statement)):
        return None
    return Remedy(block, True, (handler, *tests), (WAIT,))


def _raises_if_not_ended(module: Module, statement: ast.stmt, task: ast.expr) -> bool:
    """Tell whether a statement is ``if not task.cancelled(): raise``, or the same with ``done()``."""
    match statement:
        case ast.If(
            test=ast.UnaryOp(
                op=ast.Not(), operand=ast.Call(func=ast.Attribute(value=asked, attr="cancelled" | "done"), args=[])
            ),
            body=[ast.Raise(exc=None)],
            orelse=[],
        ):
            return module.reference(asked) == module.reference(task)
    return False


def _needs_exception(module: Module, handler: ast.ExceptHandler, node: ast.AST) -> bool:
    """Tell whether a node means something else where no exception is handled."""
    if isinstance(node, ast.Raise):
        return True
    if isinstance(node, ast.Name):
        return node.id == handler.name
    if not isinstance(node, ast.Call):
        return False
    shows = any(keyword.arg == "exc_info" for keyword in node.keywords)
    shows = shows or (isinstance(node.func, ast.Attribute) and node.func.attr == "exception" and is_log(node))
    return shows or module.name(node.func) in _IN_FLIGHT


def _may_take(module: Module, handler: ast.ExceptHandler) -> bool:
    """Tell whether another clause may take the cancellation when the first one goes."""
    return handler.type is None or catches(CANCEL, module.names(handler.type), module.bases) != NO


def _is_alone(block: ast.AST, handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler is the only one of its ``try``, which has no ``else``, and does nothing."""
    assert isinstance(block, ast.Try)
    return block.handlers == [handler] and not block.orelse and _is_idle(handler.body)


def _is_idle(statements: list[ast.stmt]) -> bool:
    return all(isinstance(statement, ast.Pass) or ast.unparse(statement) == "..." for statement in statements)
