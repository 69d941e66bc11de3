"""What stays as it is while nothing suspends: tests that come out the same however often a stretch of code runs."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.graph.evaluate import header, own_nodes
from flake8_cancel.code.lost.keeping import is_log
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.tree import children, is_outer, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# Calls that change nothing a test could look at.
_HARMLESS = frozenset({"time.sleep", "asyncio.sleep"})
_CHANGING_BUILTINS = frozenset(
    f"builtins.{name}" for name in ("delattr", "eval", "exec", "input", "next", "open", "setattr", "__import__")
)
# What can be asked of asyncio's own things; nobody but the loop's own code changes the answer.
_FUTURE = frozenset({"cancelled", "done"})
_ANSWERS: dict[Kind | None, frozenset[str]] = {
    Kind.CONDITION: frozenset({"locked"}),
    Kind.EVENT: frozenset({"is_set"}),
    Kind.FUTURE: _FUTURE,
    Kind.LOCK: frozenset({"locked"}),
    Kind.QUEUE: frozenset({"empty", "full", "qsize"}),
    Kind.SEMAPHORE: frozenset({"locked"}),
    Kind.TASK: _FUTURE,
}
_PURE = (ast.Attribute, ast.BoolOp, ast.Compare, ast.Constant, ast.Name, ast.Subscript, ast.UnaryOp)
_MUTABLE = (ast.Attribute, ast.Subscript)
_NAMED = (ast.Attribute, ast.Name, ast.Subscript)
_LOOKS = frozenset({"builtins.bool", "builtins.len"})


class Changes(NamedTuple):
    """What some statements change.

    Attributes:
        names: the references that they bind or delete.
        anything: whether they call what nobody knows, which may change whatever is no local.
    """

    names: frozenset[str]
    anything: bool


def changes(module: Module, statements: Iterable[ast.AST]) -> Changes:
    """Return what statements change by themselves, those in their blocks left out.

    Args:
        module: the module.
        statements: the statements.
    """
    names: set[str] = set()
    anything = False
    for statement in statements:
        if isinstance(statement, (ast.AsyncWith, ast.With, ast.Import, ast.ImportFrom, ast.Delete)):
            anything = True
        for node in own_nodes(*header(statement)):
            if isinstance(node, ast.Call):
                anything = anything or not is_harmless(module, node)
            elif isinstance(node, _NAMED) and isinstance(node.ctx, (ast.Store, ast.Del)):
                # A change to an item or attribute may be one to the same thing by another name.
                anything = anything or isinstance(node, _MUTABLE)
                names.add(ast.unparse(node))
            elif isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
                names.add(node.name)
    return Changes(frozenset(names), anything)


def is_harmless(module: Module, call: ast.Call) -> bool:
    """Tell whether a call surely changes nothing that a test looks at, and raises nothing that ends a loop."""
    name = module.name(call.func) or ""
    if is_log(call) or name in _HARMLESS or _is_answer(module, call):
        return True
    return name.startswith("builtins.") and name not in _CHANGING_BUILTINS


def is_steady(module: Module, test: ast.AST, changed: Changes) -> bool:
    """Tell whether a test comes out the same as long as nothing but some changes happens.

    Args:
        module: the module.
        test: the test.
        changed: what happens in between.
    """
    for node in _parts(module, test):
        if isinstance(node, (ast.operator, ast.cmpop, ast.boolop, ast.unaryop, ast.expr_context)):
            continue
        if isinstance(node, ast.Call):
            if not (_is_answer(module, node) or module.name(node.func) in _LOOKS):
                return False
        elif not isinstance(node, _PURE) or (isinstance(node, _NAMED) and ast.unparse(node) in changed.names):
            return False
    return not changed.anything


def is_open(module: Module, test: ast.AST, outcome: bool) -> bool:
    """Tell whether a test may well come out in some way, as far as its function knows.

    What an attribute, a queue or a container holds is up to others. What a local is, this function alone decides, and
    a test of it may never come out so, unless it is bound to one constant for good.

    Args:
        module: the module.
        test: the test.
        outcome: how it is to come out.
    """
    asked = [node for node in _ends(test) if isinstance(node, ast.Name) and module.name(node) is None]
    if asked == [test]:
        value = module.value(asked[0])
        if isinstance(value, ast.Constant):
            return bool(value.value) is outcome
    return all(_is_given(module, name) for name in asked)


def references(test: ast.AST) -> frozenset[str]:
    """Return the names, attributes and items that a test looks at, the longest of each chain alone."""
    return frozenset(ast.unparse(node) for node in _ends(test))


def _ends(test: ast.AST) -> Iterator[ast.expr]:
    waiting = [test]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _NAMED):
            yield node
        elif isinstance(node, ast.Call):
            # Of a call that only asks, the method and its receiver are one.
            waiting.extend(node.args or [node.func])
        else:
            waiting.extend(children(node))


def _is_given(module: Module, name: ast.Name) -> bool:
    """Tell whether a name is no local, or a parameter that is never bound again, or may be bound from elsewhere."""
    function = module.function(name)
    if function is None or is_outer(function, name.id):
        return True
    bound = [node for node in walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    return all(node.id != name.id for node in bound)


def _parts(module: Module, test: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a test; of a call that only asks, what it asks, and not the method."""
    waiting = [test]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.Call):
            waiting.extend(node.args)
            if isinstance(node.func, ast.Attribute):
                waiting.append(node.func.value)
        else:
            waiting.extend(children(node))


def _is_answer(module: Module, call: ast.Call) -> bool:
    func = call.func
    if not isinstance(func, ast.Attribute) or call.args or call.keywords:
        return False
    return func.attr in _ANSWERS.get(module.kind(func.value), ())
