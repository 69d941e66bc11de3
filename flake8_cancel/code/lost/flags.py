"""Flags: what a function sets where it cancels something, so that a test of it tells whose cancellation it is."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.api import PREDICATES
from flake8_cancel.code.tree import children, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# Words that an object says of its end.
_STOPS = frozenset(
    "aborted canceled cancelled closed closing disconnected finished stop stopped stopping terminated".split()
)
_PROPERTY = "builtins.property"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def flags_beside_cancels(module: Module, function: ast.AST, catcher: ast.AST, own: bool = True) -> set[str]:
    """Return the names, attributes and events that are set by who cancels, as ``Module.reference`` writes them.

    Another function, of the same class or inside this one, sets them and cancels something; or this one, or the one
    around it, does so side by side, in one block outside of the handler. What a property returns of one is another.

    Args:
        module: the module.
        function: the function of the handler.
        catcher: the handler or ``with`` item: what it sets itself says nothing.
        own: whether what this function sets counts.
    """
    inside = {node for node in walk(function) if isinstance(node, _FUNCTIONS)} - {function}
    owner = module.class_around(function)
    others = {node for node in walk(owner) if isinstance(node, _FUNCTIONS)} if owner else set()
    found: set[str] = set()
    for other in inside | others - {function}:
        if _cancels(module, other):
            flags = (flag for part in own_parts(other) for flag in _set_by(module, part))
            found.update(flag for flag in flags if other in inside or flag.startswith("self."))
    caught = set(walk(catcher))
    outer = module.function(function)
    sides = [one for one in (function if own else None, outer) if one]
    for block in (block for one in sides for block in _blocks_that_cancel(module, one)):
        if block[0] not in caught:
            found.update(flag for statement in block for flag in _set_by(module, statement))
    return found.union(*(_shown_by(module, other, found) for other in others))


def is_option(module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef, reference: str) -> bool:
    """Tell whether the caller of a function, or who made its object, chose by a flag what is to be done if cancelled.

    It is a parameter that is never bound again, or an attribute that only ``__init__`` sets to one, and it says so.

    Args:
        module: the module.
        function: the function that asks for it.
        reference: the name or attribute, as ``Module.reference`` writes it.
    """
    name = reference.removeprefix("self.")
    if "cancel" not in name:
        return False
    if name == reference:
        return name in _parameters(function) and not any(_is_set(node, name) for node in walk(function))
    owner = module.class_around(function)
    settings = [node for node in walk(owner) if _is_set(node, name)] if owner else []
    return bool(settings) and all(_is_given(module, node) for node in settings)


def says_stop(module: Module, attribute: ast.Attribute) -> bool:
    """Tell whether an attribute of another object says that it is at its end: who set it may have cancelled us."""
    if attribute.attr in PREDICATES or _STOPS.isdisjoint(attribute.attr.split("_")):
        return False
    reference = module.reference(attribute.value)
    return reference is not None and reference != "self"


def _is_set(node: ast.AST, name: str) -> bool:
    own = getattr(node, "attr", None) if isinstance(node, ast.Attribute) else getattr(node, "id", None)
    return own == name and isinstance(getattr(node, "ctx", None), ast.Store)


def _is_given(module: Module, target: ast.AST) -> bool:
    """Tell whether ``__init__`` sets something to one of its parameters."""
    function, around = module.function(target), module.parent(target)
    is_first = isinstance(function, ast.FunctionDef) and function.name == "__init__"
    if not is_first or not isinstance(around, (ast.Assign, ast.AnnAssign)) or not isinstance(around.value, ast.Name):
        return False
    return around.value.id in _parameters(function)  # type: ignore[arg-type]


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    given = function.args
    return {argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)}


@functools.lru_cache(maxsize=256)
def own_parts(function: ast.AST) -> tuple[ast.AST, ...]:
    """Return the nodes of a function, not those of the functions inside it."""
    found: list[ast.AST] = []
    waiting = list(children(function))
    while waiting:
        node = waiting.pop()
        found.append(node)
        if not isinstance(node, _FUNCTIONS):
            waiting.extend(children(node))
    return tuple(found)


def _shown_by(module: Module, function: ast.AST, flags: set[str]) -> set[str]:
    """Return what a property is read as that does no more than to return a flag, or something made of it."""
    match function:
        case ast.FunctionDef(body=[*_, ast.Return(value=ast.expr() as value)], decorator_list=[decorator]):
            is_shown = not flags.isdisjoint(filter(None, map(module.reference, walk(value))))
            return {f"self.{function.name}"} if is_shown and module.name(decorator) == _PROPERTY else set()
    return set()


def _cancels(module: Module, function: ast.AST) -> bool:
    """Tell whether a function cancels something, by itself or by a helper of this file."""
    if module.cancels(function):
        return True
    calls = [node for node in own_parts(function) if isinstance(node, ast.Call)]
    helpers = filter(None, (module.definition(call.func) for call in calls))
    return any(module.cancels(helper) for helper in helpers)


def _blocks_that_cancel(module: Module, function: ast.AST) -> Iterator[list[ast.stmt]]:
    cancels = module.cancels(function)
    for node in (function, *own_parts(function)) if cancels else ():
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list) and any(isinstance(one, ast.Expr) and one.value in cancels for one in block):
                yield block


def _set_by(module: Module, node: ast.AST) -> Iterator[str]:
    """Yield what a node sets."""
    targets: Iterable[ast.expr] = ()
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
        targets = (node.target,)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "set":
        targets = (node.func.value,)
    elif isinstance(node, ast.Expr):
        yield from _set_by(module, node.value)
    yield from filter(None, map(module.reference, targets))
