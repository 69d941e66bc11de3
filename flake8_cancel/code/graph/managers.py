"""What context managers do with what leaves their block: swallow it, turn it into something else, let it through."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.api import (
    CONTEXT_MANAGER_MAKERS,
    MANAGERS_SUSPEND,
    NEUTRAL_MANAGERS,
    SWALLOWING_MANAGERS,
    SWALLOWING_METHODS,
)
from flake8_cancel.code.graph.errors import (
    CANCEL,
    MAYBE,
    NO,
    UNKNOWN,
    YES,
    Error,
    catches,
    group_of,
    leaves_of,
    split,
)
from flake8_cancel.code.graph.points import NORMAL, Completion, raising

if TYPE_CHECKING:
    from flake8_cancel.code.graph.flow import Flow
    from flake8_cancel.code.module import Module

_TIMEOUTS = frozenset({"asyncio.timeout", "asyncio.timeout_at", "async_timeout.timeout"})

Effects = list[tuple[Completion, bool]]


class Own(NamedTuple):
    """A manager that this file defines: its generator, or the methods of its class; None where a base may have them."""

    generator: ast.FunctionDef | ast.AsyncFunctionDef | None = None
    enter: ast.FunctionDef | ast.AsyncFunctionDef | None = None
    leave: ast.FunctionDef | ast.AsyncFunctionDef | None = None


def scope(module: Module, item: ast.withitem) -> str | None:
    """Return "timeout" or "group" for a scope that may cancel its own body, else None."""
    name = module.name(_maker(item))
    if name in _TIMEOUTS:
        return "timeout"
    return "group" if name == "asyncio.TaskGroup" else None


def suspends(module: Module, item: ast.withitem, leaving: bool) -> bool:
    """Tell whether entering, or leaving, an item of an ``async with`` may suspend."""
    known = MANAGERS_SUSPEND.get(module.name(_maker(item)) or "")
    if known:
        return known[leaving]
    own = own_manager(module, item)
    if own is None:
        return True
    if own.generator:
        flow = module.flow(own.generator)
        return flow is None or flow.suspends_around_yield(after=leaving)
    method = own.leave if leaving else own.enter
    flow = module.flow(method) if method else None
    return flow is None or flow.suspends()


def effects(module: Module, item: ast.withitem, number: int, completion: Completion) -> Effects:
    """Return what a block's completion becomes when an item of its ``with`` is left, and whether that is sure.

    Args:
        module: the module around it.
        item: the item.
        number: the number of the frame of the item's exit, by which its own cancellations are known.
        completion: how the block ended.
    """
    name = module.name(_maker(item))
    error = completion.error
    if name in _TIMEOUTS and error:
        own = error.scope == number and not error.members
        return [(raising(timeout_error(module)) if own else completion, True)]
    if name == "asyncio.TaskGroup" and error:
        return [(raising(_group_raises(module, error, number)), True)]
    if name in NEUTRAL_MANAGERS or (name in MANAGERS_SUSPEND and name != "contextlib.AsyncExitStack"):
        return [(completion, True)]
    if error and (name in SWALLOWING_MANAGERS or _asserts(item)):
        return _swallows(module, item, error)
    own_effects = _own_effects(module, item, completion)
    if own_effects is not None:
        return own_effects
    return [(completion, True), (NORMAL, False)] if error else [(completion, not _raises_again(item))]


def expects_error(module: Module, node: ast.AST) -> bool:
    """Tell whether a node stands in a block of a test that expects it to raise."""
    return any(
        module.name(_maker(item)) == "pytest.raises" or _asserts(item)
        for around in module.ancestors(node)
        if isinstance(around, (ast.With, ast.AsyncWith))
        for item in around.items
    )


def timeout_error(module: Module) -> Error:
    """Return what a timeout of asyncio raises: since 3.11 ``asyncio.TimeoutError`` is the builtin."""
    return Error("builtins.TimeoutError" if module.facts.target >= (3, 11) else "asyncio.TimeoutError")


def own_manager(module: Module, item: ast.withitem) -> Own | None:
    """Return the manager of an item when this file certainly defines it."""
    maker = _maker(item)
    definition = module.definition(maker) if isinstance(item.context_expr, ast.Call) else None
    if isinstance(definition, (ast.FunctionDef, ast.AsyncFunctionDef)):
        decorators = [module.name(decorator) for decorator in definition.decorator_list]
        return Own(generator=definition) if len(decorators) == 1 and decorators[0] in CONTEXT_MANAGER_MAKERS else None
    if not isinstance(definition, ast.ClassDef):
        return None
    asynchronous = isinstance(module.parent(item), ast.AsyncWith)
    names = ("__aenter__", "__aexit__") if asynchronous else ("__enter__", "__exit__")
    enter, leave = (_method(module, definition, name) for name in names)
    return Own(enter=enter, leave=leave)


def _method(module: Module, definition: ast.ClassDef, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    for node in definition.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name:
            return node if not node.decorator_list else None
    for base in definition.bases:
        parent = module.definition(base)
        if not isinstance(parent, ast.ClassDef) or parent is definition:
            return None
        method = _method(module, parent, name)
        if method:
            return method
    return None


def _maker(item: ast.withitem) -> ast.expr:
    """Return what makes the manager: the function that is called, or the expression itself."""
    return item.context_expr.func if isinstance(item.context_expr, ast.Call) else item.context_expr


def _asserts(item: ast.withitem) -> bool:
    maker = _maker(item)
    return isinstance(maker, ast.Attribute) and maker.attr in SWALLOWING_METHODS


def _swallows(module: Module, item: ast.withitem, error: Error) -> Effects:
    call = item.context_expr
    arguments = call.args if isinstance(call, ast.Call) else []
    # suppress(A, B) takes all its arguments for classes, the assertions only the first one.
    is_suppress = module.name(_maker(item)) == "contextlib.suppress"
    if not is_suppress:
        arguments = arguments[:1]
    wanted = tuple(
        name
        for argument in arguments
        for name in ((None,) if isinstance(argument, ast.Starred) else module.names(argument))
    )
    answer = catches(error, wanted, module.bases)
    if answer == NO and error.members:
        if is_suppress and module.facts.target >= (3, 12):
            _, rest = split(error, wanted, module.bases)
            return [(raising(rest) if rest else NORMAL, True)]
        answer = MAYBE
    if answer == YES:
        return [(NORMAL, True)]
    return [(raising(error), True)] + ([(NORMAL, False)] if answer == MAYBE else [])


def _group_raises(module: Module, error: Error, number: int) -> Error:
    """A TaskGroup lets the cancellation and the exits through and puts every other error into a group.

    A cancellation that it sent itself, because a child failed, ends in a group of the child's error.
    """
    if error.scope == number and not error.members:
        return group_of((UNKNOWN.name,), module.bases)
    if error.name in (CANCEL.name, "builtins.SystemExit", "builtins.KeyboardInterrupt"):
        return error
    return group_of(leaves_of(error), module.bases)


def _raises_again(item: ast.withitem) -> bool:
    """Tell whether a manager of another file is named after raising again, at its end, what is being handled."""
    maker = _maker(item)
    name = maker.attr if isinstance(maker, ast.Attribute) else getattr(maker, "id", "")
    return "reraise" in name.lower()


def _own_effects(module: Module, item: ast.withitem, completion: Completion) -> Effects | None:
    own = own_manager(module, item)
    if own is None:
        return None
    error = completion.error
    if own.generator:
        flow = module.flow(own.generator)
        return None if flow is None else _generator_effects(flow, completion)
    if own.leave is None:
        return None
    names = [argument.arg for argument in own.leave.args.args[1:4]]
    flow = module.flow(own.leave, dict.fromkeys(names, error is not None))
    if flow is None:
        return None
    results: Effects = []
    for end in flow.ends([flow.start]):
        if end.kind == "raise":
            results.append((end, True))
        elif error and end.value == "true":
            results.append((NORMAL, True))
        else:
            results.append((completion, True))
            if error and end.kind == "return" and end.value == "":
                results.append((NORMAL, False))
    return results


def _generator_effects(flow: Flow, completion: Completion) -> Effects:
    results: Effects = []
    for end in flow.ends(flow.after_yield(completion.error)):
        if end.kind == "raise":
            results.append((end, True))
        else:
            results.append((NORMAL if completion.error else completion, True))
    return results
