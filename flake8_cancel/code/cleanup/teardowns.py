"""What a context manager made of a generator does behind its ``yield``, and who skips it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.releases import any_of, handed_to_with, lets_out, passes
from flake8_cancel.code.cleanup.taking import MADE, METHOD, Act, gives_back, givings, key, statements_of, takings
from flake8_cancel.code.graph.points import YIELD, State
from flake8_cancel.code.graph.testing import is_fixture
from flake8_cancel.code.tree import walk
from flake8_cancel.code.verbs import ends

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module


def torn_down(module: Module, function: ast.AsyncFunctionDef, handed_over: ast.Yield) -> Act | None:
    """Return the first cleanup behind a ``yield`` of a context manager that an error of its body skips, or None.

    Args:
        module: the module.
        function: an async generator that is made a context manager.
        handed_over: a ``yield`` of it.
    """
    around = [parent for parent in module.ancestors(handed_over) if isinstance(parent, ast.Try)]
    if any(parent.handlers for parent in around):
        # Somebody thought of errors there, and what is done for them and what not is meant so.
        return None
    if _is_only_for_fixtures(module, function):
        return None
    protected = {node for parent in around for final in parent.finalbody for node in walk(final)}
    flow = module.flow(function)
    yields = flow.states(YIELD, lambda point: point.node is handed_over) if flow else []
    if flow is None or not yields:
        return None
    statements = list(statements_of(function))
    before = [act for node in statements if node.lineno <= handed_over.lineno for act in takings(node)]
    later = [act for node in statements if node.lineno > handed_over.lineno for act in takings(node)]
    behind = [State(target, state.pending) for state in yields for target in state.point.targets]
    for giving in (act for node in statements for act in givings(node)):
        is_owed = any(gives_back(giving, taking, module.facts) for taking in before)
        is_ending = giving.form == METHOD and ends(giving.verb, module.facts)
        if giving.node in protected or (
            not is_owed and (not is_ending or any(act.thing == giving.thing and act.form == MADE for act in later))
        ):
            continue
        same = {
            act.node
            for node in statements
            for act in givings(node)
            if (act.thing, act.verb) == (giving.thing, giving.verb)
        }
        if _is_registered(function, giving):
            continue
        is_release = any_of(passes(same), handed_to_with(giving.thing))
        if flow.walk(behind, passes({giving.node})) and any(lets_out(flow, state, is_release) for state in yields):
            return giving
    return None


def _is_registered(function: ast.AsyncFunctionDef, giving: Act) -> bool:
    """Tell whether the cleanup is also given to a call as a callback: an exit stack does it when the body fails."""
    return any(
        isinstance(argument, ast.Attribute) and argument.attr == giving.verb and key(argument.value) == giving.thing
        for node in walk(function)
        if isinstance(node, ast.Call)
        for argument in node.args
    )


def _is_only_for_fixtures(module: Module, function: ast.AsyncFunctionDef) -> bool:
    """Tell whether this file enters a manager only around the ``yield`` of fixtures, which no test's error reaches."""
    uses = module.uses(function)
    return bool(uses) and all(_is_in_fixture(module, use) for use in uses)


def _is_in_fixture(module: Module, use: ast.expr) -> bool:
    if any(isinstance(node, ast.Call) and is_fixture(module, node) for node in module.ancestors(use)):
        # Among the parameters of a fixture, which enters it.
        return True
    block = module.statement(use)
    around = module.function(use)
    if not isinstance(block, ast.AsyncWith) or not isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    return any(is_fixture(module, maker) for maker in around.decorator_list) and all(
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield) for node in block.body
    )
