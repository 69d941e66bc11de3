"""Writes the bodies of several patterns into one function: behind each other, inside of each other, on one line."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from tests.fix.proving.patterns import FIXABLE, Pattern, patterns
from tests.harness import fixture

NAME = "program"


class Layer(NamedTuple):
    """One more pattern.

    Attributes:
        pattern: the pattern.
        place: before which statement of what is there already its body is written, counted through all blocks.
        joined: whether its last statement stands on one line with that statement, as far as that can be.
    """

    pattern: Pattern
    place: int
    joined: bool


@cache
def stackable() -> tuple[Pattern, ...]:
    """Return the patterns whose bodies can stand in one function with others."""
    return tuple(pattern for entry in FIXABLE for pattern in patterns(entry) if _stands_with_others(pattern))


def stacked(layers: Sequence[Layer]) -> str:
    """Return a module with one function that has the bodies of several patterns, and all that they need around it."""
    body: list[str] = []
    parameters: dict[str, str] = {}
    top: dict[str, str] = {}
    for layer in layers:
        text = layer.pattern.text
        function = _function(layer.pattern)
        for parameter in function.args.args:
            parameters.setdefault(parameter.arg, ast.unparse(parameter))
        for node in ast.parse(text).body:
            if node.lineno != function.lineno:
                top.setdefault(_key(node), ast.unparse(node))
        lines = text.splitlines()[function.body[0].lineno - 1 : function.end_lineno]
        body = _put(body, textwrap.dedent("\n".join(lines)).splitlines(), layer)
    head = f"async def {NAME}({', '.join(parameters.values())}):"
    # Imports go first, for some of them are used by what other modules have at their top.
    needed = sorted(top.values(), key=lambda written: not written.startswith(("from ", "import ")))
    return "\n".join([*needed, "", "", head, textwrap.indent("\n".join(body), "    "), ""])


def _stands_with_others(pattern: Pattern) -> bool:
    if "." in pattern.case.name:
        return False
    function = _function(pattern)
    lines = pattern.text.splitlines()
    return (
        isinstance(function, ast.AsyncFunctionDef)
        and not any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(function))
        and not (function.decorator_list or function.args.kwonlyargs or function.args.vararg or function.args.defaults)
        and lines[function.body[0].lineno - 1].startswith("    ")
    )


def _function(pattern: Pattern) -> ast.FunctionDef | ast.AsyncFunctionDef:
    found = fixture.functions(ast.parse(pattern.text))
    return next(function for name, function in found if name == pattern.case.name)


def _key(node: ast.stmt) -> str:
    """Return what a statement binds; two that bind the same cannot both be there."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return ast.unparse(node)


def _put(body: Sequence[str], more: Sequence[str], layer: Layer) -> list[str]:
    """Return lines with others before one of their statements."""
    if not body:
        return list(more)
    starts = list(_starts("\n".join(body)))
    line, indent = starts[layer.place % len(starts)]
    inside = textwrap.indent("\n".join(more), " " * indent).splitlines()
    before, first, after = list(body[:line]), body[line], list(body[line + 1 :])
    *others, last = inside
    # A line with a comment behind it has no room for a statement more.
    last_one = last.split("  #")[0]
    if layer.joined and _is_plain(last_one, indent) and _is_plain(first, indent):
        return [*before, *others, f"{last_one}; {first.strip()}", *after]
    return [*before, *inside, first, *after]


def _starts(text: str) -> Iterator[tuple[int, int]]:
    """Yield the line and the column of each statement that stands first on its line."""
    tree = ast.parse("async def f():\n" + textwrap.indent(text, "    "))
    lines = text.splitlines()
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and node.lineno > 1:
            line, column = node.lineno - 2, node.col_offset - 4
            if not lines[line][:column].strip() and not lines[line].lstrip().startswith(("elif", "@")):
                yield line, column


def _is_plain(line: str, indent: int) -> bool:
    """Tell whether a line is a statement that may share it, at an indentation."""
    try:
        (around,) = ast.parse(f"async def f():\n    {line.strip()}").body
    except SyntaxError:
        return False
    assert isinstance(around, ast.AsyncFunctionDef)
    return len(line) - len(line.lstrip()) == indent and not hasattr(around.body[0], "body")
