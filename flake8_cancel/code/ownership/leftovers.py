"""Cancelled tasks that nobody waits for, and what happens before they are done."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.cleanup.lingering import outlasts, uses_when_cancelled
from flake8_cancel.code.cleanup.releases import behind, ends_normally
from flake8_cancel.code.graph.flow import Flow
from flake8_cancel.code.graph.points import ASYNC_EXIT, STEP, SUSPEND, YIELD, State
from flake8_cancel.code.lost.cancelling import has_ended, is_ending
from flake8_cancel.code.lost.coming_back import comes_to
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.ownership.fates import Fate, fate
from flake8_cancel.code.tree import of_types, walk

if TYPE_CHECKING:
    from flake8_cancel.code.graph.build import AnyFunction
    from flake8_cancel.code.module import Module

# Why the end of a task matters to what follows its cancellation.
CLOSED, REPLACED, FORGOTTEN, OVER = "closed", "replaced", "forgotten", "over"

_CLOSING = frozenset({"abort", "aclose", "close", "disconnect", "kill", "release", "shutdown", "stop", "terminate"})
_OUTER = (ast.Global, ast.Nonlocal)
_STATEMENTS = (ast.Expr, ast.For, ast.If, ast.With)


class Leftover(NamedTuple):
    """A task that is cancelled and not waited for, though it is not done when what follows happens.

    Attributes:
        why: CLOSED (what the task still uses is closed), REPLACED (another task takes its place), FORGOTTEN (its owner
            is stopped, and forgets it) or OVER (its owner is said to be stopped).
        follows: the statement where that happens; of OVER the last one.
        thing: of CLOSED, what is closed.
    """

    why: str
    follows: ast.stmt
    thing: str = ""


class Alone(NamedTuple):
    """A task that is cancelled by a function that could wait for it, and does not.

    Attributes:
        task: the expression that stands for it.
        statement: the statement that cancels it.
        function: the function around.
        fate: what the file does with it.
        runs: the functions of this file that it runs.
    """

    task: ast.expr
    statement: ast.stmt
    function: ast.AsyncFunctionDef
    fate: Fate
    runs: tuple[ast.AsyncFunctionDef, ...]


def leftover(module: Module, call: ast.Call) -> Leftover | None:
    """Return what follows a ``cancel()`` too early, None where that is not certain.

    Certain is: the task runs functions of this file that suspend, or use a thing, when they are cancelled; this
    function goes on without suspending in between; and nobody waits for the task, nor is it handed on.

    Args:
        module: the module.
        call: the call of ``cancel()``.
    """
    alone = _alone(module, call)
    if alone is None or not isinstance(module.parent(call), ast.Expr):
        return None
    flow = module.flow(alone.function)
    found = _followed(module, flow, alone) if flow else iter(())
    return next(found, None)


def left_alone(module: Module, call: ast.Call) -> Alone | None:
    """Return the task that a ``cancel()`` asks to end, where nothing in the file ever waits until it has.

    Args:
        module: the module.
        call: the call of ``cancel()``.
    """
    alone = _alone(module, call)
    if alone is None or _is_waited_elsewhere(module, alone) or _hears(module, alone):
        return None
    return None if _is_run(module, alone.function) else alone


def _alone(module: Module, call: ast.Call) -> Alone | None:
    """Return the task that a function cancels and does not wait for afterwards; nobody else may have it."""
    function, statement = module.function(call), module.statement(call)
    if not isinstance(function, ast.AsyncFunctionDef) or not isinstance(statement, _STATEMENTS):
        return None
    assert isinstance(call.func, ast.Attribute)
    task = call.func.value
    if module.kind(task) is not Kind.TASK or not module.own_task(task):
        return None
    found = fate(module, task)
    runs = tuple(module.run_by(task))
    if found.shared or any(comes_to(module, run, function) for run in runs):
        return None
    alone = Alone(task, statement, function, found, runs)
    return None if has_ended(module, call, task) or _is_waited_here(module, alone) else alone


# --- what follows ---------------------------------------------------------------------------------------------------


def _followed(module: Module, flow: Flow, alone: Alone) -> Iterator[Leftover]:
    """Yield what certainly happens behind the cancellation before the task is done."""
    lingering = outlasts(module, alone.runs, alone.fate.made)
    at_once = list(_reached(flow, _behind(flow, alone.statement), ends_at=SUSPEND))
    nodes = {state.point.node for state in at_once if state.point.kind == STEP}
    name = module.reference(alone.task)
    # Who waits for the end of the function takes this for the end of the task.
    is_unfinished = lingering and is_ending(alone.function) and not _is_waited_elsewhere(module, alone)
    for node in of_types(flow.function, (ast.stmt,)):
        if node.lineno <= alone.statement.lineno or node not in nodes:
            continue
        if lingering and _replaces(module, node, name):
            yield Leftover(REPLACED, node)
        if is_unfinished and _forgets(module, node, alone.fate.kept):
            yield Leftover(FORGOTTEN, node)
        closed = _closed(module, node)
        if closed and alone.runs and all(_uses_closed(module, flow.function, run, closed) for run in alone.runs):
            yield Leftover(CLOSED, node, closed)
    if is_unfinished and any("." in kept for kept in alone.fate.kept) and any(map(ends_normally, at_once)):
        yield Leftover(OVER, flow.function.body[-1])
    if lingering and _is_own(module, alone) and not flow.walk(_behind(flow, alone.statement), _suspends):
        yield Leftover(OVER, flow.function.body[-1])


def _behind(flow: Flow, statement: ast.stmt) -> list[State]:
    """Return the states just behind a statement, in whatever state it is reached."""
    return behind(flow, statement, flow.beginnings(statement))


def _suspends(state: State) -> bool:
    return state.point.kind in (ASYNC_EXIT, SUSPEND, YIELD)


def _reached(flow: Flow, starts: list[State], ends_at: str) -> Iterator[State]:
    """Yield the states that are surely reached from some without passing a point of one kind."""
    found: list[State] = []

    def note(state: State) -> bool:
        found.append(state)
        return False

    flow.walk(starts, note, avoid=lambda state: state.point.kind == ends_at)
    yield from found


def _is_own(module: Module, alone: Alone) -> bool:
    """Tell whether a task is known to the function alone that cancels it, so that nobody can wait for it later."""
    outer = {name for node in walk(alone.function) if isinstance(node, _OUTER) for name in node.names}
    local = {node.id for node in walk(alone.function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return alone.fate.kept <= local - outer and not _is_run(module, alone.function)


def _replaces(module: Module, node: ast.stmt, name: str | None) -> bool:
    """Tell whether a statement puts another task in the place of one."""
    if not isinstance(node, ast.Assign) or module.kind(node.value) is not Kind.TASK:
        return False
    return any(module.reference(target) == name for target in node.targets)


def _forgets(module: Module, node: ast.stmt, kept: frozenset[str]) -> bool:
    """Tell whether a statement empties what holds the task."""
    match node:
        case ast.Assign(targets=targets, value=ast.Constant(value=None) | ast.List(elts=[]) | ast.Dict(keys=[])):
            return any(module.reference(target) in kept for target in targets)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=collection, attr="clear"))):
            return module.reference(collection) in kept
        case ast.Delete(targets=targets):
            return any(module.reference(target) in kept for target in targets)
    return False


def _closed(module: Module, node: ast.stmt) -> str:
    """Return what a statement closes, "" for any other."""
    value = node.value if isinstance(node, ast.Expr) else None
    call = value.value if isinstance(value, ast.Await) else value
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in _CLOSING:
        return module.reference(call.func.value) or ""
    return ""


def _uses_closed(module: Module, canceller: AnyFunction, run: ast.AsyncFunctionDef, thing: str) -> bool:
    return uses_when_cancelled(module, run, frozenset(_names_in(module, canceller, run, thing)))


def _names_in(module: Module, canceller: AnyFunction, run: ast.AsyncFunctionDef, thing: str) -> set[str]:
    """Return what a thing of one function is called in another that a task of it runs."""
    if thing.startswith("self."):
        return {thing} if module.class_around(run) is module.class_around(canceller) else set()
    if run in walk(canceller):
        return {thing}
    names: set[str] = set()
    parameters = [parameter.arg for parameter in (*run.args.posonlyargs, *run.args.args)]
    for use in module.uses(run):
        call = module.parent(use)
        if isinstance(call, ast.Call) and call.func is use and module.function(call) is canceller:
            own = parameters[1:] if isinstance(use, ast.Attribute) else parameters
            given = [*zip(own, call.args, strict=False), *((one.arg, one.value) for one in call.keywords)]
            names.update(name for name, value in given if name and module.reference(value) == thing)
    return names


# --- who waits ------------------------------------------------------------------------------------------------------


def _is_waited_here(module: Module, alone: Alone) -> bool:
    """Tell whether the function may come to a wait for the task, or for all that there are, behind the cancellation."""
    flow = module.flow(alone.function)
    own = {wait for wait in alone.fate.waits if module.function(wait) is alone.function}
    everyone = {call for call in module.calls("all_tasks") if module.function(call) is alone.function}
    statements = {module.statement(wait) for wait in own | everyone} - {alone.statement}
    if flow is None or any(module.parent(wait) is alone.statement for wait in own):
        return True
    name = module.reference(alone.task)

    def is_wait(state: State) -> bool:
        return state.point.node in own or (state.point.kind == STEP and state.point.node in statements)

    def rebinds(state: State) -> bool:
        node = state.point.node
        if state.point.kind != STEP or not isinstance(node, ast.Assign) or is_wait(state):
            return False
        return any(module.reference(target) == name for target in node.targets)

    return flow.walk(_behind(flow, alone.statement), is_wait, avoid=rebinds) is not None


def _is_waited_elsewhere(module: Module, alone: Alone) -> bool:
    return any(module.function(wait) is not alone.function for wait in alone.fate.waits)


def _hears(module: Module, alone: Alone) -> bool:
    """Tell whether the function waits for something that the task does at its end: an event, a future, a queue."""
    told = {
        module.reference(node.func.value)
        for run in alone.runs
        for node in walk(run)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    } - {None, "self"}
    for wait in module.awaits():
        if module.function(wait) is not alone.function or wait.lineno < alone.statement.lineno:
            continue
        method = wait.value.func if isinstance(wait.value, ast.Call) else None
        thing = (
            method.value if isinstance(method, ast.Attribute) and method.attr in ("get", "join", "wait") else wait.value
        )
        # A function of a module is no event.
        if module.name(thing) is None and module.reference(thing) in told:
            return True
    return False


def _is_run(module: Module, function: ast.AsyncFunctionDef) -> bool:
    """Tell whether a function is only given to ``asyncio.run``, which waits for every task before it returns."""
    calls = [module.parent(use) for use in module.uses(function)]
    starts = [module.parent(call) for call in calls if isinstance(call, ast.Call)]
    return (
        bool(calls)
        and all(isinstance(start, ast.Call) and module.name(start.func) == "asyncio.run" for start in starts)
        and len(starts) == len(calls)
    )
