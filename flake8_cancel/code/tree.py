"""The nodes of a syntax tree, faster than by ``ast``: what cannot hold a node is not looked at."""

from __future__ import annotations

import ast
import collections
from collections.abc import Iterator

# Names, numbers and the contexts of names, which no question is asked about.
_PLAIN = frozenset(
    "arg asname attr conversion ctx id is_async kind level lineno module name rest simple type_comment".split()
)
_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {
    kind: tuple(field for field in kind._fields if field not in _PLAIN)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}
_FIELDS[ast.Constant] = ()
if hasattr(ast, "TypeAlias"):
    _FIELDS[ast.TypeAlias] = ast.TypeAlias._fields


def children(node: ast.AST) -> list[ast.AST]:
    """Return the nodes directly inside a node in the order of its fields, without the contexts of names."""
    found: list[ast.AST] = []
    for field in _FIELDS[type(node)]:
        value = getattr(node, field, None)
        if isinstance(value, list):
            found += [item for item in value if isinstance(item, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all inside it, as ``ast.walk`` does: outer ones first."""
    waiting = collections.deque([node])
    while waiting:
        node = waiting.popleft()
        waiting.extend(children(node))
        yield node


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
        for block in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, block, ())
            waiting.extend(inner if isinstance(inner, list) else ())
    return found
