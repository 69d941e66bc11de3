"""Awaits of what is certainly done: it was awaited before, or a function returns it with its result."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.edges import CANCELLED, CLOSED, DEADLINE, NEXT
from flake8_cancel.code.graph.points import CLAUSE, STEP, SUSPEND, State
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import named, of_types, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_EVERY = frozenset({CANCELLED, CLOSED, DEADLINE, NEXT})
_TELLS = frozenset({"cancelled", "exception"})
_SETTLES = frozenset({"cancel", "set_exception", "set_result"})


def was_awaited(module: Module, wait: ast.Await) -> bool:
    """Tell whether a function comes to a wait only when it has awaited the same thing: such a thing is done by then.

    Whoever is cancelled while he waits for a task or a future cancels that, and comes back when it is over: a second
    ``await`` raises the same cancellation then, unless the task is asked for its error before.

    Args:
        module: the module.
        wait: an ``await``.
    """
    function, name = module.function(wait), module.reference(wait.value)
    if not isinstance(function, ast.AsyncFunctionDef) or not isinstance(wait.value, (ast.Attribute, ast.Name)):
        return False
    others = {
        one for one in of_types(function, (ast.Await,)) if one is not wait and module.reference(one.value) == name
    }
    if name is None or not others or _may_be_another(module, function, wait.value):
        return False
    flow = module.flow(function)
    if flow is None:
        return False

    def is_awaited(state: State) -> bool:
        return state.point.kind == SUSPEND and state.point.node in others

    def is_here(state: State) -> bool:
        return state.point.node is wait

    before = flow.suspensions(lambda point: point.node in others)
    cut = [] if _is_asked(module, wait) else [state for _, state in flow.cancelled(before)]
    if flow.walk(cut, is_here, kinds=_EVERY) is not None:
        return False
    return flow.walk([flow.start], is_here, avoid=is_awaited, kinds=_EVERY) is None


def _is_asked(module: Module, wait: ast.Await) -> bool:
    """Tell whether a test around a wait asks what is waited for how it ended."""
    name = module.reference(wait.value)
    tests = (around.test for around in module.ancestors(wait) if isinstance(around, ast.If))
    asked = (node for test in tests for node in of_types(test, (ast.Attribute,)) if node.attr in _TELLS)
    return any(module.reference(node.value) == name for node in asked)


def _may_be_another(module: Module, function: ast.AsyncFunctionDef, thing: ast.Attribute | ast.Name) -> bool:
    """Tell whether a name or attribute may be given another value between two places of a function."""
    if isinstance(thing, ast.Name):
        bound = [one for one in named(function, thing.id) if _is_changed(one)]
        given = [one for one in walk(function.args) if isinstance(one, ast.arg) and one.arg == thing.id]
        return len(bound) + len(given) != 1
    given = [one for one in of_types(module.tree, (ast.Attribute,)) if one.attr == thing.attr and _is_changed(one)]
    makers = (module.function(one) for one in given)
    is_fixed = all(isinstance(one, ast.FunctionDef) and one.name == "__init__" for one in makers)
    owner = thing.value
    is_same = isinstance(owner, (ast.Attribute, ast.Name)) and not _may_be_another(module, function, owner)
    return not (given and is_fixed and is_same)


def _is_changed(target: ast.Attribute | ast.Name) -> bool:
    return not isinstance(target.ctx, ast.Load)


def returns_settled(module: Module, function: ast.FunctionDef) -> bool:
    """Tell whether a plain function returns a future that it has made and given its result or error.

    Args:
        module: the module.
        function: the function that is called for what is awaited.
    """
    returned = [one.value for one in of_types(function, (ast.Return,)) if module.function(one) is function]
    name = returned[0].id if returned and isinstance(returned[0], ast.Name) else None
    is_one = all(isinstance(one, ast.Name) and one.id == name and _is_future(module, one) for one in returned)
    flow = module.flow(function) if name and is_one and module.is_plain(function) else None
    if flow is None:
        return False

    def settles(state: State) -> bool:
        node = state.point.node
        return state.point.kind == STEP and isinstance(node, ast.Expr) and _settles(node.value, name)

    def returns(state: State) -> bool:
        return state.point.kind == STEP and isinstance(state.point.node, ast.Return)

    clauses = [state for state in flow.every_state() if state.point.kind == CLAUSE]
    handling = [State(state.point.targets[0], state.pending) for state in clauses]
    return flow.walk([flow.start, *handling], returns, avoid=settles) is None


def _is_future(module: Module, name: ast.Name) -> bool:
    return module.kind(name) is Kind.FUTURE


def _settles(value: ast.expr, name: str | None) -> bool:
    match value:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=future), attr=verb)):
            return future == name and verb in _SETTLES
    return False
