"""Loops that can turn for ever without giving the event loop a turn."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.graph.edges import NEXT, RAISED
from flake8_cancel.code.graph.evaluate import header, own_nodes
from flake8_cancel.code.graph.points import BRANCH, CLAUSE, STEP, State
from flake8_cancel.code.timeouts.steady import Changes, changes, is_open, is_steady, references
from flake8_cancel.code.timeouts.suspending import may_suspend
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.graph.flow import Flow
    from flake8_cancel.code.module import Module

_NOTHING_THERE = frozenset({"asyncio.QueueEmpty", "asyncio.QueueFull"})

Successors = Mapping[State, tuple[State, ...]]


class Spin(NamedTuple):
    """How a loop turns for ever.

    Attributes:
        last: the last statement of a turn.
        jumps: the ``continue`` statements with which such turns end.
        ends: whether such a turn may also come to the end of the body.
    """

    last: ast.AST
    jumps: tuple[ast.Continue, ...]
    ends: bool


def spins(module: Module, loop: ast.While) -> Spin | None:
    """Return how a loop surely turns for ever once it has turned without a suspension in some way, or None.

    Such turns pass nothing that may suspend, and nothing in them changes how their tests come out.

    Args:
        module: the module.
        loop: the loop, in a coroutine function.
    """
    function = module.function(loop)
    flow = module.flow(function) if isinstance(function, ast.AsyncFunctionDef) else None
    if flow is None:
        return None
    for start in flow.states(STEP, lambda point: point.node is loop):
        after = _without_suspension(module, flow, start, loop)
        round_ = _leading_to(start, after)
        if start not in round_:
            continue
        changed = changes(module, _done(flow, round_))
        kept = _kept(module, after, changed)
        turn = _turn(start, after, kept)
        if turn and _can_be(module, turn, after, kept, changed) and not _may_fail(module, _done(flow, set(turn)), loop):
            return _spin(turn, start, after, kept)
    return None


def _without_suspension(module: Module, flow: Flow, start: State, loop: ast.While) -> Successors:
    """Return the states of a loop that are reached without a suspension, with those that come after each."""
    after: dict[State, tuple[State, ...]] = {}
    waiting = [start]
    while waiting:
        state = waiting.pop()
        if state in after:
            continue
        if may_suspend(module, state) or not _is_inside(module, state.point.node, loop):
            after[state] = ()
            continue
        following = (*flow.ahead(state), *_with_nothing_there(module, flow, state))
        after[state] = following
        waiting.extend(following)
    return after


def _is_inside(module: Module, node: ast.AST, loop: ast.While) -> bool:
    """Tell whether a node belongs to a turn of a loop; its ``else`` does not."""
    inner = node
    for around in module.ancestors(node):
        if around is loop:
            return inner not in loop.orelse
        inner = around
    return node is loop


def _with_nothing_there(module: Module, flow: Flow, state: State) -> list[State]:
    """Return where a statement goes on that finds a queue of asyncio empty, or full: in the clause for just that."""
    if not _asks_a_queue(state):
        return []
    found = []
    waiting = [step.state for step in flow.steps(state) if step.kind == RAISED]
    for raised in waiting:
        names = raised.point.wanted
        if raised.point.kind == CLAUSE and names and _NOTHING_THERE.issuperset(name or "" for name in names):
            found.append(State(raised.point.targets[0], raised.pending))
        elif raised.point.kind in (CLAUSE, STEP) and len(waiting) == 1:
            waiting.extend(step.state for step in flow.steps(raised) if step.kind == NEXT and step.sure)
    return found


def _asks_a_queue(state: State) -> bool:
    return state.point.kind == STEP and any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.endswith("_nowait")
        for node in own_nodes(*header(state.point.node))
    )


def _done(flow: Flow, states: set[State]) -> set[ast.AST]:
    """Return the statements that are carried out in some states; one that finds nothing there is not."""
    return {
        state.point.node
        for state in states
        if state.point.kind == STEP and any(further in states for further in flow.ahead(state))
    }


def _leading_to(goal: State, after: Successors) -> set[State]:
    """Return the states from which a state is reached again."""
    before: dict[State, list[State]] = {}
    for state, following in after.items():
        for one in following:
            before.setdefault(one, []).append(state)
    found: set[State] = set()
    waiting = [goal]
    while waiting:
        for state in before.get(waiting.pop(), ()):
            if state not in found:
                found.add(state)
                waiting.append(state)
    return found


def _kept(module: Module, after: Successors, changed: Changes) -> set[State]:
    """Return the states from which some outcome of the steady tests surely leads to no exit and no suspension."""
    kept = {state for state, following in after.items() if following}
    size = -1
    while size != len(kept):
        size = len(kept)
        for state in list(kept):
            inside = [one in kept for one in after[state]]
            if not (any(inside) if _is_choice(module, state, after, changed) else all(inside)):
                kept.discard(state)
    return kept


def _is_choice(module: Module, state: State, after: Successors, changed: Changes) -> bool:
    """Tell whether a state has two ways on, and always the same is taken."""
    if len(after[state]) < 2:
        return False
    if state.point.kind == BRANCH:
        return isinstance(state.point.node, ast.expr) and is_steady(module, state.point.node, changed)
    named = {node.id for node in own_nodes(*header(state.point.node)) if isinstance(node, ast.Name)}
    return not changed.anything and changed.names.isdisjoint(named)


def _turn(start: State, after: Successors, kept: set[State]) -> list[State] | None:
    """Return the states of one turn."""
    before: dict[State, State] = {}
    waiting = [start] if start in kept else []
    for state in waiting:
        for one in after[state]:
            if one == start:
                path = [state]
                while path[-1] != start:
                    path.append(before[path[-1]])
                return path[::-1]
            if one in kept and one not in before:
                before[one] = state
                waiting.append(one)
    return None


def _can_be(module: Module, turn: Sequence[State], after: Successors, kept: set[State], changed: Changes) -> bool:
    """Tell whether the tests of a turn may well come out so: no two contradict each other, none asks a local alone.

    Nor may a turn be neither of two members of one class.
    """
    seen: dict[str, tuple[str, bool]] = {}
    others: set[tuple[str, str]] = set()
    for state, following in zip(turn, (*turn[1:], turn[0]), strict=True):
        test = state.point.node
        if state.point.kind != BRANCH or not is_steady(module, test, changed):
            continue
        is_yes = following.point is state.point.targets[0]
        if not all(one in kept for one in after[state]) and not is_open(module, test, is_yes):
            return False
        members = None if is_yes else _asked_member(test)
        if members in others:
            # Neither this member nor another: for all that is known, there may be no third one.
            return False
        others.update([members] if members else [])
        outcome = ast.unparse(test) if is_yes or not _is_one_of_many(test) else "another", is_yes
        if any(seen.setdefault(asked, outcome) != outcome for asked in references(test)):
            return False
    return True


def _is_one_of_many(test: ast.AST) -> bool:
    """Tell whether a test asks for one value of many, so that several such tests may all come out no."""
    match test:
        case ast.Compare(ops=[ast.Eq() | ast.Is()], comparators=[ast.Constant() | ast.Attribute()]):
            return True
    return False


def _asked_member(test: ast.AST) -> tuple[str, str] | None:
    """Return what a test asks for a member, and the class that this belongs to: ``state`` and ``State``."""
    match test:
        case ast.Compare(left=asked, ops=[ast.Eq() | ast.Is()], comparators=[ast.Attribute(value=members)]):
            return ast.unparse(asked), ast.unparse(members)
    return None


def _may_fail(module: Module, statements: Iterable[ast.AST], loop: ast.While) -> bool:
    """Tell whether statements call what may end the loop by an error that this function expects."""
    function = module.function(loop)
    outside = set(module.ancestors(loop))
    return any(
        isinstance(around, ast.Try) and (around in outside or _leaves(around)) and changes(module, [statement]).anything
        for statement in statements
        for around in module.ancestors(statement)
        if module.function(around) is function
    )


def _leaves(block: ast.Try) -> bool:
    """Tell whether a clause may leave the loop around it."""
    nodes = [node for handler in block.handlers for node in walk(handler)]
    return any(isinstance(node, (ast.Break, ast.Raise, ast.Return)) for node in nodes)


def _spin(turn: list[State], start: State, after: Successors, kept: set[State]) -> Spin:
    last = [state for state in turn if state.point.kind == STEP][-1].point.node
    ends = [state.point for state in kept if start in after[state]]
    jumps = {point.node for point in ends if isinstance(point.node, ast.Continue)}
    at_end = any(not isinstance(point.node, ast.Continue) for point in ends)
    return Spin(last, tuple(sorted((one for one in jumps if isinstance(one, ast.Continue)), key=_line)), at_end)


def _line(node: ast.stmt) -> int:
    return node.lineno
