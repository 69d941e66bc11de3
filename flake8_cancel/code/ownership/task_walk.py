"""A walk over the cancellation graph from where a task is made, as long as it is the function's own business."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.releases import after, is_end
from flake8_cancel.code.graph.edges import CANCELLED, CLOSED
from flake8_cancel.code.graph.errors import UNKNOWN
from flake8_cancel.code.graph.evaluate import header
from flake8_cancel.code.graph.flow import Flow
from flake8_cancel.code.graph.points import BRANCH, CLAUSE, STEP, SUSPEND, State, raising, unwind
from flake8_cancel.code.ownership.holding import Hold, given_to
from flake8_cancel.code.ownership.passing_by import passed_by
from flake8_cancel.code.ownership.task_exits import cares, is_open
from flake8_cancel.code.ownership.task_making import AS_COMPLETED
from flake8_cancel.code.ownership.task_uses import LOOPS, Use, carries, loop_of, use
from flake8_cancel.code.tree import names_of, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module


def uses_in(module: Module, hold: Hold, wait: ast.Await) -> set[Use]:
    """Return what a wait does with a task."""
    if hold.place is wait:
        return {use(module, hold.call, hold.names)}
    found = set()
    for name in walk(wait.value):
        if not isinstance(name, ast.Name) or name.id not in hold.names | hold.done:
            continue
        found.add(_use_of(module, hold, name))
    return found


def _use_of(module: Module, hold: Hold, name: ast.Name) -> Use:
    """Return what a name does with a task where it stands: as a variable of a loop it is one of several."""
    loop = loop_of(module, name)
    names = hold.names
    if loop is not None and not carries(module, loop.iter, names):
        return Use.LOOKS
    if loop is None and name.id not in names:
        return Use.LOOKS
    found = use(module, name, names)
    if found is Use.AWAITS and loop is not None and (hold.several or _is_as_completed(module, loop.iter)):
        return Use.GLANCES
    return found


def _is_as_completed(module: Module, iterated: ast.expr) -> bool:
    return any(isinstance(node, ast.Call) and module.name(node.func) == AS_COMPLETED for node in walk(iterated))


class Walk:
    """A walk from where a task is made, as long as it is the function's own business.

    Args:
        module: the module.
        flow: the graph of the function.
        hold: the task.
    """

    def __init__(self, module: Module, flow: Flow, hold: Hold) -> None:
        self._module = module
        self._flow = flow
        self._hold = hold
        self._things = given_to(module, hold)

    def places(self, abandoning: Collection[ast.AST] = ()) -> list[ast.AST]:
        """Return where a cancellation leaves the function, and the task behind.

        Args:
            abandoning: waits behind which the task is forgotten anyway.
        """
        found: dict[ast.AST, None] = {}
        for state in self._reached(self._starts(), self._settles, self._is_done_behind, abandoning):
            if state.point.node in abandoning:
                continue
            if not is_open(self._module, state) or self._waits(state) in ({Use.AWAITS}, {Use.LOOKS}):
                continue
            if self._lets_out(state):
                found[state.point.node] = None
        return list(found)

    def failing(self, raises: Callable[[ast.Await], bool], abandoning: Collection[ast.AST] = ()) -> list[ast.AST]:
        """Return the waits out of which an error leaves the function, and the task behind.

        Args:
            raises: tells the waits that raise the errors of other tasks.
            abandoning: waits behind which the task is forgotten anyway.
        """
        found: dict[ast.AST, None] = {}
        for state in self._reached(self._starts(), self._settles, self._is_done_behind, abandoning):
            point = state.point
            if point.kind != SUSPEND or not isinstance(point.node, ast.Await) or not raises(point.node):
                continue
            if is_open(self._module, state) and self._is_left([unwind(point.frame, raising(UNKNOWN), state.pending)]):
                found[point.node] = None
        return list(found)

    def forgets(self, wait: ast.Await) -> bool:
        """Tell whether the function may end behind a wait, or make the next task, without a look at this one."""
        states = [
            further
            for state in self._flow.suspensions(lambda point: point.node is wait)
            for further in self._flow.ahead(state)
        ]
        for state in self._reached(states, self._mentions, _is_clause):
            if is_end(state) or (state.point.kind == STEP and state.point.node is self._hold.place):
                return True
        return False

    def _starts(self) -> list[State]:
        place = self._hold.place
        if isinstance(place, ast.Await):
            return self._flow.suspensions(lambda point: point.node is place)
        if isinstance(place, LOOPS):
            return self._flow.states(inside=lambda point: point.node is place and point.kind in (BRANCH, SUSPEND))
        return after(self._flow, place)

    def _reached(
        self,
        starts: Iterable[State],
        ends: Callable[[State], bool],
        ends_behind: Callable[[State], bool],
        abandoning: Collection[ast.AST] = (),
    ) -> list[State]:
        waiting = [state for state in dict.fromkeys(starts) if not ends(state)]
        seen = set(waiting)
        passed = passed_by(self._flow, (self._hold.place, *self._hold.names, *self._hold.done))
        for state in waiting:
            closed: list[object] = []
            if state not in passed or state.point.node in abandoning:
                if ends_behind(state) or state.point.node in abandoning:
                    continue
                closed = self._closed(state)
            for further in self._flow.ahead(state):
                if further in seen or further.point in closed:
                    continue
                seen.add(further)
                if further in passed or not ends(further):
                    waiting.append(further)
        return waiting

    # --- what ends the walk ------------------------------------------------------------------------------------------

    def _settles(self, state: State) -> bool:
        """Tell whether a statement begins here that cancels the task, hands it on, or may."""
        node = state.point.node
        if state.point.kind != STEP or not isinstance(node, ast.stmt):
            return False
        if isinstance(node, ast.If) and not self._names(node.test) and not self._is_behind(node):
            # Whoever is asked here may know whether there is a task at all.
            return any(_falls_through(arm) and self._settle_in(arm) for arm in (node.body, node.orelse))
        return not self._hold.names.isdisjoint(names_of(node)) and self._settle_in(header(node))

    def _is_behind(self, node: ast.stmt) -> bool:
        """Tell whether a statement is never reached but when the task was made."""
        place = self._hold.place
        around = {node, *self._module.ancestors(node)}
        blocks = [getattr(self._module.parent(place), field, None) for field in ("body", "orelse", "finalbody")]
        return any(isinstance(block, list) and place in block and not around.isdisjoint(block) for block in blocks)

    def _settle_in(self, nodes: Iterable[ast.AST]) -> bool:
        return any(
            _use_of(self._module, self._hold, name) in (Use.READS, Use.SETTLES)
            for node in nodes
            for name in self._names(node)
        )

    def _mentions(self, state: State) -> bool:
        """Tell whether a statement begins here that has to do with the task."""
        node = state.point.node
        if state.point.kind != STEP or not isinstance(node, ast.stmt):
            return False
        if isinstance(node, (ast.If, ast.While)) and self._decided(node.test) is not None:
            return False
        if isinstance(node, (ast.With, ast.AsyncWith, ast.Try, *LOOPS)):
            return any(self._names(part) for part in header(node))
        return bool(self._names(node))

    def _names(self, node: ast.AST) -> list[ast.Name]:
        """Return where something names the task, but for what is certainly done."""
        if self._hold.names.isdisjoint(names_of(node)):
            return []
        return [
            name
            for name in walk(node)
            if isinstance(name, ast.Name)
            and isinstance(name.ctx, ast.Load)
            and name.id in self._hold.names
            and not self._is_of_done(name)
        ]

    def _is_of_done(self, name: ast.Name) -> bool:
        loop = loop_of(self._module, name)
        return loop is not None and not carries(self._module, loop.iter, self._hold.names)

    def _waits(self, state: State) -> set[Use] | None:
        """Return how a task is waited for where a function suspends, None where it waits for something else."""
        node = state.point.node
        if state.point.kind != SUSPEND or not isinstance(node, ast.Await):
            return None
        return uses_in(self._module, self._hold, node) or None

    def _is_done_behind(self, state: State) -> bool:
        waits = self._waits(state)
        return waits is not None and bool(waits & {Use.AWAITS, Use.WATCHES, Use.SETTLES})

    # --- which way a test goes ---------------------------------------------------------------------------------------

    def _closed(self, state: State) -> list[object]:
        """Return the ways out of a test, or of a loop over the tasks, on which they are done or were never made."""
        point = state.point
        if len(point.targets) != 2 or point.kind not in (BRANCH, SUSPEND):
            return []
        yes, no = point.targets
        if isinstance(point.node, LOOPS):
            return [no] if self._is_loop_over(point.node) else []
        if point.kind == SUSPEND or not isinstance(point.node, ast.expr):
            return []
        around = self._module.parent(point.node)
        if isinstance(around, ast.comprehension) and point.node is around.iter:
            return []
        decided = self._decided(point.node)
        if decided is None:
            return [yes, no] if self._names(point.node) else []
        return [yes] if decided else [no]

    def _is_loop_over(self, loop: ast.For | ast.AsyncFor) -> bool:
        """Tell whether a loop does something with every task."""
        if loop is self._hold.place:
            return True
        if not carries(self._module, loop.iter, self._hold.names):
            return False
        if _is_as_completed(self._module, loop.iter):
            return True
        variables = frozenset(one.id for one in walk(loop.target) if isinstance(one, ast.Name))
        inside = [name for statement in loop.body for name in self._names(statement) if name.id in variables]
        return any(use(self._module, name, self._hold.names) not in (Use.LOOKS, Use.MOVES) for name in inside)

    def _decided(self, test: ast.expr) -> bool | None:
        """Return the answer to a test with which a task is done or was never made, None where neither tells."""
        names, done = self._hold.names, self._hold.done
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                decided = self._decided(operand)
                return None if decided is None else not decided
            case ast.NamedExpr(target=ast.Name(id=name)) | ast.Name(id=name) if name in names:
                return False
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="done" | "cancelled")) if name in names:
                return True
            case ast.Compare(left=ast.Name(id=name), ops=[ast.Is() | ast.IsNot() as operator]) if name in names:
                return isinstance(operator, ast.Is)
            case ast.Compare(
                left=ast.Name(id=name),
                ops=[ast.In() | ast.NotIn() as operator],
                comparators=[ast.Name(id=collection)],
            ) if name in names and collection in names | done:
                return isinstance(operator, ast.In) == (collection in done)
        return None

    # --- the way out of a cancellation -------------------------------------------------------------------------------

    def _lets_out(self, state: State) -> bool:
        goes_to = [step.state for step in self._flow.steps(state) if step.sure and step.kind in (CANCELLED, CLOSED)]
        return self._is_left(goes_to)

    def _is_left(self, states: Iterable[State]) -> bool:
        """Tell whether the function ends behind some states, and nobody cares for the task on the way."""
        return self._flow.walk(states, is_end, avoid=lambda state: cares(self._hold, self._things, state)) is not None


def _is_clause(state: State) -> bool:
    return state.point.kind == CLAUSE


def _falls_through(arm: list[ast.stmt]) -> bool:
    return bool(arm) and not isinstance(arm[-1], (ast.Return, ast.Raise, ast.Break, ast.Continue))
