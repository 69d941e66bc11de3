"""Helpers that are given a thing and end it themselves when they are cancelled, so that their caller need not."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.taking import Key, key, mentions, root
from flake8_cancel.code.graph.evaluate import header, own_nodes
from flake8_cancel.code.graph.interrupted import interruptible
from flake8_cancel.code.graph.points import END, STEP, State
from flake8_cancel.code.lost.keeping import parameter_given
from flake8_cancel.code.tree import verb_of
from flake8_cancel.code.verbs import ends, ends_argument

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module


def is_ended_inside(module: Module, wait: ast.AST, thing: Key | None) -> bool:
    """Tell whether a wait is for a coroutine function of this file that ends a thing wherever it is cancelled.

    Args:
        module: the module.
        wait: where a function waits.
        thing: what it would give back.
    """
    call = wait.value if isinstance(wait, ast.Await) else None
    helper = module.called(call) if isinstance(call, ast.Call) else None
    if thing is None or not isinstance(call, ast.Call) or not isinstance(helper, ast.AsyncFunctionDef):
        return False
    names = _names_in(helper, call, thing)
    flow = module.flow(helper) if names and module.is_plain(helper) else None
    if flow is None:
        return False

    def is_ended(state: State) -> bool:
        return state.point.kind == STEP and any(
            _ends(module, node, name) for node in own_nodes(*header(state.point.node)) for name in names
        )

    cancelled = [state for _, state in flow.cancelled(interruptible(module, flow.suspensions()))]
    return bool(cancelled) and flow.walk(cancelled, lambda state: state.point.kind == END, avoid=is_ended) is None


def _names_in(helper: ast.AsyncFunctionDef, call: ast.Call, thing: Key) -> list[Key]:
    """Return what a thing is called in a helper that is called with it: what an object has keeps its name."""
    values = (*call.args, *(keyword.value for keyword in call.keywords))
    names = (parameter_given(helper, call, value) for value in values if key(value) == thing)
    found = [key(ast.Name(name)) for name in names if name]
    is_of_object = thing[0] == "Attribute" and thing[1] == key(ast.Name("self")) and root(call.func) == "self"
    return [*found, thing] if is_of_object else found


def _ends(module: Module, node: ast.AST, thing: Key) -> bool:
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute) and key(node.func.value) == thing:
        return ends(node.func.attr, module.facts)
    verb = verb_of(node)
    return ends_argument(verb, module.facts) and any(mentions(one, thing) for one in node.args)
