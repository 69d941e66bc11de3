"""Cleanup that must not be missed: what stays open, counted, registered or waited for when it is skipped."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.left_open import holds_nothing
from flake8_cancel.code.cleanup.taking import COUNT, ENTRY, METHOD, Act, givings, root
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.verbs import TAKES_OUT, ends

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# What stays on the disk.
_REMOVERS = frozenset({"os.remove", "os.rmdir", "os.unlink", "shutil.rmtree"})


def owed(module: Module, statement: ast.stmt) -> Act | None:
    """Return what a statement gives back, ends or wakes that nobody else does when it is skipped; None if nothing.

    Args:
        module: the module.
        statement: a simple statement.
    """
    return next((act for act in givings(statement) if _is_owed(module, act)), None)


def _is_owed(module: Module, act: Act) -> bool:
    if act.form in (COUNT, ENTRY):
        return _outlives(act)
    if act.form != METHOD or act.call is None:
        return False
    if module.name(act.call.func) in _REMOVERS or ends(act.verb, module.facts):
        return not _is_idle_generator(module, act.call)
    if not isinstance(act.call.func, ast.Attribute):
        return False
    if act.verb in TAKES_OUT and act.given:
        return _outlives(act)
    return act.verb == "set" and module.kind(act.call.func.value) is Kind.EVENT


def _is_idle_generator(module: Module, call: ast.Call) -> bool:
    """Tell whether a call closes an async generator of this file that holds nothing while it hands over."""
    made = module.value(call.func.value) if isinstance(call.func, ast.Attribute) else None
    return made is not None and holds_nothing(module, made)


def _outlives(act: Act) -> bool:
    """Tell whether a counter or collection is an attribute: a local one ends with its function."""
    return act.thing is not None and act.thing[0] == "Attribute" and root(_expression(act)) != ""


def _expression(act: Act) -> ast.expr | None:
    if act.call is not None and isinstance(act.call.func, ast.Attribute):
        return act.call.func.value
    node = act.node
    if isinstance(node, ast.AugAssign):
        return node.target
    return node.targets[0] if isinstance(node, ast.Delete) else None
