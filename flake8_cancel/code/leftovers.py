"""Cancelled tasks that still have something to do, which nobody waits for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.evaluate import header, own_nodes
from flake8_cancel.code.flow import Flow
from flake8_cancel.code.points import STEP, SUSPEND, State
from flake8_cancel.code.references import Thing
from flake8_cancel.code.releases import after
from flake8_cancel.code.taking import ends
from flake8_cancel.code.values import Kind

if TYPE_CHECKING:
    from flake8_cancel.code.build import AnyFunction
    from flake8_cancel.code.module import Module

# Why the end of a task matters to what follows its cancellation.
CLOSED, REPLACED, FORGOTTEN = "closed", "replaced", "forgotten"

_CLOSING = frozenset({"abort", "aclose", "close", "disconnect", "kill", "release", "shutdown", "stop", "terminate"})
_ENDING = frozenset({"aclose", "aexit", "close", "shutdown", "stop"})
_TESTS = (ast.BoolOp, ast.Compare, ast.If, ast.IfExp, ast.UnaryOp, ast.While)


class Leftover(NamedTuple):
    """A task that is cancelled and not waited for, though it is not done when what follows happens.

    Attributes:
        why: CLOSED (what the task still uses is closed), REPLACED (another task takes its place) or FORGOTTEN (its
            owner is stopped, and forgets it).
        follows: the statement where that happens.
        thing: of CLOSED, what is closed.
    """

    why: str
    follows: ast.stmt
    thing: str = ""


def leftover(module: Module, call: ast.Call) -> Leftover | None:
    """Return what follows a ``cancel()`` too early, None where that is not certain.

    Certain is: the task runs functions of this file that suspend, or use a thing, when they are cancelled; this
    function goes on without suspending in between; and nothing in the file waits for the task or hands it on.

    Args:
        module: the module.
        call: the call of ``cancel()``, which is a statement.
    """
    function, statement = module.function(call), module.parent(call)
    if not isinstance(function, ast.AsyncFunctionDef) or not isinstance(statement, ast.Expr):
        return None
    assert isinstance(call.func, ast.Attribute)
    task = call.func.value
    if module.kind(task) is not Kind.TASK or not module.own_task(task):
        return None
    runs = module.run_by(task)
    if not runs or _is_shared(module, function, task) or any(_calls(module, run, function) for run in runs):
        return None
    flow = module.flow(function)
    if flow is None:
        return None
    found = _followed(module, flow, statement, task, runs)
    return next(iter(found), None)


def _followed(
    module: Module, flow: Flow, statement: ast.Expr, task: ast.expr, runs: list[ast.AsyncFunctionDef]
) -> Iterator[Leftover]:
    """Yield what certainly happens behind the cancellation before the task is done."""
    lingering = all(lingers(module, run) for run in runs)
    behind = after(flow, statement)
    name = module.reference(task)
    for node in ast.walk(flow.function):
        if not isinstance(node, ast.stmt) or node.lineno <= statement.lineno or not _is_next(flow, behind, node):
            continue
        if isinstance(node, ast.Assign) and any(module.reference(target) == name for target in node.targets):
            if lingering and module.kind(node.value) is Kind.TASK:
                yield Leftover(REPLACED, node)
            elif lingering and _is_none(node.value) and _ends(flow.function):
                yield Leftover(FORGOTTEN, node)
        closed = _closed(module, node)
        if closed and all(_uses_when_cancelled(module, flow.function, run, closed) for run in runs):
            yield Leftover(CLOSED, node, closed)


def _is_next(flow: Flow, behind: list[State], node: ast.stmt) -> bool:
    """Tell whether a statement is reached from a place without a suspension in between."""
    path = flow.walk(
        behind,
        lambda state: state.point.kind == STEP and state.point.node is node,
        avoid=lambda state: state.point.kind == SUSPEND,
    )
    return path is not None


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _ends(function: AnyFunction) -> bool:
    return function.name.strip("_").partition("_")[0] in _ENDING


def _closed(module: Module, node: ast.stmt) -> str:
    """Return what a statement closes, "" for any other."""
    value = node.value if isinstance(node, ast.Expr) else None
    call = value.value if isinstance(value, ast.Await) else value
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in _CLOSING:
        return module.reference(call.func.value) or ""
    return ""


# --- what the task does when it is cancelled ------------------------------------------------------------------------


def lingers(module: Module, function: AnyFunction) -> bool:
    """Tell whether a coroutine function may suspend once more when it is cancelled, so that it is not done at once.

    Args:
        module: the module.
        function: a function of this file.
    """
    flow = module.flow(function)
    if flow is None:
        return False
    return flow.walk(_cancelled(flow), lambda state: state.point.kind == SUSPEND and _is_await(state)) is not None


def _is_await(state: State) -> bool:
    return isinstance(state.point.node, ast.Await)


def _cancelled(flow: Flow) -> list[State]:
    return [cancelled for _, cancelled in flow.cancelled(flow.suspensions())]


def _uses_when_cancelled(module: Module, canceller: AnyFunction, run: ast.AsyncFunctionDef, thing: str) -> bool:
    """Tell whether a function calls a method of a thing, but not one that ends it, on its way out of a cancellation."""
    flow = module.flow(run)
    names = _names_in(module, canceller, run, thing)
    if flow is None or not names:
        return False

    def uses(state: State) -> bool:
        return state.point.kind == STEP and any(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and module.reference(node.func.value) in names
            and not ends(node.func.attr, module.facts)
            for node in own_nodes(*header(state.point.node))
        )

    return flow.walk(_cancelled(flow), uses) is not None


def _names_in(module: Module, canceller: AnyFunction, run: ast.AsyncFunctionDef, thing: str) -> set[str]:
    """Return what a thing of one function is called in another that a task of it runs."""
    if thing.startswith("self."):
        return {thing} if module.class_around(run) is module.class_around(canceller) else set()
    if run in ast.walk(canceller):
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


# --- who else knows the task ----------------------------------------------------------------------------------------


def _is_shared(module: Module, function: AnyFunction, task: ast.expr) -> bool:
    """Tell whether something in the file waits for a task, is told of its end, or may have it from here."""
    keys: Thing = frozenset().union(*(module.awaited(task) or ()))
    for wait in module.awaits():
        if any(thing & keys for thing in module.awaited(wait.value) or ()):
            return True
    place = function if isinstance(task, ast.Name) else module.tree
    word = task.id if isinstance(task, ast.Name) else getattr(task, "attr", "")
    uses = [node for node in ast.walk(place) if word in (getattr(node, "id", None), getattr(node, "attr", None))]
    return any(_is_handed_on(module, use) for use in uses)


def _is_handed_on(module: Module, use: ast.AST) -> bool:
    """Tell whether a use of a task is more than to assign it, to cancel it, or to ask it something."""
    parent = module.parent(use)
    if isinstance(getattr(use, "ctx", None), ast.Store):
        return isinstance(parent, ast.Assign) and _is_of_group(module, parent.value)
    if isinstance(parent, ast.Attribute):
        return parent.attr == "add_done_callback"
    return not isinstance(parent, _TESTS)


def _is_of_group(module: Module, value: ast.expr) -> bool:
    method = value.func if isinstance(value, ast.Call) else None
    return isinstance(method, ast.Attribute) and module.kind(method.value) is Kind.TASK_GROUP


def _calls(module: Module, run: ast.AsyncFunctionDef, function: AnyFunction) -> bool:
    """Tell whether a task may come to cancel itself, by a call of the function that cancels it."""
    within = set(ast.walk(run))
    return any(use in within for use in module.uses(function))
