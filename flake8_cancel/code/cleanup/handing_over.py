"""Where async generators hand over to their consumers, and in which scopes that cancel."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.graph import managers
from flake8_cancel.code.graph.points import YIELD, State
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import children, walk

if TYPE_CHECKING:
    from flake8_cancel.code.graph.flow import Flow
    from flake8_cancel.code.module import Module

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_LOOPS = (ast.AsyncFor, ast.comprehension)
# Calls that consume the generator they are given, or close it for one that does.
_CONSUMERS = frozenset({"builtins.aiter", "builtins.anext", "contextlib.aclosing"})
_KINDS = {Kind.TIMEOUT: "timeout", Kind.TASK_GROUP: "group"}
_GROUPS = frozenset({"builtins.BaseExceptionGroup", "builtins.GeneratorExit"})
# In a loop over a generator these give the time to others, or leave it.
_GIVES_TIME = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.Yield, ast.Break, ast.Return, ast.Raise)


class Scope(NamedTuple):
    """A scope that may cancel the task it was entered in: the item that enters it, and "timeout" or "group"."""

    item: ast.withitem
    kind: str


def scope_around(module: Module, handed_over: ast.Yield) -> Scope | None:
    """Return the innermost scope in which a ``yield`` stands that may cancel its task, None if there is none.

    Managers of this file that open such a scope around their own ``yield`` count.

    Args:
        module: the module.
        handed_over: the ``yield``.
    """
    return _scope(module, handed_over, frozenset())


def is_iterated(module: Module, function: ast.AsyncFunctionDef) -> bool:
    """Tell whether an async generator is certainly looped over, and no framework makes a context manager of it.

    A function that hands over but once may be a fixture or a dependency, which is entered and left like a context
    manager: then some loop of this file must show what it is.

    Args:
        module: the module.
        function: the generator function.
    """
    if not module.is_plain(function):
        return False
    uses = module.uses(function)
    if not all(_is_called(module, use) for use in uses):
        return False
    flow = module.flow(function)
    if flow is None:
        return False
    return _hands_over_again(flow) or any(_loop_over(module, use) is not None for use in uses)


def is_consumed_at_once(module: Module, function: ast.AsyncFunctionDef) -> bool:
    """Tell whether all loops over a generator that nobody else knows of ask for the next item without any wait.

    Args:
        module: the module.
        function: the generator function.
    """
    is_own = function.name.startswith("_") and not function.name.endswith("__")
    if not is_own and module.function(function) is None:
        return False
    loops = [_loop_over(module, use) for use in module.uses(function)]
    return bool(loops) and all(loop is not None and not _gives_time(module, loop) for loop in loops)


def reachable_yields(flow: Flow) -> list[State]:
    """Return the states in which a generator hands over."""
    return [state for state in flow.every_state() if state.point.kind == YIELD]


def _scope(module: Module, handed_over: ast.AST, seen: frozenset[ast.AST]) -> Scope | None:
    child = handed_over
    for around in module.ancestors(handed_over):
        if isinstance(around, _FUNCTIONS):
            return None
        if isinstance(around, ast.AsyncWith) and child in around.body:
            for item in reversed(around.items):
                kind = _kind(module, item, around, seen)
                if kind:
                    return Scope(item, kind)
        child = around
    return None


def _kind(module: Module, item: ast.withitem, statement: ast.AsyncWith, seen: frozenset[ast.AST]) -> str | None:
    kind = managers.scope(module, item) or _kind_by_name(module, item)
    if kind == "timeout":
        return kind if _has_deadline(module, item, statement) else None
    if kind == "group" and _takes_groups(module, statement):
        return None
    own = None if kind else managers.own_manager(module, item)
    if own is None or own.generator is None or own.generator in seen:
        return kind
    scopes = (_scope(module, inner, seen | {own.generator}) for inner in module.yields(own.generator))
    return next((scope.kind for scope in scopes if scope), None)


def _kind_by_name(module: Module, item: ast.withitem) -> str | None:
    kind = module.kind(item.context_expr)
    return _KINDS.get(kind) if kind else None


def _takes_groups(module: Module, statement: ast.AsyncWith) -> bool:
    """Tell whether a handler around a group takes what becomes of a GeneratorExit: then the leaving is thought of."""
    child: ast.AST = statement
    for around in module.ancestors(statement):
        if isinstance(around, _FUNCTIONS):
            return False
        handlers = around.handlers if isinstance(around, ast.Try) and child in around.body else []
        if any(name in _GROUPS for handler in handlers for name in module.names(handler.type)):
            return True
        child = around
    return False


def _has_deadline(module: Module, item: ast.withitem, statement: ast.AsyncWith) -> bool:
    """Tell whether a timeout has a deadline that nothing in its block takes away."""
    call = module.value(item.context_expr)
    if not isinstance(call, ast.Call) or all(map(_is_none, _given(call))):
        return False
    name = item.optional_vars or item.context_expr
    return not any(
        _disarms(node, name.id) for inside in statement.body for node in walk(inside) if isinstance(name, ast.Name)
    )


def _disarms(node: ast.AST, name: str) -> bool:
    """Tell whether a call takes a timeout its deadline: ``reschedule(None)``, ``reject()``."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    receiver = node.func.value
    if not isinstance(receiver, ast.Name) or receiver.id != name:
        return False
    return node.func.attr == "reject" or (node.func.attr == "reschedule" and all(map(_is_none, _given(node))))


def _given(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _is_called(module: Module, use: ast.expr) -> bool:
    parent = module.parent(use)
    return isinstance(parent, ast.Call) and parent.func is use


def _loop_over(module: Module, use: ast.expr) -> ast.AST | None:
    """Return the loop over the generator that a function is called for, or another call that consumes it."""
    call = module.parent(use)
    around = module.parent(call) if call else None
    if isinstance(around, _LOOPS) and around.iter is call:
        return around
    is_given = isinstance(around, ast.Call) and call in around.args
    return around if is_given and isinstance(around, ast.Call) and module.name(around.func) in _CONSUMERS else None


def _gives_time(module: Module, loop: ast.AST) -> bool:
    parts: list[ast.AST]
    if isinstance(loop, ast.AsyncFor):
        parts = [*loop.body, loop.target]
    elif isinstance(loop, ast.comprehension):
        made = module.parent(loop)
        if isinstance(made, ast.GeneratorExp) or made is None:
            return True
        parts = [node for node in children(made) if node is not loop] + list(loop.ifs)
    else:
        return True
    return any(isinstance(node, _GIVES_TIME) or _is_async(node) for part in parts for node in walk(part))


def _is_async(node: ast.AST) -> bool:
    return isinstance(node, ast.comprehension) and bool(node.is_async)


def _hands_over_again(flow: Flow) -> bool:
    """Tell whether a ``yield`` can follow on a ``yield``."""
    behind: Iterator[State] = (
        State(target, state.pending) for state in reachable_yields(flow) for target in state.point.targets
    )
    return flow.walk(behind, lambda state: state.point.kind == YIELD) is not None
