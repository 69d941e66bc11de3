"""Connections that a function opens and hands on, and that a cancellation in between leaves open for good."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.api import CONNECTION_OPENERS, CONNECTS, LOOP_CONNECTS
from flake8_cancel.code.cleanup.begun_before import all_takings
from flake8_cancel.code.cleanup.certain import has_rules_of_its_own
from flake8_cancel.code.cleanup.escapes import escapes_at
from flake8_cancel.code.cleanup.failures import missed_cleanups
from flake8_cancel.code.cleanup.harmless import is_harmless
from flake8_cancel.code.cleanup.releases import (
    Releases,
    after,
    any_of,
    ends_normally,
    handed_to_with,
    passes,
    skipped,
)
from flake8_cancel.code.cleanup.taking import MADE, Act, givings, root_name, statements_of
from flake8_cancel.code.graph.catchers import catchers
from flake8_cancel.code.graph.evaluate import header
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import walk
from flake8_cancel.code.verbs import ends, ends_argument

if TYPE_CHECKING:
    from flake8_cancel.code.graph.flow import Flow
    from flake8_cancel.code.graph.points import State
    from flake8_cancel.code.module import Module

_LOOPS = frozenset({"loop", "_loop"})
# What a protocol keeps to read from its connection and to write to it.
_STREAMS = frozenset({"reader", "stream", "transport", "writer"})
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
        made = [act for act in all_takings(function, statement) if act.form == MADE and act.awaited]
        # The text first: what is asked below takes a model of the file.
        if not any(_is_local(act) and (_may_open(module, act) or any(_ended(module, statements, act))) for act in made):
            continue
        made = [act for act in made if not has_rules_of_its_own(module, act)]
        endings = [ending for act in made for ending in _endings(module, statements, act)]
        if any(ending.clause is None and not _is_plain(module, function, ending) for ending in endings):
            continue
        # Whoever ends it after one cancellation, or in one of two cases, knows that it is open.
        made = [act for act in made if endings or _opens(module, act)]
        names = [root_name(act.thing) for act in made]
        if not made or not all(map(_is_local, made)):
            continue
        names = [name for name in names if name != "_"]
        handing = {node for node in statements if node is not statement and _hands_on(module, function, node, names)}
        flow = module.flow(function) if handing else None
        if flow is None:
            continue
        releases = {ending.clause.body[0] if ending.clause else ending.act.node for ending in endings}
        asking = {node for ending in endings for node in _asking(module, ending.act.node, statement)}
        is_safe = any_of(passes(handing | releases | asking), *(handed_to_with(act.thing) for act in made))
        starts = after(flow, statement)
        if any(ending.clause is None for ending in endings) and not _is_always_cared_for(
            flow, starts, is_safe, handing
        ):
            continue
        place = skipped(module, flow, starts, is_safe, [act.thing for act in made])
        if place is not None and place not in places and flow.walk(starts, passes(handing), avoid=passes(releases)):
            places.add(place)
            yield Abandoned(statement, names[-1], place)


class _Ending(NamedTuple):
    """How a function ends a thing itself.

    Attributes:
        act: what ends it.
        taking: what made it.
        clause: the clause around that a cancellation enters, and that lets it out again.
    """

    act: Act
    taking: Act
    clause: ast.ExceptHandler | None


def _is_plain(module: Module, function: ast.AsyncFunctionDef, ending: _Ending) -> bool:
    """Tell whether a thing surely is to be ended in the end, and no other rule speaks of that."""
    act = ending.act
    if act.thing != ending.taking.thing or act.given or is_harmless(module, function, ending.taking, act):
        return False
    tries = (node for node in module.ancestors(act.node) if isinstance(node, ast.Try))
    return not any(missed.giving.thing == act.thing for node in tries for missed in missed_cleanups(module, node))


def _is_always_cared_for(flow: Flow, starts: list[State], is_safe: Releases, handing: set[ast.stmt]) -> bool:
    """Tell whether a thing is ended or handed on whatever way a function goes, and not merely forgotten."""
    is_bound = all(isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) for node in handing)
    return not is_bound and flow.walk(starts, ends_normally, avoid=is_safe) is None


def _asking(module: Module, ending: ast.stmt, taking: ast.stmt) -> Iterator[ast.If]:
    """Yield what decides whether a thing is ended: that may have its reasons."""
    around = set(module.ancestors(taking))
    yield from (node for node in module.ancestors(ending) if isinstance(node, ast.If) and node not in around)


def _opens(module: Module, act: Act) -> bool:
    if act.call is None or not _may_open(module, act):
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


def _is_local(act: Act) -> bool:
    return act.thing is not None and act.thing[0] == "Name"


def _may_open(module: Module, act: Act) -> bool:
    """Tell whether something is called as what opens connections is."""
    last_words = {maker.rpartition(".")[2] for maker in module.facts.resource_makers}
    return act.awaited and act.verb in CONNECTION_OPENERS | last_words


def _endings(module: Module, statements: list[ast.stmt], made: Act) -> Iterator[_Ending]:
    """Yield how the function ends a thing itself."""
    for act in _ended(module, statements, made):
        yield _Ending(act, made, _clause(module, act.node))


def _ended(module: Module, statements: list[ast.stmt], made: Act) -> Iterator[Act]:
    """Yield what ends a thing."""
    for act in (act for node in statements for act in givings(node)):
        # A pool lives on when it is given something back.
        is_own = act.thing == made.thing and not (act.given and act.verb == "release")
        if (is_own and ends(act.verb, module.facts)) or (
            made.thing in act.given and ends_argument(act.verb, module.facts)
        ):
            yield act


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
        if isinstance(statement, ast.Return) and _is_stream(module, node):
            return True
    return False


def _is_stream(module: Module, connection: ast.Name) -> bool:
    """Tell whether what a connection is read from or written to is taken from it, to be used without it."""
    part = module.parent(connection)
    if not isinstance(part, ast.Attribute) or part.attr not in _STREAMS:
        return False
    return not isinstance(module.parent(part), (ast.Attribute, ast.Call))
