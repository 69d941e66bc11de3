"""Releases that may be meant for success alone: what fails stays where it was put, for another try or to be told of."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.releases import Skip
from flake8_cancel.code.cleanup.taking import ENTRY, METHOD, Act, Key, key, own_statements, statements_of
from flake8_cancel.code.meaning.values import PRIMITIVES, Kind
from flake8_cancel.code.tree import walk
from flake8_cancel.code.verbs import TAKES_OUT, words

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# These serve those who wait for each other: once the function has ended, nobody has a use for them.
_SIGNALS = PRIMITIVES | {Kind.FUTURE}
# The first words of pairs of methods that put something somewhere, and take it away.
_PUTS = frozenset({"add", "create"})
# The last words of the names of what is only told of something as long as it is there: add_listener.
_TOLD = frozenset("callback filter handler hook listener observer reader subscriber watch watcher writer".split())
_WRITES = TAKES_OUT | {"add", "append", "appendleft", "clear", "popitem", "popleft", "setdefault"}
_JUMPS = (ast.Break, ast.Continue, ast.Raise, ast.Return)


def may_be_for_success(module: Module, function: ast.AsyncFunctionDef, skip: Skip) -> bool:
    """Tell whether what takes an entry out may be meant for success alone, so that a ``finally`` would lose the entry.

    It is not where it is done after a failure too, where the entry is of use only as long as the function runs, or
    where it is a mark that only keeps others out.

    Args:
        module: the module.
        function: the function that puts the entry in.
        skip: what puts it in, and takes it out.
    """
    taking = skip.taking
    if taking.form != ENTRY and not (taking.form == METHOD and _puts(taking.verb)):
        return False
    if any(_is_done_after_failure(module, function, taking.node, release) for release in skip.releases):
        return False
    return not (any(_serves_the_call(module, value) for value in _values(taking)) or _is_mark(module, function, taking))


def _puts(verb: str) -> bool:
    found = words(verb)
    return found[:1] != () and found[0] in _PUTS and found[-1].lower() not in _TOLD


def _is_done_after_failure(module: Module, function: ast.AsyncFunctionDef, taking: ast.stmt, release: ast.stmt) -> bool:
    """Tell whether a release stands in a ``finally`` or a handler, or behind a handler between that goes on."""
    inside: ast.AST = release
    for around in module.ancestors(release):
        if isinstance(around, ast.ExceptHandler) or (isinstance(around, ast.Try) and inside in around.finalbody):
            return True
        inside = around
    return any(
        taking.lineno < node.lineno and (node.end_lineno or 0) < release.lineno
        for node in statements_of(function)
        if isinstance(node, ast.Try) and not all(isinstance(handler.body[-1], _JUMPS) for handler in node.handlers)
    )


def _values(taking: Act) -> Iterator[ast.expr]:
    """Yield what is put in: the value of the entry, or what the call is given; of a tuple its parts too."""
    match taking.node:
        case ast.Assign(value=ast.expr() as value) | ast.AnnAssign(value=ast.expr() as value):
            written = [value]
        case _:
            written = taking.call.args if taking.call else []
    for value in written:
        yield value
        yield from value.elts if isinstance(value, ast.Tuple) else ()


def _serves_the_call(module: Module, value: ast.expr) -> bool:
    made = module.value(value)
    return module.kind(value) in _SIGNALS or (
        isinstance(made, ast.Call) and module.name(made.func) == "asyncio.current_task"
    )


def _is_mark(module: Module, function: ast.AsyncFunctionDef, taking: Act) -> bool:
    """Tell whether a function leaves at once for an entry that is there, and nobody of this file reads the entries."""
    branches = [node for node in statements_of(function) if isinstance(node, ast.If)]
    asks = any(_leaves_for(branch, taking) or _works_without(branch, taking) for branch in branches)
    return asks and not any(_is_read(module, node, taking.thing) for node in walk(module.tree))


def _leaves_for(branch: ast.If, taking: Act) -> bool:
    is_before = (branch.end_lineno or 0) < taking.node.lineno
    return is_before and isinstance(branch.body[-1], _JUMPS) and _asks(branch.test, ast.In, taking)


def _works_without(branch: ast.If, taking: Act) -> bool:
    return taking.node in own_statements(branch.body) and _asks(branch.test, ast.NotIn, taking)


def _asks(test: ast.expr, how: type[ast.cmpop], taking: Act) -> bool:
    match test:
        case ast.Compare(left=asked, ops=[operator], comparators=[collection]):
            return isinstance(operator, how) and (key(asked),) == taking.given[:1] and key(collection) == taking.thing
    return False


def _is_read(module: Module, node: ast.AST, collection: Key | None) -> bool:
    """Tell whether a node reads the entries of a collection: neither asks for one, nor puts it in or takes it out."""
    if not isinstance(node, (ast.Attribute, ast.Name)) or not isinstance(node.ctx, ast.Load) or key(node) != collection:
        return False
    match module.parent(node):
        case ast.Compare(ops=[ast.In() | ast.NotIn()]):
            return False
        case ast.Subscript(ctx=ast.Store() | ast.Del(), value=value) if value is node:
            return False
        case ast.Attribute(attr=verb):
            return verb not in _WRITES
        case ast.Call(func=ast.Name(id="len" | "bool")):
            return False
    return True
