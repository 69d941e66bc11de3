"""Writes statements before, between and around those of a function."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from tests.harness import fixture

# The module that the new statements call: a fake, which writes every call down.
AROUND = "around"
# ``{}`` stands for a number that no other statement has; the first line holds the statements that are put inside.
_BEFORE = ("around.step({})", "if not around.test({}): around.never({})")
_BEFORE_ASYNC = ("await around.pause({})", "async for _ in around.items({}): around.step({})")
_AROUND = (
    "if around.test({}):",
    "for _ in around.turns({}):",
    "while around.test({}):|break",
    "with around.manager({}):",
    "try:|finally:|    around.step({})",
    "try:|except LookupError:|    around.step({})|    raise",
    "try:|except LookupError:|    around.step({})",
)
_SWALLOWING = _AROUND[-1]
_AROUND_ASYNC = (
    "async with around.manager({}):",
    "async for _ in around.items({}):",
    "try:|finally:|    await around.pause({})",
)
_INNER = ("async def inner():|await inner()", "class Inner:|    async def inner(self):|await Inner().inner()")

_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Change(NamedTuple):
    """Something to write: before the statement at a place if it is one line, else around some of them.

    Attributes:
        written: what.
        place: of the statement, among all of the function.
        more: how many of those behind it, in its block, go inside too.
    """

    written: str
    place: int
    more: int


def changes(once: bool = False, most: int = 3) -> st.SearchStrategy[list[Change]]:
    """Return what makes surroundings.

    Args:
        once: whether what is in them can be done only once.
        most: how many changes, at most.
    """
    kinds = (*_BEFORE, *_BEFORE_ASYNC, *_AROUND, *_AROUND_ASYNC, *_INNER)
    kinds = tuple(kind for kind in kinds if not (once and _turns(kind)))
    change = st.builds(Change, st.sampled_from(kinds), st.integers(0, 9), st.integers(0, 3))
    return st.lists(change, max_size=most)


def surrounded(text: str, name: str, wanted: Sequence[Change]) -> str:
    """Return a module with statements written into one of its functions, where they may stand.

    Args:
        text: the module.
        name: of the function, as a ``Case`` has it.
        wanted: what is to be written.
    """
    for number, change in enumerate(wanted, 1):
        changed = _changed(text, name, change, f"{number}")
        text = changed if _compiles(changed) else text
    return _with_import(text)


def _turns(kind: str) -> bool:
    """Tell whether something is a loop that turns more than once around what is put inside."""
    return "for" in kind and kind not in _BEFORE_ASYNC


class _Block(NamedTuple):
    statements: list[ast.stmt]
    function: _Function


def _changed(text: str, name: str, change: Change, number: str) -> str:
    function = _find(text, name)
    places = [(block, index) for block in _blocks(function, function) for index in range(len(block.statements))]
    block, index = places[change.place % len(places)]
    written = change.written.format(*[number] * change.written.count("{}"))
    waits = "await " in written or "async " in written
    if waits and not isinstance(block.function, ast.AsyncFunctionDef):
        return text
    lines = text.splitlines(keepends=True)
    if change.written in _INNER:
        return _in_a_function(lines, function, written)
    inside = block.statements[index : index + change.more + 1]
    if _turns(change.written):
        # What is done a second time must be undone before: all of it is done again, or nothing.
        inside = next(_blocks(function, function)).statements
    first, last = inside[0], inside[-1]
    begin, end, indent = _first_line(first) - 1, last.end_lineno or 0, " " * first.col_offset
    if not _stands_alone(lines, begin, end, first, last):
        return text
    head, *tail = written.split("|")
    if change.written in (*_BEFORE, *_BEFORE_ASYNC):
        return "".join([*lines[:begin], f"{indent}{head}\n", *lines[begin:]])
    if _means_something_else(inside, change.written, function):
        return text
    return "".join([*lines[:begin], *_nested(lines[begin:end], indent, head, tail), *lines[end:]])


def _means_something_else(inside: Sequence[ast.stmt], written: str, function: _Function) -> bool:
    """Tell whether statements would leave another loop than they do, or not bind what is read behind them."""
    if written.startswith(("for", "async for", "while")):
        return any(_leaves_a_loop(node) for node in inside)
    if written != _SWALLOWING:
        return False
    names = [part for part in ast.walk(function) if isinstance(part, ast.Name)]
    first, last = inside[0].lineno, inside[-1].end_lineno or 0
    bound = {name.id for name in names if first <= name.lineno <= last and isinstance(name.ctx, ast.Store)}
    return any(name.lineno > last and name.id in bound and isinstance(name.ctx, ast.Load) for name in names)


def _leaves_a_loop(node: ast.AST) -> bool:
    if isinstance(node, (ast.For, ast.AsyncFor, ast.While, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return False
    return isinstance(node, (ast.Break, ast.Continue)) or any(map(_leaves_a_loop, ast.iter_child_nodes(node)))


def _in_a_function(lines: list[str], function: _Function, written: str) -> str:
    """Return the lines with the whole body of a function in another one, which it calls."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    names = (part for part in ast.walk(function) if isinstance(part, ast.Name))
    assigned = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    parameters = {part.arg for part in ast.walk(function.args) if isinstance(part, ast.arg)}
    yields = any(isinstance(part, (ast.Yield, ast.YieldFrom)) for part in ast.walk(function))
    if yields or not body or assigned & parameters or not isinstance(function, ast.AsyncFunctionDef):
        return "".join(lines)
    begin, end, indent = _first_line(body[0]) - 1, body[-1].end_lineno or 0, " " * body[0].col_offset
    if not _stands_alone(lines, begin, end, body[0], body[-1]):
        return "".join(lines)
    *heads, call = written.split("|")
    nested = lines[begin:end]
    for head in reversed(heads[1:]):
        nested = _nested(nested, indent, head.strip(), ())
    return "".join([*lines[:begin], *_nested(nested, indent, heads[0], [f"return {call}"]), *lines[end:]])


def _nested(lines: Sequence[str], indent: str, head: str, tail: Sequence[str]) -> Iterator[str]:
    deeper = "    " if head.startswith("while") else ""
    yield f"{indent}{head}\n"
    for line in lines:
        yield f"    {line}" if line.strip() else line
    for line in tail:
        yield f"{indent}{deeper}{line}\n"


def _stands_alone(lines: Sequence[str], begin: int, end: int, first: ast.stmt, last: ast.stmt) -> bool:
    """Tell whether statements share no line with others."""
    rest = lines[end - 1].encode()[last.end_col_offset or 0 :].decode().strip()
    return not lines[begin][: first.col_offset].strip() and (not rest or rest.startswith("#"))


def _blocks(function: _Function, node: ast.AST) -> Iterator[_Block]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list) and block:
            if node is function and ast.get_docstring(function) is not None:
                block = block[1:]
            if block:
                yield _Block(block, function)
            for statement in block:
                if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    yield from _blocks(statement, statement)
                elif not isinstance(statement, ast.ClassDef):
                    yield from _blocks(function, statement)
    for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        yield from _blocks(function, part)


def _find(text: str, name: str) -> _Function:
    return next(function for written, function in fixture.functions(ast.parse(text)) if written == name)


def _first_line(statement: ast.stmt) -> int:
    return min([statement.lineno, *(part.lineno for part in getattr(statement, "decorator_list", ()))])


def _compiles(text: str) -> bool:
    try:
        compile(text, "surrounded", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


def _with_import(text: str) -> str:
    lines = text.splitlines(keepends=True)
    imports = [
        node
        for node in ast.parse(text).body
        if isinstance(node, (ast.Import, ast.ImportFrom)) and getattr(node, "module", None) != "__future__"
    ]
    place = imports[0].lineno - 1 if imports else 0
    return "".join([*lines[:place], f"import {AROUND}\n", *lines[place:]])
