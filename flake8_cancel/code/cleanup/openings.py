"""Connections that a function opens and hands on, and that a cancellation in between leaves open for good."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.api import CONNECTION_OPENERS, CONNECTS, LOOP_CONNECTS
from flake8_cancel.code.cleanup.escapes import escapes_at
from flake8_cancel.code.cleanup.releases import after, any_of, handed_to_with, passes, skipped
from flake8_cancel.code.cleanup.taking import MADE, Act, givings, own_statements, root_name, takings
from flake8_cancel.code.graph.evaluate import header
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import walk
from flake8_cancel.code.verbs import ends, ends_argument

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_LOOPS = frozenset({"loop", "_loop"})
_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Abandoned(NamedTuple):
    """A connection that a cancellation leaves open.

    Attributes:
        taking: the statement that opens it.
        name: the local name of it.
        place: where the cancellation comes in.
    """

    taking: ast.stmt
    name: str
    place: ast.AST


def abandoned(module: Module, function: ast.AsyncFunctionDef) -> Iterator[Abandoned]:
    """Yield the connections that a function opens and hands on, and nowhere closes, though it may be cancelled between.

    Args:
        module: the module.
        function: the coroutine function.
    """
    statements = list(own_statements(function.body))
    places = set()
    for statement in statements:
        made = [act for act in takings(statement) if act.form == MADE and _opens(module, act)]
        names = [root_name(act.thing) for act in made]
        is_local = all(act.thing is not None and act.thing[0] == "Name" for act in made)
        if not made or not is_local or any(_is_ended(module, statements, act) for act in made):
            continue
        names = [name for name in names if name != "_"]
        handing = {node for node in statements if node is not statement and _hands_on(module, function, node, names)}
        flow = module.flow(function) if handing else None
        if flow is None:
            continue
        is_safe = any_of(passes(handing), *(handed_to_with(act.thing) for act in made))
        starts = after(flow, statement)
        place = skipped(module, flow, starts, is_safe)
        if place is not None and place not in places and flow.walk(starts, passes(handing)):
            places.add(place)
            yield Abandoned(statement, names[-1], place)


def _opens(module: Module, act: Act) -> bool:
    if act.call is None or not act.awaited or act.verb not in CONNECTION_OPENERS | _last_words(module):
        return False
    name = module.name(act.call.func)
    if name in CONNECTS or name in module.facts.resource_makers:
        return True
    if not isinstance(act.call.func, ast.Attribute):
        return False
    owner = act.call.func.value
    word = getattr(owner, "attr", getattr(owner, "id", ""))
    if act.verb == "acquire":
        return "pool" in word.lower()
    kind = module.kind(owner)
    return act.verb in LOOP_CONNECTS and (kind is Kind.LOOP or (kind is None and word in _LOOPS))


def _last_words(module: Module) -> set[str]:
    return {maker.rpartition(".")[2] for maker in module.facts.resource_makers}


def _is_ended(module: Module, statements: list[ast.stmt], made: Act) -> bool:
    """Tell whether the function somewhere ends a thing itself: what it forgets then is told of the release."""
    return any(
        (act.thing == made.thing and ends(act.verb, module.facts))
        or (made.thing in act.given and ends_argument(act.verb, module.facts))
        for node in statements
        for act in givings(node)
    )


def _hands_on(module: Module, function: ast.AsyncFunctionDef, statement: ast.stmt, names: list[str]) -> bool:
    """Tell whether a statement hands a thing to another owner, or binds its name to something else."""
    parts = [statement] if isinstance(statement, _NESTED) else header(statement)
    for node in (node for part in parts for node in walk(part)):
        if not isinstance(node, ast.Name) or node.id not in names:
            continue
        if not isinstance(node.ctx, ast.Load) or escapes_at(module, function, node):
            return True
    return False
