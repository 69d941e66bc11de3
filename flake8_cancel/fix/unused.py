"""Takes away imports that a fix leaves unused, where nothing but this file can have a use for them."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from flake8_cancel.source import split_lines

_AnyImport = ast.Import | ast.ImportFrom
_FUTURE = "__future__"


def removed(before: ast.Module, text: str) -> str:
    """Return a text without the imports that nothing in it mentions any more.

    Only what the standard library has, at the top of the module, and not under a comment or a name that is imported as
    itself to be imported from here.

    Args:
        before: the module as it was before it was changed.
        text: the text as it is.
    """
    tree = ast.parse(text)
    lines = split_lines(text)
    mentioned, mentions = _mentions(before), _mentions(tree)
    # From the last to the first, so that the numbers of the lines above hold.
    for node in reversed(list(_imports(tree))):
        left = [alias for alias in node.names if not _is_orphan(alias, mentioned, mentions)]
        if len(left) == len(node.names) or not _stands_alone(node, lines):
            continue
        if not left:
            lines = _without_lines(lines, node.lineno - 1, node.end_lineno or 0)
        elif node.lineno == node.end_lineno:
            end = lines[node.lineno - 1][len(lines[node.lineno - 1].rstrip("\r\n")) :]
            lines[node.lineno - 1] = ast.unparse(_with_names(node, left)) + end
        else:
            lines = _without_names(lines, node, left)
    return "".join(lines)


def _imports(tree: ast.Module) -> Iterator[_AnyImport]:
    """Yield the imports at the top of a module that have no effect but to bind names."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module != _FUTURE:
            modules = [node.module or ""]
        else:
            continue
        if all(module.partition(".")[0] in sys.stdlib_module_names for module in modules):
            yield node


def _is_orphan(alias: ast.alias, before: _Mentions, after: _Mentions) -> bool:
    if alias.name in ("*", alias.asname):
        return False
    bound = alias.asname or alias.name.partition(".")[0]
    return before.have(bound) and not after.have(bound)


class _Mentions(NamedTuple):
    """What a module mentions, in quoted annotations and ``__all__`` too.

    Attributes:
        names: those that are used or declared.
        texts: its strings, documentation aside.
    """

    names: frozenset[str]
    texts: str

    def have(self, name: str) -> bool:
        return name in self.names or re.search(rf"\b{re.escape(name)}\b", self.texts) is not None


def _mentions(tree: ast.Module) -> _Mentions:
    names: set[str] = set()
    texts: list[str] = []
    documentation: set[ast.expr] = set()
    # What is walked through comes before what is inside of it.
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=used):
                names.add(used)
            case ast.Global(names=declared) | ast.Nonlocal(names=declared):
                names.update(declared)
            case ast.Expr(value=value):
                documentation.add(value)
            case ast.Constant(value=str() as text) if node not in documentation:
                texts.append(text)
    return _Mentions(frozenset(names), "\n".join(texts))


def _stands_alone(node: _AnyImport, lines: Sequence[str]) -> bool:
    """Tell whether nothing else stands on the lines of an import: no comment and no other statement."""
    own = [line.split("#") for line in lines[node.lineno - 1 : node.end_lineno]]
    rest = lines[(node.end_lineno or 0) - 1].encode()[node.end_col_offset :]
    above = lines[node.lineno - 2] if node.lineno > 1 else ""
    return not rest.strip() and not node.col_offset and all(len(parts) == 1 for parts in own) and "#" not in above


def _without_lines(lines: Sequence[str], first: int, end: int) -> list[str]:
    """Return lines without some of them, and without the blank lines that would be too many then."""
    begin = first
    if end == len(lines) or not lines[end].strip():
        while begin and not lines[begin - 1].strip():
            begin -= 1
        while not begin and end < len(lines) and not lines[end].strip():
            end += 1
    return [*lines[:begin], *lines[end:]]


def _with_names(node: _AnyImport, names: Sequence[ast.alias]) -> _AnyImport:
    if isinstance(node, ast.Import):
        return ast.Import(list(names))
    return ast.ImportFrom(node.module, list(names), node.level)


def _without_names(lines: Sequence[str], node: _AnyImport, left: Collection[ast.alias]) -> list[str]:
    """Return lines without the names of an import over several lines that have a line of their own."""
    gone = {
        alias.lineno - 1
        for alias in node.names
        if alias not in left and lines[alias.lineno - 1].strip().rstrip(",").strip() == ast.unparse(alias)
    }
    return [line for number, line in enumerate(lines) if number not in gone]
