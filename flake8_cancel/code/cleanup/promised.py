"""Who waits for an event that a task was to set, though it has cancelled the task before that could begin."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.cleanup.releases import after
from flake8_cancel.code.graph.points import SUSPEND
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.ownership.beginnings import not_begun
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_WITHS = (ast.AsyncWith, ast.With)


class Promised(NamedTuple):
    """A wait for what a task never does.

    Attributes:
        made: what makes the task.
        cancel: the call that cancels it.
        event: what it would set.
    """

    made: ast.Call
    cancel: ast.Call
    event: ast.expr


def promised(module: Module, wait: ast.Await) -> Promised | None:
    """Return the task that a function cancels and then waits for by an event, if that never comes.

    Certain is: nobody but the task sets the event, the task may be cancelled before its first step, and nothing limits
    the wait.

    Args:
        module: the module.
        wait: an ``await``.
    """
    function, event = module.function(wait), _event(module, wait)
    if event is None or not isinstance(function, ast.AsyncFunctionDef):
        return None
    if any(isinstance(around, _WITHS) and module.function(around) is function for around in module.ancestors(wait)):
        return None
    setters = {module.function(call) for call in module.calls("set") if _is_of(module, call, event)}
    flow = module.flow(function) if setters and not _is_given(module, event) else None
    for cancel in module.cancels(function) if flow else ():
        assert flow is not None
        assert isinstance(cancel.func, ast.Attribute)
        statement = module.parent(cancel)
        if not isinstance(statement, ast.Expr) or not setters <= set(module.run_by(cancel.func.value)):
            continue
        made = not_begun(module, cancel)
        reaches = made and flow.walk(
            after(flow, statement), lambda state: state.point.kind == SUSPEND and state.point.node is wait
        )
        if made and reaches:
            return Promised(made, cancel, event)
    return None


def _event(module: Module, wait: ast.Await) -> ast.expr | None:
    """Return the event of the object that is waited for."""
    match wait.value:
        case ast.Call(func=ast.Attribute(value=ast.Attribute() as event, attr="wait"), args=[], keywords=[]):
            is_own = (module.reference(event) or "").startswith("self.")
            return event if is_own and module.kind(event) is Kind.EVENT else None
    return None


def _is_of(module: Module, call: ast.Call, event: ast.expr) -> bool:
    return isinstance(call.func, ast.Attribute) and module.reference(call.func.value) == module.reference(event)


def _is_given(module: Module, event: ast.expr) -> bool:
    """Tell whether somebody else may get to know an event, and set it: it is used other than by its methods."""
    owner = module.class_around(event)
    assert isinstance(event, ast.Attribute)
    return any(
        isinstance(node, ast.Attribute)
        and node.attr == event.attr
        and isinstance(node.ctx, ast.Load)
        and not isinstance(module.parent(node), ast.Attribute)
        for node in walk(owner or module.tree)
    )
