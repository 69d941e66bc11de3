"""Waiting for a cancelled task: where it was cancelled, and how the wait can keep the waiter's own cancellation."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.catchers import Catcher, is_broad
from flake8_cancel.code.errors import CANCELLED_ERROR, EXCEPTION
from flake8_cancel.code.keeping import is_log
from flake8_cancel.code.losses import Loss
from flake8_cancel.code.remedies import Remedy, remedy
from flake8_cancel.code.values import Kind

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
    return next(iter(_cancels(module, _awaits(module, catcher)[0])), None)


def never_suspends(module: Module, catcher: Catcher) -> bool:
    """Tell whether a block only waits for futures that were cancelled just before: those are done at once."""
    return all(
        module.reference(wait.value) and module.kind(wait.value) is Kind.FUTURE and _surely_cancelled(module, wait)
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
    if wait is None or not _surely_cancelled(module, wait):
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
            waiting.extend(ast.iter_child_nodes(node))
    return sorted(found, key=_place)


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


# --- where it was cancelled -----------------------------------------------------------------------------------------


def _cancels(module: Module, wait: ast.Await) -> Iterator[ast.Call]:
    """Yield the calls before a wait that cancel what it waits for, the last first."""
    waited = module.awaited(wait.value) or ()
    for call in sorted(module.cancels(module.function(wait) or module.tree), key=_place, reverse=True):
        assert isinstance(call.func, ast.Attribute)
        cancelled = module.awaited(call.func.value) or ()
        if _place(call) < _place(wait) and any(one & other for one in waited for other in cancelled):
            yield call


def _surely_cancelled(module: Module, wait: ast.Await) -> bool:
    """Tell whether every way to a wait passes a ``cancel()``, unless the task is done."""
    around = {wait, *module.ancestors(wait)}
    return any(_comes_before(module, call, around) for call in _cancels(module, wait))


def _comes_before(module: Module, call: ast.Call, around: set[ast.AST]) -> bool:
    """Tell whether the statement of a call, or a loop over what it cancels, precedes a place in one block."""
    assert isinstance(call.func, ast.Attribute)
    node: ast.AST = call
    for parent in module.ancestors(call):
        for block in (getattr(parent, field, None) for field in ("body", "orelse", "finalbody")):
            if isinstance(block, list) and node in block:
                if not around.isdisjoint(block[block.index(node) + 1 :]):
                    return True
                if block is not getattr(parent, "body", None):
                    return False
                if isinstance(parent, ast.If) and not _only_asks(module, parent.test, call.func.value):
                    return False
                if not isinstance(parent, (ast.If, ast.For)):
                    return False
        if isinstance(parent, (*_NESTED, ast.IfExp, ast.BoolOp, ast.GeneratorExp)):
            return False
        if isinstance(parent, (ast.ListComp, ast.SetComp)) and any(each.ifs for each in parent.generators):
            return False
        node = parent
    return False


def _only_asks(module: Module, test: ast.expr, task: ast.expr) -> bool:
    """Tell whether a test asks for nothing but whether there is a task and whether it is done."""
    name = module.reference(task)
    waiting: list[ast.AST] = [test]
    for node in waiting:
        reference = module.reference(node)
        if reference is None:
            waiting.extend(ast.iter_child_nodes(node))
        elif reference not in (name, f"{name}.done", f"{name}.cancelled"):
            return False
    return True


# --- which way ------------------------------------------------------------------------------------------------------


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
    if any(_needs_exception(module, handler, node) for statement in handled for node in ast.walk(statement)):
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


def _is_alone(block: ast.AST, handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler is the only one of its ``try``, which has no ``else``, and does nothing."""
    assert isinstance(block, ast.Try)
    return block.handlers == [handler] and not block.orelse and _is_idle(handler.body)


def _is_idle(statements: list[ast.stmt]) -> bool:
    return all(isinstance(statement, ast.Pass) or ast.unparse(statement) == "..." for statement in statements)


def _place(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset
