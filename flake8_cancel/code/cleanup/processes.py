"""Which processes a cancellation leaves running: made and waited for in one function, ended on no way out of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.cleanup.process_uses import ENDS, KEEPS, READS, WAITS, Made, ends_alone, made, uses
from flake8_cancel.code.cleanup.releases import Releases, after, any_of, ends_normally, is_end, is_place, passes
from flake8_cancel.code.cleanup.taking import Key, key, own_statements, statements_of
from flake8_cancel.code.graph.edges import CANCELLED, DEADLINE, NEXT
from flake8_cancel.code.graph.errors import EXCEPTION
from flake8_cancel.code.graph.evaluate import header, own_nodes
from flake8_cancel.code.graph.flow import Flow
from flake8_cancel.code.graph.points import SUSPEND, State
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# What may be passed over, in whole, by a way that reaches it: who looks behind does not know whether it ends anything.
_CONDITIONAL = (ast.If, ast.While, ast.For, ast.AsyncFor, ast.Match)


class Left(NamedTuple):
    """A process that a cancellation leaves running.

    Attributes:
        made: how it was made.
        statement: the assignment to a local name.
        name: that name.
        place: where the cancellation, or else the end of a timeout, comes in.
        is_cancelled: whether it is the cancellation.
        is_late: whether a timeout of the function itself leaves it running too.
        waits: the statements that wait for it.
    """

    made: Made
    statement: ast.stmt
    name: str
    place: ast.AST
    is_cancelled: bool
    is_late: bool
    waits: tuple[ast.stmt, ...]

    @property
    def thing(self) -> Key:
        """The process, as the acts of ``taking`` know it."""
        return key(ast.Name(self.name))


class _Acts(NamedTuple):
    """What a function does with a process: the statements, and the awaits after which it has ended.

    Who keeps it may end it too.
    """

    waiting: tuple[ast.stmt, ...]
    ending: frozenset[ast.stmt]
    kept: frozenset[ast.stmt]
    over: frozenset[ast.Await]


def left_running(module: Module, function: ast.AsyncFunctionDef) -> Iterator[Left]:
    """Yield the processes that a function makes, waits for, and leaves running when it is cancelled.

    Certain means: nobody else has the process, whatever way the function ends normally it has waited, and the way of
    the cancellation meets nothing that might end it.

    Args:
        module: the module.
        function: the function.
    """
    for statement in statements_of(function):
        name = _bound(statement)
        making = made(module, getattr(statement, "value", None)) if name else None
        if making is None or ends_alone(module, making) or not _is_own(module, function, name):
            continue
        acts = _acts(module, function, name)
        flow = module.flow(function) if acts else None
        if acts is None or flow is None:
            continue
        starts = after(flow, statement)
        is_waited = any_of(passes({*acts.waiting, *_looking(function, name, acts)}), passes(acts.ending))
        if flow.walk(starts, ends_normally, avoid=is_waited) or flow.walk(starts, passes(acts.kept), _over(flow, acts)):
            continue
        others = passes({node for node in statements_of(function) if _bound(node) == name})
        waits = tuple(wait for wait in acts.waiting if flow.walk(starts, passes({wait}), others))
        cancelled, late = (_leak(module, flow, starts, acts, kind) for kind in (CANCELLED, DEADLINE))
        place = cancelled or late
        if place is not None and not _ends_on_exceptions(module, place, acts):
            yield Left(making, statement, name, place, cancelled is not None, late is not None, waits)


def _bound(statement: ast.stmt) -> str:
    """Return the local name that a statement assigns to alone."""
    targets: Sequence[ast.expr] = ()
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    match targets:
        case [ast.Name(id=name)]:
            return name
    return ""


def _is_own(module: Module, function: ast.AsyncFunctionDef, name: str) -> bool:
    """Tell whether a name is the function's own, and holds nothing but processes and None."""
    for node in walk(function):
        if isinstance(node, (ast.Global, ast.Nonlocal)) and name in node.names:
            return False
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load):
            statement = module.parent(node)
            if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or module.function(node) is not function:
                return False
            is_none = isinstance(statement.value, ast.Constant) and statement.value.value is None
            if statement.value is not None and not is_none and made(module, statement.value) is None:
                return False
    return True


def _acts(module: Module, function: ast.AsyncFunctionDef, name: str) -> _Acts | None:
    """Return what a function does with a process, None where somebody else may hold it."""
    waiting: dict[ast.stmt, None] = {}
    ending: set[ast.stmt] = set()
    kept: set[ast.stmt] = set()
    over: set[ast.Await] = set()
    for use, done in uses(module, function, name):
        statement = module.statement(use)
        if done == KEEPS:
            if module.function(use) is not function:
                return None
            kept.add(statement)
        if done == ENDS:
            ending.add(statement)
        elif done in (WAITS, READS):
            awaited = list(_awaited(module, function, use))
            if any(_is_shielded(module, one) for one in awaited):
                return None
            waiting.update(dict.fromkeys(module.statement(one) for one in awaited))
            if done == WAITS:
                over.update(awaited)
            elif isinstance(statement, ast.AsyncFor) or any(
                isinstance(around, ast.comprehension) for around in module.ancestors(use)
            ):
                waiting[statement] = None
    return _Acts(tuple(waiting), frozenset(ending | kept), frozenset(kept), frozenset(over))


def _awaited(module: Module, function: ast.AsyncFunctionDef, use: ast.AST) -> Iterator[ast.Await]:
    """Yield the awaits of what a use is part of: directly, or of the name that its task or coroutine was given."""
    inside: ast.AST = use
    for around in module.ancestors(use):
        if isinstance(around, ast.Await):
            yield around
            return
        if isinstance(around, ast.stmt):
            break
        inside = around
    names = (node for node in walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    for name in names:
        if module.value(name) is inside and name is not inside:
            yield from _awaited(module, function, name)


def _is_shielded(module: Module, awaited: ast.Await) -> bool:
    """Tell whether somebody meant the wait to go on when the function is cancelled."""
    return any(isinstance(node, ast.Call) and module.name(node.func) == "asyncio.shield" for node in walk(awaited))


def _looking(function: ast.AsyncFunctionDef, name: str, acts: _Acts) -> Iterator[ast.stmt]:
    """Yield the conditional statements that look at the process to tell whether to wait for it, or end it."""
    for node in statements_of(function):
        if isinstance(node, (ast.If, ast.While)) and any(
            isinstance(part, ast.Name) and part.id == name for part in own_nodes(node.test)
        ):
            inside = set(own_statements(node.body))
            if isinstance(node, ast.While) or not inside.isdisjoint({*acts.waiting, *acts.ending}):
                yield node


# --- where it is left ------------------------------------------------------------------------------------------------


def _leak(module: Module, flow: Flow, starts: list[State], acts: _Acts, kind: str) -> ast.AST | None:
    """Return the first place from which a cancellation, or a timeout, leaves the function and the process runs."""
    is_over = any_of(passes(acts.ending), _over(flow, acts))
    is_ended = any_of(passes(acts.ending), passes(_may_end(flow, acts)))

    def leaks(state: State) -> bool:
        return is_place(module, state) and _lets_out(flow, state, kind, is_ended)

    path = flow.walk(starts, leaks, avoid=is_over)
    return path[-1].point.node if path else None


def _over(flow: Flow, acts: _Acts) -> Releases:
    """Return a question: has the function just waited for the end of the process here?"""
    waits = flow.states(SUSPEND, lambda point: point.node in acts.over)
    over = {step.state for state in waits for step in flow.steps(state) if step.kind == NEXT}
    return lambda state: state in over


def _may_end(flow: Flow, acts: _Acts) -> set[ast.stmt]:
    """Return the statements behind which the process may have ended: they wait for it, or end it on some way."""
    done = {statement for statement in acts.waiting if _holds(statement, acts.over)}
    for node in own_statements(flow.function.body):
        if isinstance(node, _CONDITIONAL) and not set(own_statements([node])).isdisjoint(acts.ending | done):
            done.add(node)
    return done


def _holds(statement: ast.stmt, awaits: frozenset[ast.Await]) -> bool:
    return any(node in awaits for node in own_nodes(*header(statement)))


def _lets_out(flow: Flow, state: State, kind: str, is_ended: Releases) -> bool:
    # What is cancelled only when all ends, as a test is, ends without its processes.
    goes_to = [step.state for step in flow.steps(state) if step.kind == kind and (step.sure or kind == CANCELLED)]
    return flow.walk(goes_to, is_end, avoid=is_ended) is not None


def _ends_on_exceptions(module: Module, place: ast.AST, acts: _Acts) -> bool:
    """Tell whether a clause for every Exception around a place ends the process: then that clause is what is wrong."""
    inside: ast.AST = place
    for around in module.ancestors(place):
        if isinstance(around, ast.Try) and inside in around.body:
            for handler in around.handlers:
                if EXCEPTION in module.names(handler.type) and not acts.ending.isdisjoint(own_statements(handler.body)):
                    return True
        inside = around
    return False
