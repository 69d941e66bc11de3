"""Cleanup that must not be missed: what stays open, counted, registered or waited for when it is skipped."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.left_open import holds_nothing
from flake8_cancel.code.cleanup.taking import (
    COUNT,
    ENTRY,
    METHOD,
    Act,
    gives_back,
    givings,
    key,
    own_statements,
    root,
    takings,
)
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import walk
from flake8_cancel.code.verbs import TAKES_OUT, ends, matches, may_close_pair

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# What stays on the disk.
_REMOVERS = frozenset({"os.remove", "os.rmdir", "os.unlink", "shutil.rmtree"})
# What lets those go on who wait for a future.
_RESOLVES = frozenset({"set_exception", "set_result"})
_ASKS_KIND = frozenset({"builtins.hasattr", "builtins.isinstance"})


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
        return not (_is_idle_generator(module, act.call) or _is_optional(module, act) or _is_switched_off(module, act))
    if not isinstance(act.call.func, ast.Attribute):
        return False
    if act.verb in TAKES_OUT and act.given:
        return _outlives(act)
    if may_close_pair(act.verb) and _is_second_of_pair(module, act):
        return True
    if act.verb in _RESOLVES:
        return _is_waited_for(module, act.call.func.value)
    return act.verb == "set" and module.kind(act.call.func.value) is Kind.EVENT


def _is_waited_for(module: Module, future: ast.expr) -> bool:
    """Tell whether something is a future of the object that another function of this file waits for."""
    reference = module.reference(future)
    if not reference or not reference.startswith("self.") or module.kind(future) is not Kind.FUTURE:
        return False
    owner, function = module.class_around(future), module.function(future)
    return any(
        module.class_around(wait) is owner
        and module.function(wait) is not function
        and any(isinstance(node, ast.Attribute) and module.reference(node) == reference for node in walk(wait))
        for wait in module.awaits()
    )


def _is_second_of_pair(module: Module, act: Act) -> bool:
    """Tell whether an act undoes what its function has done by the first of a pair of methods: ``remove_reader()``."""
    function = module.function(act.node)
    body = function.body if isinstance(function, ast.AsyncFunctionDef) else []
    return any(
        matches(taking.verb, act.verb) and gives_back(act, taking, module.facts)
        for node in own_statements(body)
        for taking in takings(node)
        if taking.form == METHOD
    )


def _is_idle_generator(module: Module, call: ast.Call) -> bool:
    """Tell whether a call closes an async generator of this file that holds nothing while it hands over."""
    made = module.value(call.func.value) if isinstance(call.func, ast.Attribute) else None
    return made is not None and holds_nothing(module, made)


def _is_optional(module: Module, act: Act) -> bool:
    """Tell whether an iterator of any kind is closed if it can be: else the event loop does that when it is dropped."""
    if act.verb != "aclose":
        return False
    return any(
        isinstance(node, ast.Call)
        and module.name(node.func) in _ASKS_KIND
        and any(key(argument) == act.thing for argument in node.args)
        for around in module.ancestors(act.node)
        if isinstance(around, ast.If)
        for node in walk(around.test)
    )


def _is_switched_off(module: Module, act: Act) -> bool:
    """Tell whether an act stands under a name that this file sets to False, and to nothing else."""
    inside: ast.AST = act.node
    for around in module.ancestors(act.node):
        if isinstance(around, ast.If) and inside in around.body and isinstance(around.test, ast.Name):
            value = module.value(around.test)
            if isinstance(value, ast.Constant) and value.value is False:
                return True
        inside = around
    return False


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
