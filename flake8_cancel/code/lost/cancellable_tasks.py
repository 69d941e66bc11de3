"""Tasks and futures that may well be cancelled when they are done, and questions to those that certainly were."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.frameworks import runs_on_asyncio
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.ownership.futures import is_cancelled, waits_for

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# What runs a coroutine for another thread: its future is cancelled with the task, at the end of the loop at last.
_FOR_THREADS = "asyncio.run_coroutine_threadsafe"
_WRAPS = "asyncio.wrap_future"


def is_cancellable(module: Module, receiver: ast.expr) -> bool:
    """Tell whether something is a task, which the end of its loop cancels, or a future that may be cancelled here.

    What an unknown call made of a coroutine, its first argument, or of a task, and has done callbacks, is a task.

    Args:
        module: the module.
        receiver: what is given a callback.
    """
    kind = module.kind(receiver)
    made = module.value(receiver)
    if isinstance(made, ast.Call) and made.args and module.name(made.func) == _WRAPS:
        # It ends as the future does that it is made for.
        return is_cancellable(module, made.args[0]) or _is_cancelled_here(module, receiver)
    if kind is Kind.FUTURE or (kind is None and module.origins(receiver)):
        return _is_cancelled_here(module, receiver)
    if kind is Kind.THREAD_FUTURE:
        return isinstance(made, ast.Call) and module.name(made.func) == _FOR_THREADS
    if kind is not None:
        return kind is Kind.TASK
    made = made if isinstance(receiver, ast.Call | ast.Name) else _set_above(module, receiver)
    if not isinstance(made, ast.Call) or not runs_on_asyncio(module):
        return False
    kinds = [module.kind(argument) for argument in made.args]
    return kinds[:1] == [Kind.COROUTINE] or Kind.TASK in kinds


def _is_cancelled_here(module: Module, future: ast.expr) -> bool:
    return next(waits_for(module, future), None) is not None or is_cancelled(module, future)


def _set_above(module: Module, attribute: ast.expr) -> ast.expr | None:
    """Return what an attribute was set to in the statement above, behind which nobody else can have set it."""
    statement = module.statement(attribute)
    for block in (getattr(module.parent(statement), field, None) for field in ("body", "orelse", "finalbody")):
        if isinstance(block, list) and statement in block[1:]:
            match block[block.index(statement) - 1]:
                case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=value):
                    return value if module.reference(target) == module.reference(attribute) else None
    return None


def is_asked_of_cancelled(module: Module, call: ast.Call, task: ast.Name, around: ast.AST) -> bool:
    """Tell whether a task is only asked for its outcome where it is known to be cancelled: the wrong way round.

    Args:
        module: the module.
        call: what asks for the result or the exception.
        task: the name of the task there.
        around: the function around that is given the task.
    """
    child: ast.AST = call
    for parent in module.ancestors(call):
        if isinstance(parent, (ast.If, ast.IfExp)) and child is not parent.test:
            is_yes = child is parent.body or (isinstance(parent, ast.If) and child in parent.body)
            if _says(parent.test, task, is_yes):
                return True
        elif isinstance(parent, ast.BoolOp) and isinstance(child, ast.expr):
            is_yes = isinstance(parent.op, ast.And)
            if any(_says(value, task, is_yes) for value in parent.values[: parent.values.index(child)]):
                return True
        if parent is around:
            return False
        child = parent
    return False


def _says(test: ast.expr, task: ast.Name, is_yes: bool) -> bool:
    """Tell whether a test with this answer says that a task was cancelled."""
    match test:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=asked), attr="cancelled"), args=[]):
            return is_yes and asked == task.id
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _says(operand, task, not is_yes)
        case ast.BoolOp(op=op, values=values) if isinstance(op, ast.And) is is_yes:
            return any(_says(value, task, is_yes) for value in values)
    return False
