"""Shielded work that runs on when a ``with`` around it has taken from it what it needs."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.api import Facts
from flake8_cancel.code.cleanup.escapes import escapes
from flake8_cancel.code.graph import managers
from flake8_cancel.code.graph.evaluate import header
from flake8_cancel.code.graph.points import ASYNC_EXIT, EXIT, SUSPEND, State
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.ownership.dropping import makes_task
from flake8_cancel.code.shield.shielded import awaited_at, is_lock, is_work
from flake8_cancel.code.tree import children, named, names_of, of_types, verb_of, walk
from flake8_cancel.code.verbs import ends, ends_argument, words

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_WITHS = (ast.With, ast.AsyncWith)
# Managers that close nothing that they hand out.
_CLOSE_NOTHING = frozenset(
    {
        "asyncio.TaskGroup",
        "asyncio.timeout",
        "asyncio.timeout_at",
        "async_timeout.timeout",
        "contextlib.nullcontext",
        "contextlib.suppress",
    }
)
_CLOSE_THEIR_ARGUMENT = frozenset({"contextlib.aclosing", "contextlib.closing"})
# Calls whose work is that of their arguments.
_PASS_ON = frozenset({"asyncio.gather", "asyncio.wait_for", "asyncio.create_task", "asyncio.ensure_future"})
# Calls that run a function, and where among their arguments it stands.
_RUN = {"asyncio.to_thread": 0}
_RUN_METHODS = {"run_in_executor": 1}
_DISPLAYS = (ast.Starred, ast.Tuple, ast.List, ast.Set, ast.keyword)
# What only waits needs nothing, and ends with what it waits for.
_WAITING = frozenset({"join", "wait"})


class Outlived(NamedTuple):
    """A ``with`` that ends before the shielded work does.

    Attributes:
        thing: what the work loses, as it is written.
        is_lock: whether that is a lock, which the work was to be done under.
        wait: the await that is cancelled.
        item: the item of the ``with`` statement that ends.
    """

    thing: str
    is_lock: bool
    wait: ast.Await
    item: ast.withitem


def outlived(module: Module, shield: ast.Call) -> Outlived | None:
    """Return the ``with`` that takes something from shielded work when the wait for it is cancelled.

    Args:
        module: the module.
        shield: the call of ``shield()``.
    """
    wait = awaited_at(module, shield)
    function = module.function(shield)
    if wait is None or not isinstance(function, ast.AsyncFunctionDef):
        return None
    shielded = shield.args[0]
    name = shielded.id if isinstance(shielded, ast.Name) else ""
    made = module.value(shielded) if name else shielded
    if not isinstance(made, ast.Call) or (name and escapes(module, function, name)):
        return None
    for item in _items_around(module, made, function):
        lost = _lost(module, item, made)
        if lost is not None and _ends_first(module, function, wait, item, name):
            return Outlived(ast.unparse(lost), is_lock(module, lost), wait, item)
    return None


def _items_around(module: Module, node: ast.AST, function: ast.AST) -> Iterator[ast.withitem]:
    """Yield the items of the ``with`` statements whose body holds a node, from the inside out."""
    child = node
    for around in module.ancestors(node):
        if around is function:
            return
        if isinstance(around, _WITHS) and child in around.body:
            yield from reversed(around.items)
        child = around


def _lost(module: Module, item: ast.withitem, made: ast.Call) -> ast.expr | None:
    """Return what the end of a ``with`` item takes from the work that a call makes."""
    if is_lock(module, item.context_expr):
        return item.context_expr if _is_started(module, made) else None
    for thing in _closed(module, item):
        if _uses(module, made, thing):
            return thing
    return None


def _is_started(module: Module, made: ast.Call) -> bool:
    """Tell whether a call certainly starts something, so that it does not only wait for what is shared."""
    if makes_task(module, made) or is_work(module, made):
        return True
    name, kind = module.name(made.func), module.kind(made)
    if kind is Kind.FUTURE:
        return isinstance(made.func, ast.Attribute) and made.func.attr in _RUN_METHODS
    return name in _RUN or (kind is None and name is not None)


# --- what a with closes ---------------------------------------------------------------------------------------------


def _closed(module: Module, item: ast.withitem) -> Iterator[ast.expr]:
    """Yield what is not to be used any more when a ``with`` item was left."""
    maker = item.context_expr
    name = module.name(maker.func if isinstance(maker, ast.Call) else maker)
    if name in _CLOSE_NOTHING or managers.scope(module, item) or not _does_something(module, item):
        return
    if isinstance(item.optional_vars, ast.Name):
        yield item.optional_vars
    elif isinstance(item.optional_vars, ast.Tuple):
        yield from (one for one in item.optional_vars.elts if isinstance(one, ast.Name))
    if isinstance(maker, (ast.Name, ast.Attribute)):
        yield maker
    elif name in _CLOSE_THEIR_ARGUMENT and isinstance(maker, ast.Call):
        yield from maker.args[:1]


def _does_something(module: Module, item: ast.withitem) -> bool:
    """Tell whether the exit of a manager that this file defines does anything; of others nobody knows better."""
    own = managers.own_manager(module, item)
    if own is None:
        return True
    if own.leave is not None:
        return any(isinstance(node, ast.Call) for node in walk(own.leave))
    if own.generator is None:
        return True
    nodes = list(walk(own.generator))
    last = max((node.lineno for node in nodes if isinstance(node, ast.Yield)), default=0)
    return any(isinstance(node, ast.Call) and node.lineno > last for node in nodes) or any(
        isinstance(node, _WITHS) for node in nodes
    )


# --- what work uses -------------------------------------------------------------------------------------------------


def _uses(module: Module, made: ast.Call, thing: ast.expr) -> bool:
    """Tell whether the work that a call makes uses a thing as long as it runs: it calls a method of it, or is given it.

    An attribute that is given is read before the work begins; what ends the thing itself may well outlive it.
    """
    wanted = module.reference(thing)
    if wanted is None:
        return False
    name = module.name(made.func)
    if name in _PASS_ON or makes_task(module, made):
        return any(isinstance(one, ast.Call) and _uses(module, one, thing) for one in made.args)
    verb = verb_of(made)
    position = _RUN.get(name or "", _RUN_METHODS.get(verb))
    if position is not None and len(made.args) > position:
        run = made.args[position]
        return _is_method(module, run, wanted) or _is_given(module, made.args[position:], wanted)
    if not _WAITING.isdisjoint(words(verb)):
        return False
    if _is_method(module, made.func, wanted):
        return not ends(verb, Facts())
    if _is_given(module, (*made.args, *made.keywords), wanted):
        return not ends_argument(verb, Facts()) and not ends(verb, Facts())
    return _is_captured(module, made, thing)


def _is_method(module: Module, function: ast.expr, wanted: str) -> bool:
    while isinstance(function, ast.Attribute):
        function = function.value
        if module.reference(function) == wanted:
            return True
    return False


def _is_given(module: Module, arguments: Iterable[ast.AST], wanted: str) -> bool:
    for argument in arguments:
        if isinstance(argument, _DISPLAYS):
            if _is_given(module, children(argument), wanted):
                return True
        elif isinstance(argument, (ast.Name, ast.Attribute)) and module.reference(argument) == wanted:
            return True
    return False


def _is_captured(module: Module, made: ast.Call, thing: ast.expr) -> bool:
    """Tell whether the work is that of a nested function that uses a local of the one around it."""
    function = module.definition(made.func)
    if not isinstance(thing, ast.Name) or not isinstance(function, ast.AsyncFunctionDef):
        return False
    if module.function(function) is not module.function(thing):
        return False
    if any(node.arg == thing.id for node in of_types(function, (ast.arg,))):
        return False
    uses = named(function, thing.id)
    return bool(uses) and all(isinstance(node.ctx, ast.Load) for node in uses)


# --- what comes first -----------------------------------------------------------------------------------------------


def _ends_first(module: Module, function: ast.AsyncFunctionDef, wait: ast.Await, item: ast.withitem, name: str) -> bool:
    """Tell whether a cancelled wait comes to the end of a ``with`` item, with nothing before it that may wait again."""
    flow = module.flow(function)
    if flow is None:
        return False
    starts = [after for _, after in flow.cancelled(flow.suspensions(lambda point: point.node is wait))]

    def waits_or_cancels(state: State) -> bool:
        point = state.point
        return point.kind == SUSPEND or (bool(name) and _names(point.node, name))

    def is_left(state: State) -> bool:
        return state.point.kind in (EXIT, ASYNC_EXIT) and state.point.node is item

    return flow.walk(starts, is_left, avoid=waits_or_cancels) is not None


def _names(node: ast.AST, name: str) -> bool:
    """Tell whether an expression, or what a statement evaluates itself, names something."""
    parts = [node] if isinstance(node, ast.expr) else header(node)
    return any(name in names_of(part) for part in parts)
