"""Cancellations by which a framework tells that the other side is gone: the end of the task is all that is wanted."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from flake8_cancel.code.api import CANCELLED_WHEN_GONE
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_OTHER_WAITS = (ast.AsyncFor, ast.AsyncWith)


def only_hears_of_disconnect(module: Module, block: Sequence[ast.stmt]) -> bool:
    """Tell whether all that a block waits for is a peer whose going the framework tells by a cancellation.

    Args:
        module: the module.
        block: the body of a ``try``.
    """
    nodes = [node for statement in block for node in walk(statement)]
    waits = [node.value for node in nodes if isinstance(node, ast.Await)]
    methods = [wait.func for wait in waits if isinstance(wait, ast.Call) and isinstance(wait.func, ast.Attribute)]
    if not waits or len(methods) < len(waits) or any(isinstance(node, _OTHER_WAITS) for node in nodes):
        return False
    return all(_is_peer(module, method.value) for method in methods)


def _is_peer(module: Module, thing: ast.expr) -> bool:
    if module.name(thing) in CANCELLED_WHEN_GONE:
        return True
    if isinstance(thing, ast.Name):
        return _is_peer_by_annotation(module, thing)
    owner = module.class_around(thing)
    reference = module.reference(thing) if isinstance(thing, ast.Attribute) and owner else None
    assigned = [
        node.value
        for node in (walk(owner) if owner and reference else ())
        if isinstance(node, ast.Assign) and any(module.reference(target) == reference for target in node.targets)
    ]
    return bool(assigned) and all(isinstance(one, ast.Name) and _is_peer(module, one) for one in assigned)


def _is_peer_by_annotation(module: Module, name: ast.Name) -> bool:
    function = module.function(name)
    parameters = walk(function.args) if isinstance(function, _FUNCTIONS) else ()
    return any(
        isinstance(one, ast.arg) and one.arg == name.id and module.name(one.annotation) in CANCELLED_WHEN_GONE
        for one in parameters
    )
