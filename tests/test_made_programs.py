"""Programs that nobody would write: parts of the fixtures, cut up and put together anew, are checked and mended."""

from __future__ import annotations

import ast
import copy
import functools
import warnings
from collections.abc import Iterator
from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from flake8_cancel import registry
from flake8_cancel.check import check_text, check_tree
from flake8_cancel.code.api import Facts
from flake8_cancel.finding import Finding
from flake8_cancel.fix.engine import repair
from flake8_cancel.source import decode, split_lines
from tests.harness import fixture

RULES = registry.chosen(strict=True)
# Into these a statement is put; the dots stand for it.
AROUND = (
    "if job: ...",
    "while True: ...",
    "for job in jobs: ...",
    "async for job in jobs: ...",
    "with open(job) as file: ...",
    "async with asyncio.timeout(job): ...",
    "async with asyncio.TaskGroup() as group: ...",
    "try: ...\nfinally: await job()",
    "try: ...\nexcept asyncio.CancelledError: pass",
    "try: ...\nexcept Exception: raise",
    "try: await job()\nfinally: ...",
    "try: await job()\nexcept BaseException: ...",
    "async def inner(job): ...",
    "class Inner: ...",
    "match job:\n    case 1: ...",
)
_WAYS = ("drop", "double", "put into", "bring in", "exchange")


@functools.cache
def _functions() -> tuple[ast.stmt, ...]:
    """Return the functions and classes of all fixtures."""
    kinds = (ast.AsyncFunctionDef, ast.ClassDef, ast.FunctionDef)
    paths = (path for path in sorted(fixture.ROOT.glob("*/*/*.py")) if path.stem != "proof")
    return tuple(node for path in paths for node in _statements(path) if isinstance(node, kinds))


def _statements(path: Path) -> list[ast.stmt]:
    try:
        return ast.parse(path.read_bytes()).body
    except SyntaxError:
        # It is for a newer Python than this.
        return []


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Return the text of a module whose functions were changed in several places."""
    chosen = st.integers(0, len(_functions()) - 1).map(_functions().__getitem__)
    tree = ast.parse("import asyncio\nimport contextlib\n")
    tree.body.extend(map(copy.deepcopy, draw(st.lists(chosen, min_size=1, max_size=3))))
    for _ in range(draw(st.integers(1, 8))):
        _change(draw, tree, draw(st.sampled_from(_WAYS)), copy.deepcopy(draw(chosen)))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text = ast.unparse(ast.fix_missing_locations(tree))
            compile(text, "made", "exec")
    except (SyntaxError, ValueError):
        assume(False)
    return text


def _change(draw: st.DrawFn, tree: ast.Module, way: str, other: ast.stmt) -> None:
    if way == "exchange":
        _exchange(draw, tree, other)
        return
    block = draw(st.sampled_from(list(_blocks(tree))))
    place = draw(st.integers(0, len(block) - 1))
    if way == "drop" and len(block) > 1:
        del block[place]
    elif way == "double":
        block.insert(draw(st.integers(0, len(block))), copy.deepcopy(block[place]))
    elif way == "put into":
        around = ast.parse(draw(st.sampled_from(AROUND))).body[0]
        inside = next(inner for inner in _blocks(around) if ast.unparse(inner[0]) == "...")
        inside[:] = [block[place]]
        block[place] = around
    elif way == "bring in":
        block.insert(place, draw(st.sampled_from(draw(st.sampled_from(list(_blocks(other)))))))


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """Yield every block of statements in a node."""
    for inner in ast.walk(node):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(inner, field, None)
            if isinstance(block, list) and block:
                yield block


def _exchange(draw: st.DrawFn, tree: ast.Module, other: ast.stmt) -> None:
    """Put an expression of another function in the place of one."""
    places = [
        (node, field)
        for node in ast.walk(tree)
        for field in ("value", "test", "iter", "func", "context_expr", "type", "exc")
        if isinstance(getattr(node, field, None), ast.expr)
    ]
    found = [node for node in ast.walk(other) if isinstance(node, ast.expr) and isinstance(_context(node), ast.Load)]
    if places and found:
        node, field = draw(st.sampled_from(places))
        setattr(node, field, draw(st.sampled_from(found)))


def _context(node: ast.expr) -> ast.expr_context:
    return getattr(node, "ctx", ast.Load())


@settings(suppress_health_check=list(HealthCheck))
@given(programs())
def test_nothing_fails_and_all_ways_to_ask_find_the_same(text: str) -> None:
    found = check_text(text, Facts(), RULES)
    assert check_tree(ast.parse(text), split_lines(text), Facts(), RULES) == found
    assert check_text(text, Facts(), fixture.without_filter(RULES)) == found


@settings(suppress_health_check=list(HealthCheck), max_examples=max(1, settings().max_examples // 4))
@given(programs())
def test_what_is_found_can_be_mended_and_is_done_with(text: str) -> None:
    def check(version: str) -> list[Finding]:
        return check_text(version, Facts(), RULES)

    mended = repair(text.encode(), check, fixture.every, RULES)
    compile(decode(mended.data), "mended", "exec")
    assert repair(mended.data, check, fixture.every, RULES).data == mended.data
