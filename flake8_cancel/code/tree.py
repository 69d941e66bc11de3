"""The nodes of a syntax tree, faster than by ``ast``: what cannot hold a node is not looked at."""

from __future__ import annotations

import ast
import collections
import functools
from collections.abc import Iterator, Sequence
from typing import Any

# Names, numbers and the contexts of names, which no question is asked about.
_PLAIN = frozenset(
    "arg asname attr conversion ctx id is_async kind level lineno module name rest simple type_comment".split()
)
# Of each type of node the fields that may hold nodes.
FIELDS: dict[type[ast.AST], tuple[str, ...]] = {
    kind: tuple(field for field in kind._fields if field not in _PLAIN)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}
FIELDS[ast.Constant] = ()
if hasattr(ast, "TypeAlias"):
    FIELDS[ast.TypeAlias] = ast.TypeAlias._fields
# Whose lists may hold None or names beside nodes.
_MIXED = frozenset({ast.Dict, ast.Global, ast.MatchClass, ast.Nonlocal, ast.arguments})
# Python 3.10 has no `except*`.
TRIES = (ast.Try, ast.TryStar) if hasattr(ast, "TryStar") else (ast.Try,)
# Of these many questions are asked, one after the other.
_ASKED_OFTEN = (ast.AsyncFunctionDef, ast.ClassDef, ast.FunctionDef, ast.Module)
_BLOCKS: dict[type[ast.AST], tuple[str, ...]] = {
    kind: found
    for kind, fields in FIELDS.items()
    if issubclass(kind, (ast.stmt, ast.ExceptHandler, ast.match_case, ast.Module))
    and (found := tuple(field for field in fields if field in ("body", "handlers", "orelse", "finalbody", "cases")))
}


def children(node: ast.AST) -> list[ast.AST]:
    """Return the nodes directly inside a node in the order of its fields, without the contexts of names."""
    found: list[ast.AST] = []
    kind = type(node)
    for field in FIELDS[kind]:
        value = getattr(node, field, None)
        if isinstance(value, list):
            found += [item for item in value if isinstance(item, ast.AST)] if kind in _MIXED else value
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all inside it, as ``ast.walk`` does: outer ones first."""
    return iter(_all_inside(node)) if isinstance(node, _ASKED_OFTEN) else _walk(node)


@functools.lru_cache(maxsize=256)
def _all_inside(node: ast.AST) -> tuple[ast.AST, ...]:
    return tuple(_walk(node))


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    waiting = collections.deque([node])
    while waiting:
        node = waiting.popleft()
        waiting.extend(children(node))
        yield node


@functools.lru_cache(maxsize=256)
def of_types(node: ast.AST, types: tuple[type[ast.AST], ...]) -> tuple[Any, ...]:
    """Return the nodes of some types inside a node, as ``walk`` yields them."""
    return tuple(inner for inner in walk(node) if isinstance(inner, types))


def place(node: ast.AST) -> tuple[int, int]:
    """Return where a node begins, a ``withitem`` where its expression does."""
    node = node.context_expr if isinstance(node, ast.withitem) else node
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def named(node: ast.AST, name: str) -> Sequence[ast.Name]:
    """Return where a name stands inside a node, as ``walk`` yields it."""
    if isinstance(node, _ASKED_OFTEN):
        return _by_name(node).get(name, ())
    return [one for one in walk(node) if isinstance(one, ast.Name) and one.id == name] if name in names_of(node) else ()


def binds(node: ast.AST, name: str) -> bool:
    """Tell whether a name gets a value inside a node."""
    return any(isinstance(one.ctx, ast.Store) for one in named(node, name))


def verb_of(call: ast.Call) -> str:
    """Return the name that something is called by, the last one of several; "" where it has none."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def has_parameter(function: ast.AST, name: str) -> bool:
    """Tell whether a function has a parameter of a name."""
    arguments = getattr(function, "args", None)
    return arguments is not None and any(one.arg == name for one in walk(arguments) if isinstance(one, ast.arg))


def is_outer(function: ast.AST, name: str) -> bool:
    """Tell whether a function, or one inside it, says that a name is the module's or that of a function around."""
    return any(name in node.names for node in of_types(function, (ast.Global, ast.Nonlocal)))


@functools.lru_cache(maxsize=8_192)
def names_of(node: ast.AST) -> frozenset[str]:
    """Return the names that stand inside a node: most questions after a name end with that it does not."""
    return frozenset(inner.id for inner in walk(node) if isinstance(inner, ast.Name))


@functools.lru_cache(maxsize=256)
def _by_name(node: ast.AST) -> dict[str, list[ast.Name]]:
    found: dict[str, list[ast.Name]] = {}
    for inner in of_types(node, (ast.Name,)):
        found.setdefault(inner.id, []).append(inner)
    return found


def imported(tree: ast.Module) -> set[str]:
    """Return the packages that a module imports anywhere, by their first names; "" for its own package."""
    found: set[str] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add("" if node.level else (node.module or "").partition(".")[0])
        waiting.extend(blocks(node))
    return found


def blocks(node: ast.AST) -> list[ast.AST]:
    """Return the statements, clauses and cases directly inside a statement, a clause or a case."""
    found: list[ast.AST] = []
    for field in _BLOCKS.get(type(node), ()):
        found += getattr(node, field)
    return found
