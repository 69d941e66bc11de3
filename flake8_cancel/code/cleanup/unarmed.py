"""Cleanup that is not armed yet: it returns at once until a flag is set, and what it undoes sets that flag last."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.releases import after
from flake8_cancel.code.cleanup.taking import Act, Key, key, own_statements, raised_flag
from flake8_cancel.code.graph.flow import Flow
from flake8_cancel.code.graph.points import SUSPEND
from flake8_cancel.code.tree import walk
from flake8_cancel.code.verbs import opens

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module


def is_unarmed(module: Module, statement: ast.Try, giving: Act) -> bool:
    """Tell whether a cleanup would do nothing yet wherever the body of a ``try`` may be cancelled.

    It is a method of this file that first asks for a flag, and the body waits for nothing but the method that sets it,
    behind all that suspends there. Or whether there is anything to clean up is asked of a thing of another file, which
    the body does nothing but open: from when on it says so is not known.

    Args:
        module: the module.
        statement: the ``try``.
        giving: the cleanup.
    """
    if _asks_what_is_opened(module, statement, giving):
        return True
    cleanup = module.definition(giving.call.func) if giving.call else None
    flag = _asked_first(cleanup) if isinstance(cleanup, (ast.FunctionDef, ast.AsyncFunctionDef)) else None
    owner = module.class_around(cleanup) if cleanup and flag else None
    if owner is None:
        return False
    inside = [node for part in own_statements(statement.body) for node in walk(part)]
    if any(isinstance(node, (ast.AsyncFor, ast.AsyncWith, ast.comprehension)) for node in inside):
        return False
    calls = [node.value for node in inside if isinstance(node, ast.Await)]
    awaited = {module.definition(call.func) if isinstance(call, ast.Call) else None for call in calls}
    setting = [node for node in walk(owner) if any(act.thing == flag for act in _raised(node))]
    setters = {module.function(node) for node in setting}
    return bool(setting) and awaited == setters and all(_is_last(module, node) for node in setting)


def _asks_what_is_opened(module: Module, statement: ast.Try, giving: Act) -> bool:
    """Tell whether a cleanup depends on what its thing says of itself, and a ``try`` only waits for that to open."""
    waits = [node.value for part in statement.body for node in walk(part) if isinstance(node, ast.Await)]
    methods = [wait.func for wait in waits if isinstance(wait, ast.Call) and isinstance(wait.func, ast.Attribute)]
    if len(methods) < len(waits) or not all(key(one.value) == giving.thing and opens(one.attr) for one in methods):
        return False
    around = (node for node in module.ancestors(giving.node) if isinstance(node, ast.If) and node not in statement.body)
    tests = [node.test for node in around if node.lineno > statement.lineno]
    return any(
        isinstance(asked, ast.Attribute) and key(asked.value) == giving.thing and module.definition(asked) is None
        for test in tests
        for asked in walk(test)
    )


def _asked_first(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Key | None:
    """Return the flag without which a method does nothing: ``if not self._started: return``, behind mere checks."""
    for statement in function.body:
        match statement:
            case ast.If(test=ast.UnaryOp(op=ast.Not(), operand=ast.Attribute() as flag), body=[*_, ast.Return()]):
                return key(flag)
            case ast.Expr(value=ast.Constant()) | ast.If(body=[ast.Raise()], orelse=[]):
                continue
        return None
    return None


def _raised(node: ast.AST) -> list[Act]:
    return list(raised_flag(node)) if isinstance(node, ast.stmt) else []


def _is_last(module: Module, setting: ast.AST) -> bool:
    """Tell whether nothing suspends behind a statement in its coroutine function."""
    function = module.function(setting)
    flow = module.flow(function) if isinstance(function, ast.AsyncFunctionDef) else None
    return flow is not None and isinstance(setting, ast.stmt) and not _suspends_after(flow, setting)


def _suspends_after(flow: Flow, statement: ast.stmt) -> bool:
    return flow.walk(after(flow, statement), lambda state: state.point.kind == SUSPEND) is not None
