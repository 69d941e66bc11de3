"""Adds imports to a text, each once, among the imports that are there."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from flake8_cancel.source import split_lines

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_COOKIE_OR_SHEBANG = re.compile(r"#!|[ \t\f]*#.*?coding[:=]")


class Import(NamedTuple):
    """``import module``, or ``from module import name``."""

    module: str
    name: str = ""

    def __str__(self) -> str:
        return f"from {self.module} import {self.name}" if self.name else f"import {self.module}"


class Place(NamedTuple):
    """Before which line (counting from 0) a new line goes, and whether blank lines must set it off."""

    line: int
    blank_before: int = 0
    blank_after: int = 0


def add(text: str, imports: Iterable[Import], newline: str) -> str:
    """Return a text with imports added.

    Args:
        text: the text of a module.
        imports: what to import.
        newline: the line end of the file.
    """
    for wanted in sorted(set(imports)):
        lines = split_lines(text)
        text = put_in(lines, f"{wanted}{newline}", _place(ast.parse(text), lines, wanted), newline)
    return text


def put_in(lines: Sequence[str], new: str, place: Place, newline: str) -> str:
    """Return a text with a line put in.

    Args:
        lines: the lines of the text.
        new: the new line, with its end.
        place: where it goes.
        newline: the line end of the file.
    """
    set_off = newline * place.blank_before + new + newline * place.blank_after
    return "".join((*lines[: place.line], set_off, *lines[place.line :]))


def behind_head(tree: ast.Module, lines: Sequence[str]) -> Place:
    """Return the place behind docstring, imports and the comments of the file, where code begins."""
    return _behind(_head(tree), tree, lines)


def behind_imports(tree: ast.Module, lines: Sequence[str]) -> Place:
    """Return the place behind the last import above the first function or class, under conditions too."""
    last = _head(tree)
    for node in tree.body:
        if isinstance(node, _DEFINITIONS):
            break
        if any(isinstance(part, ast.Import | ast.ImportFrom) for part in ast.walk(node)):
            last = node.end_lineno or 0
    return _behind(last, tree, lines)


def _behind(line: int, tree: ast.Module, lines: Sequence[str]) -> Place:
    following = [node for node in tree.body if _first_line(node) > line]
    if not line:
        line = _leading_comments(lines, _first_line(following[0]) - 1 if following else len(lines))
    blank_before = 1 if line else 0
    is_definition = following and isinstance(following[0], _DEFINITIONS)
    blank = 0
    while line + blank < len(lines) and not lines[line + blank].strip():
        blank += 1
    if line and blank:
        # The blank lines that are there stay behind the new line.
        return Place(line, blank_before=1)
    return Place(line, blank_before, blank_after=2 if is_definition else 1 if following else 0)


def _place(tree: ast.Module, lines: Sequence[str], wanted: Import) -> Place:
    groups = _groups(tree, lines)
    if not groups:
        return behind_head(tree, lines)
    first = groups[0]
    if _is_standard(wanted.module) and not any(_is_standard(_key(node)[1]) for node in first):
        if _commented(first[0], lines):
            return _after(first[-1])
        return Place(first[0].lineno - 1, blank_after=1)
    later = [node for node in first if _key(node) > (bool(wanted.name), wanted.module)]
    if later and not _commented(later[0], lines):
        return Place(later[0].lineno - 1)
    return _after(later[0] if later else first[-1])


def _groups(tree: ast.Module, lines: Sequence[str]) -> list[list[ast.Import | ast.ImportFrom]]:
    """Return the imports of the module, those on adjacent lines together; imports from the future aside."""
    groups: list[list[ast.Import | ast.ImportFrom]] = []
    for node in tree.body:
        if not isinstance(node, ast.Import | ast.ImportFrom) or _key(node)[1] == "__future__":
            continue
        if node.col_offset or (groups and node.lineno == groups[-1][-1].end_lineno):
            continue
        if groups and node.lineno == (groups[-1][-1].end_lineno or 0) + 1:
            groups[-1].append(node)
        else:
            groups.append([node])
    # An import far down in the module, after code, is no place for others.
    head = _head(tree)
    return [group for group in groups if group[0].lineno <= head]


def _head(tree: ast.Module) -> int:
    """Return the last line before the first statement that is neither docstring nor import."""
    last = 0
    for number, node in enumerate(tree.body):
        is_docstring = number == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not is_docstring and not isinstance(node, ast.Import | ast.ImportFrom):
            break
        last = node.end_lineno or 0
    return last


def _key(node: ast.Import | ast.ImportFrom) -> tuple[bool, str]:
    if isinstance(node, ast.Import):
        return False, node.names[0].name
    return True, "." * node.level + (node.module or "")


def _is_standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names


def _commented(node: ast.stmt, lines: Sequence[str]) -> bool:
    """Tell whether a comment stands directly above a statement: it would no longer be above it."""
    return node.lineno > 1 and lines[node.lineno - 2].lstrip().startswith("#")


def _after(node: ast.stmt) -> Place:
    return Place(node.end_lineno or 0)


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _leading_comments(lines: Sequence[str], first: int) -> int:
    """Return how many lines the comments of the file take: all up to a blank line, else shebang and cookie alone."""
    comments = 0
    while comments < first and lines[comments].lstrip().startswith("#"):
        comments += 1
    if comments < first and not lines[comments].strip():
        return comments
    own = 0
    while own < min(comments, 2) and _COOKIE_OR_SHEBANG.match(lines[own]):
        own += 1
    return own
