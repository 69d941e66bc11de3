"""Which of several bindings a name has where it is used, as far as the order of statements tells."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from flake8_cancel.code.meaning.scopes import FUNCTIONS, Binding, Form, Survey
from flake8_cancel.code.tree import TRIES

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
# Statements whose own target is bound when their body begins.
_BINDING_BLOCKS = (ast.For, ast.AsyncFor, ast.With, ast.AsyncWith)


def reaching(survey: Survey, use: ast.Name, bindings: Sequence[Binding]) -> Sequence[Binding]:
    """Return the bindings that may hold where a name is used: the one that certainly came last, else all of them.

    Args:
        survey: what the walk over the module found.
        use: the name.
        bindings: everything that may bind it.
    """
    if len(bindings) < 2:
        return bindings
    return _last(survey, use, bindings) or bindings


def _last(survey: Survey, use: ast.Name, bindings: Sequence[Binding]) -> list[Binding] | None:
    binds = {binding.node: binding for binding in bindings}
    if len(binds) != len(bindings) or any(isinstance(node, ast.NamedExpr) for node in binds):
        return None
    # A binding in another function happens at any time.
    function = survey.frame(use)
    if any(survey.frame(node) is not function for node, binding in binds.items() if not _is_parameter(binding)):
        return None
    holders = {*binds, *(around for node in binds for around in survey.ancestors(node))}
    child: ast.AST = use
    for around in survey.ancestors(use):
        found = _before(around, child, binds, holders)
        if found is not None:
            return found or None
        if isinstance(around, (*FUNCTIONS, ast.ClassDef)):
            return [binding for binding in bindings if _is_parameter(binding)] or None
        if isinstance(around, _BINDING_BLOCKS) and around in binds and child in around.body:
            return [binds[around]]
        if around in holders and _may_have_bound(around, child):
            return None
        child = around
    return None


def _before(
    around: ast.AST, child: ast.AST, binds: dict[ast.AST, Binding], holders: set[ast.AST]
) -> list[Binding] | None:
    """Return the binding among the statements before a child, an empty list when one of them may bind or not."""
    for field in ("body", "orelse", "finalbody"):
        block = getattr(around, field, None)
        if not isinstance(block, list) or child not in block:
            continue
        for statement in reversed(block[: block.index(child)]):
            if statement in binds and not isinstance(statement, _LOOPS):
                return [binds[statement]]
            if statement in holders:
                return []
    return None


def _may_have_bound(around: ast.AST, child: ast.AST) -> bool:
    """Tell whether another part of a statement may have run before: an earlier turn, or the body of a ``try``."""
    if isinstance(around, TRIES):
        return child not in around.body
    return isinstance(around, _LOOPS)


def _is_parameter(binding: Binding) -> bool:
    return binding.form is Form.PARAMETER
