"""Cleanup that waits: where a further cancellation cuts a ``finally`` block or a handler short, and what it skips."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.cleanup.blocks import cleanup_blocks, is_exit
from flake8_cancel.code.cleanup.forgiven import may_be_missed
from flake8_cancel.code.cleanup.framing import block_of
from flake8_cancel.code.cleanup.once import doors, stays_shut
from flake8_cancel.code.cleanup.owed import owed
from flake8_cancel.code.cleanup.releases import any_of, handed_to_with, lets_out, passes
from flake8_cancel.code.cleanup.taking import Act, Key, givings, key, mentions, own_statements
from flake8_cancel.code.cleanup.waiting import is_kept_off, is_known_to_wait
from flake8_cancel.code.graph.flow import Flow, cancelled_pending
from flake8_cancel.code.graph.interrupted import is_interruptible
from flake8_cancel.code.graph.points import SUSPEND, State
from flake8_cancel.code.lost.cancellers import ended_by_child
from flake8_cancel.code.meaning.scopes import FUNCTIONS
from flake8_cancel.code.tree import place, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module


class Behind(NamedTuple):
    """Cleanup behind a wait.

    Attributes:
        act: the cleanup.
        block: the innermost block that both stand in, or the body of the ``async with`` that waits.
        statement: the statement of that block that the wait stands in, or that ``async with``.
    """

    act: Act
    block: Sequence[ast.stmt]
    statement: ast.stmt


class Cut(NamedTuple):
    """An await that may be cut, and the first cleanup behind it that is skipped then.

    Attributes:
        wait: what suspends: an ``await``, or the part of a statement that does.
        skipped: the cleanup.
        block: the block of both, see ``Behind``.
        statement: the statement of it that waits.
        last: the statement of it with the last cleanup that is skipped.
        further: the same for the blocks further out that the await skips cleanup of too.
    """

    wait: ast.AST
    skipped: Act
    block: Sequence[ast.stmt]
    statement: ast.stmt
    last: ast.stmt
    further: tuple[Cut, ...] = ()


def waits_in(module: Module, block: list[ast.stmt], shielded: bool = False) -> dict[ast.AST, list[State]]:
    """Return what waits in a cleanup block, in nested ones too, with its states: in order, by what suspends.

    Helpers of this file that never suspend are left out, and in a handler what no cancellation gets to.

    Args:
        module: the module.
        block: as ``cleanup_blocks`` gives it.
        shielded: whether to return also what nobody can cut.
    """
    function = module.function(block[0])
    flow = module.flow(function) if isinstance(function, ast.AsyncFunctionDef) else None
    if flow is None or not isinstance(function, ast.AsyncFunctionDef):
        return {}
    inside = nodes_of(block)
    around = module.parent(block[0])
    in_handler = isinstance(around, ast.ExceptHandler)
    ending = [] if is_exit(module, function) else [door for door in doors(module, function) if door.block is block]
    found: dict[ast.AST, list[State]] = {}
    for state in flow.every_state():
        node = state.point.node
        if state.point.kind != SUSPEND or node not in inside or (in_handler and not cancelled_pending(state)):
            continue
        if not ending or stays_shut(flow, state, ending):
            found.setdefault(node, []).append(state)
    return {
        node: found[node]
        for node in sorted(found, key=place)
        if is_interruptible(module, node) and (shielded or not is_kept_off(module, node))
        # Who is cut while he waits for a lock to be free has not begun, and may be called again.
        if around is not function or isinstance(module.parent(node), (ast.Expr, ast.Assign))
    }


def skipping(module: Module, block: list[ast.stmt]) -> Iterator[tuple[ast.AST, list[Behind]]]:
    """Yield the waits of a cleanup block that skip cleanup of it when they are cut, with what they skip.

    Args:
        module: the module.
        block: as ``cleanup_blocks`` gives it.
    """
    acts = [act for node in own_statements(block) if (act := owed(module, node)) is not None]
    function = module.function(block[0])
    flow = module.flow(function) if acts and isinstance(function, ast.AsyncFunctionDef) else None
    if flow is None:
        return
    nested = [nodes_of(inner) for node in own_statements(block) for inner in cleanup_blocks(module, node)]
    for wait, states in waits_in(module, block).items():
        candidates = (
            Behind(act, *common)
            for act in acts
            if not (any({act.node, wait} <= inner for inner in nested) or may_be_missed(module, wait, act))
            and (common := _common(module, wait, act.node)) is not None
        )
        behind = [one for one in candidates if _is_skipped(module, flow, states, one)]
        if (
            behind
            and is_known_to_wait(module, wait, [one.act for one in behind])
            and not is_ended_by_child(module, wait)
        ):
            yield wait, behind


def cuts(module: Module, block: list[ast.stmt]) -> Iterator[Cut]:
    """Yield the waits of a cleanup block that skip cleanup of it when they are cut, in each inner block the first.

    Args:
        module: the module.
        block: as ``cleanup_blocks`` gives it.
    """
    done: list[Sequence[ast.stmt]] = []
    for wait, behind in skipping(module, block):
        first, *further = _by_block(wait, behind)
        if not any(first.block is other for other in done):
            done.append(first.block)
            yield first._replace(further=tuple(further))


def _by_block(wait: ast.AST, behind: Sequence[Behind]) -> Iterator[Cut]:
    """Yield what a wait skips, from the innermost block out."""
    done: list[Sequence[ast.stmt]] = []
    for first in behind:
        if any(first.block is other for other in done):
            continue
        done.append(first.block)
        skipped = {one.act.node for one in behind if one.block is first.block}
        last = next(node for node in reversed(first.block) if skipped & nodes_of([node]))
        yield Cut(wait, first.act, first.block, first.statement, last)


def following(block: Sequence[ast.stmt], statement: ast.stmt) -> Sequence[ast.stmt]:
    """Return what follows a statement of a block; of what holds the block, all of it."""
    return block[block.index(statement) + 1 :] if statement in block else block


def _before(module: Module, wait: ast.AST) -> Iterator[ast.stmt]:
    """Yield what is surely done before a wait: what precedes it, and the blocks that it stands in."""
    for node in (wait, *module.ancestors(wait)):
        if isinstance(node, FUNCTIONS):
            return
        if isinstance(node, ast.stmt):
            found = block_of(module, node)
            yield from found[: found.index(node)]


def nodes_of(block: Collection[ast.stmt]) -> set[ast.AST]:
    return {node for statement in block for node in walk(statement)}


def _is_skipped(module: Module, flow: Flow, waits: list[State], behind: Behind) -> bool:
    """Tell whether cleanup is reached behind a wait, and by no way out when a cancellation strikes there."""
    act, wait = behind.act, waits[0].point.node
    if _is_made_since(module, flow, wait, act):
        return False
    alike = [
        other
        for node in own_statements(flow.function.body)
        for other in givings(node)
        if (other.thing, other.given) == (act.thing, act.given)
    ]
    same = {other.node for other in alike}
    # To end something once more is no cleanup that is owed.
    if {other.node for other in alike if other.verb == act.verb} & set(_before(module, wait)):
        return False
    # Two methods of one's own do two things.
    again = {other.node for other in alike if other.verb == act.verb or act.thing != key(ast.Name("self"))}
    # Where the block is gone on with, what it does is its own choice.
    next_one = set(following(behind.block, behind.statement)[:1])
    # An ``if`` around a release only asks whether there is anything to be given back.
    asking = {
        parent
        for node in same
        for parent in module.ancestors(node)
        if isinstance(parent, ast.If) and wait not in nodes_of([parent])
    }
    is_release = any_of(passes(same | next_one | asking), handed_to_with(act.thing))
    for state in waits:
        going_on = [State(target, state.pending) for target in state.point.targets]
        if flow.walk(going_on, passes({act.node}), avoid=passes(again - {act.node})) is None:
            continue
        if lets_out(flow, state, is_release):
            return True
    return False


def _is_made_since(module: Module, flow: Flow, wait: ast.AST, act: Act) -> bool:
    """Tell whether what is given back is only made, or known to be there, when the wait is over."""
    begin = module.statement(wait)
    asked = [
        parent.test
        for parent in module.ancestors(act.node)
        if isinstance(parent, ast.If) and wait not in nodes_of([parent])
    ]
    loops = [parent.iter for parent in module.ancestors(act.node) if isinstance(parent, (ast.For, ast.AsyncFor))]
    absent = set(_absent(module, wait))
    if act.thing in absent:
        return True
    for node in walk(flow.function):
        if not isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)) or node.value is None:
            continue
        if not place(begin) <= place(node) < place(act.node):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        is_made = any(isinstance(part, (ast.Await, ast.Call)) for part in walk(node.value)) or key(node.value) in absent
        bound = [part for target in targets for part in walk(target) if isinstance(part, (ast.Attribute, ast.Name))]
        # What the wait gave may also say whether there is anything to be given back.
        users = [act.node, *loops, *asked] if node is begin else [act.node, *loops]
        stored = [key(part) for part in bound if isinstance(part.ctx, ast.Store)]
        if is_made and any(mentions(user, one) for user in users for one in stored):
            return True
    return False


def _absent(module: Module, wait: ast.AST) -> Iterator[Key]:
    """Yield what is not there where something waits: ``if self._task is None: await ...``."""
    inside = wait
    for parent in module.ancestors(wait):
        if isinstance(parent, ast.If) and inside in parent.body:
            is_and = isinstance(parent.test, ast.BoolOp) and isinstance(parent.test.op, ast.And)
            for test in parent.test.values if is_and else [parent.test]:  # type: ignore[attr-defined]
                match test:
                    case ast.Compare(left=asked, ops=[ast.Is()], comparators=[ast.Constant(value=None)]):
                        yield key(asked)
                    case ast.UnaryOp(op=ast.Not(), operand=ast.Name() | ast.Attribute() as asked):
                        yield key(asked)
        inside = parent


def is_ended_by_child(module: Module, wait: ast.AST) -> bool:
    """Tell whether a wait ends the function without a further cancellation: that is a mistake of its own."""
    return isinstance(wait, ast.Await) and ended_by_child(module, wait) is not None


def _common(module: Module, wait: ast.AST, release: ast.stmt) -> tuple[list[ast.stmt], ast.stmt] | None:
    """Return the innermost block with two places, one statement behind the other, and its statement with the first.

    What an ``async with`` holds is behind its enter: that block is its body.
    """
    for node in (wait, *module.ancestors(wait)):
        if isinstance(node, FUNCTIONS):
            return None
        if isinstance(node, ast.AsyncWith) and wait in node.items and release in nodes_of(node.body):
            return node.body, node
        if isinstance(node, ast.stmt):
            found = block_of(module, node)
            if any(release in nodes_of([other]) for other in found[found.index(node) + 1 :]):
                return found, node
    return None
