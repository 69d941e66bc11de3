"""Connections that a function opens and hands on, and that a cancellation in between leaves open for good."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.api import CONNECTION_OPENERS, CONNECTS, LOOP_CONNECTS
from flake8_cancel.code.cleanup.escapes import escapes_at
from flake8_cancel.code.cleanup.releases import after, any_of, handed_to_with, passes, skipped
from flake8_cancel.code.cleanup.taking import MADE, Act, givings, root_name, statements_of, takings
from flake8_cancel.code.graph.catchers import catchers
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
    """Yield the connections that a function opens and hands on, and does not close when it is cancelled between.

    Whatever it closes itself after one cancellation, but not after another, counts as a connection too.

    Args:
        module: the module.
        function: the coroutine function.
    """
    statements = list(statements_of(function))
    places = set()
    for statement in statements:
        made = [act for act in takings(statement) if act.form == MADE and act.awaited]
        ended = [_clause(module, node) for act in made for node in _ending(module, statements, act)]
        if None in ended:
            continue
        # Whoever ends it after one cancellation knows that it is open.
        made = [act for act in made if ended or _opens(module, act)]
        names = [root_name(act.thing) for act in made]
        is_local = all(act.thing is not None and act.thing[0] == "Name" for act in made)
        if not made or not is_local:
            continue
        names = [name for name in names if name != "_"]
        handing = {node for node in statements if node is not statement and _hands_on(module, function, node, names)}
        flow = module.flow(function) if handing else None
        if flow is None:
            continue
        releases = {clause.body[0] for clause in ended if clause}
        is_safe = any_of(passes(handing | releases), *(handed_to_with(act.thing) for act in made))
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


def _ending(module: Module, statements: list[ast.stmt], made: Act) -> Iterator[ast.stmt]:
    """Yield the statements by which the function ends a thing itself."""
    for node in statements:
        for act in givings(node):
            if (act.thing == made.thing and ends(act.verb, module.facts)) or (
                made.thing in act.given and ends_argument(act.verb, module.facts)
            ):
                yield node


def _clause(module: Module, node: ast.stmt) -> ast.ExceptHandler | None:
    """Return the clause around a statement that a cancellation enters, and that lets it out again."""
    clause = next((one for one in module.ancestors(node) if isinstance(one, (ast.ExceptHandler, *_NESTED))), None)
    if not isinstance(clause, ast.ExceptHandler) or not isinstance(clause.body[-1], ast.Raise):
        return None
    return clause if catchers(module, clause) else None


def _hands_on(module: Module, function: ast.AsyncFunctionDef, statement: ast.stmt, names: list[str]) -> bool:
    """Tell whether a statement hands a thing to another owner, or binds its name to something else."""
    parts = [statement] if isinstance(statement, _NESTED) else header(statement)
    for node in (node for part in parts for node in walk(part)):
        if not isinstance(node, ast.Name) or node.id not in names:
            continue
        if not isinstance(node.ctx, ast.Load) or escapes_at(module, function, node):
            return True
    return False
