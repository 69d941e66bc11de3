"""What a method opens and its closer then leaves alone: it asks for a flag that is set only behind another wait."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.cleanup.certain import is_new
from flake8_cancel.code.cleanup.passed_clauses import is_in_passed_clause
from flake8_cancel.code.cleanup.releases import (
    Releases,
    after,
    any_of,
    handed_to_with,
    lets_out,
    may_give_back,
    passes,
    skipped,
)
from flake8_cancel.code.cleanup.taking import MADE, Act, gives_back, givings, key, statements_of, takings
from flake8_cancel.code.graph.flow import Flow
from flake8_cancel.code.tree import of_types, verb_of, walk
from flake8_cancel.code.verbs import ends, ends_argument, opens

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_Method = ast.FunctionDef | ast.AsyncFunctionDef
_JUMPS = (ast.Return, ast.Raise)
# Where a value is only looked at.
_LOOKING = (ast.Compare, ast.UnaryOp, ast.BoolOp, ast.FormattedValue, ast.If, ast.While, ast.Assert, ast.IfExp)


class Unflagged(NamedTuple):
    """Something of the object that a cancellation leaves open, and its closer would too.

    Attributes:
        taking: what opens it.
        name: how it is named.
        closer: the method that would close it.
        flag: what that asks for.
        place: where the cancellation comes in.
    """

    taking: Act
    name: str
    closer: str
    flag: str
    place: ast.AST


def unflagged(module: Module, function: ast.AsyncFunctionDef) -> Iterator[Unflagged]:
    """Yield what a method opens for its object, and is cancelled before it sets the flag that every closer asks for.

    Args:
        module: the module.
        function: the method; one that is not named to open something has none.
    """
    if not opens(function.name) or function.name == "__aenter__":
        return
    taken = [act for node in statements_of(function) for act in takings(node) if _is_own(act)]
    owner = module.parent(function) if taken else None
    if not isinstance(owner, ast.ClassDef):
        return
    places = set()
    for taking in taken:
        found = _left(module, owner, function, taking)
        if found is not None and found.place not in places:
            places.add(found.place)
            yield found


def _is_own(act: Act) -> bool:
    return act.thing is not None and act.thing[0] == "Attribute" and act.thing[1] == key(ast.Name("self"))


def _left(module: Module, owner: ast.ClassDef, function: ast.AsyncFunctionDef, taking: Act) -> Unflagged | None:
    if taking.form == MADE and (not is_new(module, function, taking) or _is_opened_elsewhere(function, taking)):
        return None
    assert taking.thing is not None
    attribute = str(taking.thing[2][1])  # type: ignore[index]
    uses = [use for use in _uses(module, attribute) if module.function(use) is not function]
    ending = [use for use in uses if _may_end(module, use)]
    giving = next((one for one in ending if _is_given_back(module, one, taking)), None)
    if giving is None:
        return None
    asked = [_asked(module, owner, use, frozenset()) for use in ending]
    for flag in sorted(set.intersection(*asked) - {attribute}):
        setter = _setter(module, owner, flag)
        place = _cut(module, function, taking, setter) if setter else None
        if place is not None:
            closer = module.function(giving)
            assert isinstance(closer, _Method)
            return Unflagged(taking, f"self.{attribute}", closer.name, f"self.{flag}", place)
    return None


def _is_opened_elsewhere(function: ast.AsyncFunctionDef, taking: Act) -> bool:
    """Tell whether a task may open what is made, or not yet: ``create_task(self._server.start())``."""
    return not taking.awaited and any(
        isinstance(node, ast.Attribute) and key(node.value) == taking.thing and opens(node.attr)
        for node in walk(function)
    )


def _uses(module: Module, attribute: str) -> Iterator[ast.Attribute]:
    """Yield where the file reads an attribute, of whatever object."""
    for node in of_types(module.tree, (ast.Attribute,)):
        if node.attr == attribute and isinstance(node.ctx, ast.Load):
            yield node


def _may_end(module: Module, use: ast.Attribute) -> bool:
    """Tell whether what an attribute holds may be ended where it is read, or by one that gets it there."""
    parent = module.parent(use)
    if isinstance(parent, ast.Attribute):
        return ends(parent.attr, module.facts)
    call = module.parent(parent) if isinstance(parent, ast.keyword) else parent
    if isinstance(call, ast.Call) and call.func is not use:
        name = verb_of(call)
        return ends_argument(name, module.facts)
    return not isinstance(parent, _LOOKING)


def _is_given_back(module: Module, use: ast.Attribute, taking: Act) -> bool:
    """Tell whether a statement gives back what was taken."""
    return any(gives_back(act, taking, module.facts) for act in givings(module.statement(use)))


def _asked(module: Module, owner: ast.ClassDef, node: ast.AST, seen: frozenset[ast.AST]) -> set[str]:
    """Return the attributes of the object that are certainly true where something is done."""
    function = module.function(node)
    if not isinstance(function, _Method) or module.parent(function) is not owner or function in seen:
        return set()
    found: set[str] = set()
    inside = node
    for around in module.ancestors(node):
        if isinstance(around, ast.If) and inside in around.body:
            found.update(_true(around.test, True))
        block = next((part for part in _blocks(around) if inside in part), [])
        for before in block[: block.index(inside)] if block else ():
            if isinstance(before, ast.If) and isinstance(before.body[-1], _JUMPS):
                found.update(_true(before.test, False))
        if around is function:
            break
        inside = around
    callers = module.uses(function) if function.name.startswith("_") and not function.name.endswith("__") else []
    if callers:
        found |= set.intersection(*(_asked(module, owner, use, seen | {function}) for use in callers))
    return found


def _blocks(node: ast.AST) -> Iterator[list[ast.AST]]:
    for field in ("body", "orelse", "finalbody"):
        block = getattr(node, field, None)
        if isinstance(block, list):
            yield block


def _true(test: ast.expr, outcome: bool) -> Iterator[str]:
    """Yield the attributes of the object that are certainly true when a test has an outcome."""
    match test:
        case ast.Attribute(value=ast.Name(id="self"), attr=name) if outcome:
            yield name
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            yield from _true(inner, not outcome)
        case ast.BoolOp(op=op, values=values) if isinstance(op, ast.And if outcome else ast.Or):
            for value in values:
                yield from _true(value, outcome)
        case ast.Compare(
            left=ast.Attribute(value=ast.Name(id="self"), attr=name), ops=[op], comparators=[ast.Constant(value=None)]
        ) if isinstance(op, ast.IsNot if outcome else ast.Is):
            yield name


def _setter(module: Module, owner: ast.ClassDef, flag: str) -> list[ast.stmt] | None:
    """Return the statements that set a flag, when they are of one coroutine, and it is not set to begin with."""
    stores = [
        node
        for node in walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr == flag and not isinstance(node.ctx, ast.Load)
    ]
    setting = [module.statement(node) for node in stores if not _is_unset(module.parent(node))]
    setters = [*{module.function(node) for node in setting}]
    begins = [
        *(module.parent(node) for node in stores if getattr(module.function(node), "name", "") == "__init__"),
        *(node for node in owner.body if isinstance(node, (ast.Assign, ast.AnnAssign)) and _names(node, flag)),
    ]
    is_one = len(setters) == 1 and isinstance(setters[0], ast.AsyncFunctionDef)
    return setting if is_one and begins and all(map(_is_unset, begins)) else None


def _names(statement: ast.Assign | ast.AnnAssign, name: str) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def _is_unset(statement: ast.AST | None) -> bool:
    """Tell whether a statement sets something to False or None."""
    value = statement.value if isinstance(statement, (ast.Assign, ast.AnnAssign)) else None
    return isinstance(value, ast.Constant) and not value.value


def _cut(module: Module, function: ast.AsyncFunctionDef, taking: Act, setting: list[ast.stmt]) -> ast.AST | None:
    """Return where a cancellation leaves a method with something taken, and the flag not set."""
    setter = module.function(setting[0])
    assert isinstance(setter, ast.AsyncFunctionDef)
    way = _way(module, function, taking, setting)
    if way is None:
        return None
    starts = after(way.flow, taking.node)
    if setter is not function:
        calls = [module.statement(use) for use in module.uses(function)]
        outer = _way(module, setter, taking, setting)
        if outer is None or len(calls) != 1 or module.function(calls[0]) is not setter:
            return None
        if not _comes_first(outer, calls[0]) or not _leaves(outer, calls[0]):
            return None
    elif not _comes_first(way, taking.node):
        return None
    return skipped(module, way.flow, starts, way.is_safe)


class _Way(NamedTuple):
    """The graph of a method, where it sets the flag, and where the thing is in good hands."""

    flow: Flow
    sets: Releases
    is_safe: Releases


def _way(module: Module, function: ast.AsyncFunctionDef, taking: Act, setting: list[ast.stmt]) -> _Way | None:
    """Return what is to be known of a method; None of one that gives the thing back where others fail."""
    flow = module.flow(function)
    acts = [act for node in statements_of(function) for act in givings(node) if _may_give(module, act, taking)]
    if flow is None or any(is_in_passed_clause(module, act.node) for act in acts):
        return None
    # The methods of this class ask for the flag too.
    ending = {act.node for act in acts if not _is_own_method(module, act)}
    # What waits for the value of the flag has not set it yet.
    late = {state for statement in setting if _waits(statement) for state in after(flow, statement)}
    sets = any_of(passes([one for one in setting if not _waits(one)]), lambda state: state in late)
    return _Way(flow, sets, any_of(sets, passes(ending), handed_to_with(taking.thing)))


def _may_give(module: Module, act: Act, taking: Act) -> bool:
    """Tell whether a statement may give a thing back, for all that its name says."""
    if key(ast.Name("self")) in act.given and ends_argument(act.verb, module.facts):
        return True
    return gives_back(act, taking, module.facts) or may_give_back(act, taking, module.facts)


def _is_own_method(module: Module, act: Act) -> bool:
    return act.call is not None and isinstance(module.definition(act.call.func), _Method)


def _waits(statement: ast.stmt) -> bool:
    return any(isinstance(node, ast.Await) for node in walk(statement))


def _comes_first(way: _Way, statement: ast.stmt) -> bool:
    """Tell whether a statement is reached with the flag not yet set, and the flag is set behind it."""
    is_reached = way.flow.walk([way.flow.start], passes({statement}), avoid=way.sets)
    return is_reached is not None and way.flow.walk(after(way.flow, statement), way.sets) is not None


def _leaves(way: _Way, call: ast.stmt) -> bool:
    """Tell whether a cancellation that comes out of a call leaves its caller too."""
    inside = set(walk(call))
    return any(lets_out(way.flow, state, way.is_safe) for state in way.flow.suspensions(lambda one: one.node in inside))
