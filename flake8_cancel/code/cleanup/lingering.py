"""What a cancelled coroutine function still does before it is done: whether it suspends again, and what it uses."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from flake8_cancel.code.graph import managers
from flake8_cancel.code.graph.evaluate import header, own_nodes
from flake8_cancel.code.graph.flow import Flow
from flake8_cancel.code.graph.points import ASYNC_EXIT, STEP, SUSPEND, State
from flake8_cancel.code.tree import named, walk
from flake8_cancel.code.verbs import ends

if TYPE_CHECKING:
    from flake8_cancel.code.graph.build import AnyFunction
    from flake8_cancel.code.module import Module

# Calls through which a cancellation reaches the coroutines that they are given.
_WAITS = frozenset({"asyncio.gather", "asyncio.wait_for"})


def outlasts(module: Module, runs: Sequence[AnyFunction], made: Sequence[ast.Call]) -> bool:
    """Tell whether a task is not done at once when it is cancelled: it suspends again, or is the caller's own code.

    What a function was given to run cleans up as it likes, and the function has to give it the time.

    Args:
        module: the module.
        runs: the functions of this file that it runs.
        made: the calls that make it.
    """
    if runs:
        return all(lingers(module, run) for run in runs)
    return bool(made) and all(call.args and _is_given(module, call.args[0]) for call in made)


def lingers(module: Module, function: AnyFunction, around: frozenset[AnyFunction] = frozenset()) -> bool:
    """Tell whether a coroutine function may suspend once more when it is cancelled, so that it is not done at once.

    Args:
        module: the module.
        function: a function of this file.
        around: the functions that are being asked about.
    """
    flow = module.flow(function)
    if flow is None or function in around:
        return False
    around = around | {function}
    if flow.walk(_cancelled(flow), lambda state: _waits_again(module, flow, state), avoid=_goes_round) is not None:
        return True
    return any(lingers(module, helper, around) for helper in _awaited(module, flow))


def uses_when_cancelled(
    module: Module, function: AnyFunction, names: frozenset[str], around: frozenset[AnyFunction] = frozenset()
) -> bool:
    """Tell whether a function calls a method of a thing, but not one that ends it, on its way out of a cancellation.

    Args:
        module: the module.
        function: a coroutine function of this file.
        names: what the thing is called in it.
        around: the functions that are being asked about.
    """
    flow = module.flow(function)
    if flow is None or not names or function in around:
        return False
    around = around | {function}
    if flow.walk(_cancelled(flow), lambda state: _uses(module, state, names)) is not None:
        return True
    # Other functions know it by the same name only if it is an attribute.
    attributes = frozenset(name for name in names if "." in name)
    return any(uses_when_cancelled(module, helper, attributes, around) for helper in _awaited(module, flow))


def _is_given(module: Module, coroutine: ast.expr) -> bool:
    """Tell whether a coroutine is what a parameter holds, or what a function gives that it holds."""
    value = coroutine.func if isinstance(coroutine, ast.Call) else coroutine
    value = value.value if isinstance(value, ast.Subscript) else value
    function = module.function(coroutine)
    if not isinstance(value, ast.Name) or not isinstance(function, ast.AsyncFunctionDef):
        return False
    bound = named(function, value.id)
    stored = [node for node in bound if not isinstance(node.ctx, ast.Load)]
    if not stored:
        return any(node.arg == value.id for node in walk(function.args) if isinstance(node, ast.arg))
    loops = [_loop(module, node) for node in stored]
    return all(loop is not None and _is_given(module, loop) for loop in loops)


def _loop(module: Module, variable: ast.Name) -> ast.expr | None:
    """Return what the loop runs over that gives a variable its value."""
    around = next(node for node in module.ancestors(variable) if not isinstance(node, (ast.List, ast.Tuple)))
    return around.iter if isinstance(around, (ast.For, ast.comprehension)) else None


def _cancelled(flow: Flow) -> list[State]:
    return [cancelled for _, cancelled in flow.cancelled(flow.suspensions())]


def _goes_round(state: State) -> bool:
    """Tell whether a loop asks here whether it is to go on: who takes a cancellation may have seen to that."""
    return state.point.kind == STEP and isinstance(state.point.node, ast.While) and not _is_endless(state.point.node)


def _is_endless(loop: ast.While) -> bool:
    return isinstance(loop.test, ast.Constant) and bool(loop.test.value)


def _waits_again(module: Module, flow: Flow, state: State) -> bool:
    """Tell whether a state surely is a suspension: an await, or the end of a group's block that has tasks."""
    node = state.point.node
    if state.point.kind == SUSPEND and isinstance(node, ast.Await):
        helper = module.definition(node.value.func) if isinstance(node.value, ast.Call) else None
        inner = module.flow(helper) if isinstance(helper, ast.AsyncFunctionDef) else None
        return inner is None or inner.suspends()
    if state.point.kind != ASYNC_EXIT or not isinstance(node, ast.withitem):
        return False
    if managers.scope(module, node) == "group" and node.optional_vars is not None:
        group = module.reference(node.optional_vars)
        made = (call for call in module.calls("create_task") if isinstance(call.func, ast.Attribute))
        return any(
            module.reference(call.func.value) == group and module.function(call) is flow.function  # type: ignore[attr-defined]
            for call in made
        )
    return managers.own_manager(module, node) is not None


def _awaited(module: Module, flow: Flow) -> Iterator[ast.AsyncFunctionDef]:
    """Yield the functions of this file that a function waits for, so that a cancellation goes on into them."""
    for state in flow.suspensions():
        node = state.point.node
        for call in _reached(module, [node.value]) if isinstance(node, ast.Await) else ():
            helper = module.definition(call.func)
            if isinstance(helper, ast.AsyncFunctionDef):
                yield helper


def _reached(module: Module, waited: Iterable[ast.expr]) -> Iterator[ast.Call]:
    """Yield the calls that are waited for, those given to ``gather`` and ``wait_for`` too."""
    for one in waited:
        if isinstance(one, ast.Call):
            yield one
            if module.name(one.func) in _WAITS:
                yield from _reached(module, one.args)


def _uses(module: Module, state: State, names: frozenset[str]) -> bool:
    if state.point.kind != STEP:
        return False
    for node in own_nodes(*header(state.point.node)):
        if not isinstance(node, ast.Call):
            continue
        if _is_use(module, node, names):
            return True
        helper = module.definition(node.func)
        is_run = isinstance(helper, ast.FunctionDef) or isinstance(module.parent(node), ast.Await)
        if isinstance(helper, (ast.FunctionDef, ast.AsyncFunctionDef)) and is_run:
            attributes = frozenset(name for name in names if "." in name)
            inner = (one for one in walk(helper) if isinstance(one, ast.Call))
            if any(_is_use(module, one, attributes) for one in inner):
                return True
    return False


def _is_use(module: Module, call: ast.Call, names: frozenset[str]) -> bool:
    """Tell whether a call is of a method of a thing, or of what belongs to it, that does not end it."""
    if not isinstance(call.func, ast.Attribute) or ends(call.func.attr, module.facts):
        return False
    reference = module.reference(call.func.value) or ""
    return any(reference == name or reference.startswith(f"{name}.") for name in names)
