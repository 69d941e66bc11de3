"""Looks at what edits made of a text: nothing else may have changed, no mistake may have come instead of another."""

from __future__ import annotations

import ast
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from flake8_cancel.finding import Finding, Span
from flake8_cancel.fix.names import Names, Place
from flake8_cancel.source import byte_column, split_lines


class Text:
    """A text with what the guard asks of it.

    Args:
        text: the source text.

    Raises:
        SyntaxError: Python cannot parse it.
    """

    def __init__(self, text: str) -> None:
        self.lines = split_lines(text)
        self.tree = ast.parse(text)
        self.names = Names(self.tree)

    def place(self, span: Span) -> Place:
        """Return where a span, in columns of characters, begins, in columns of ``ast``."""
        return Place(span.line, byte_column(self.lines[span.line - 1], span.column))

    def tally(self, findings: Iterable[Finding]) -> Counter[tuple[str, str]]:
        """Count findings by code and the function they stand in."""
        return Counter((finding.code, self.function(finding)) for finding in findings)

    def function(self, finding: Finding) -> str:
        """Return the qualified name of the function or class that a finding stands in, "" for none."""
        return self.names.qualname(self.place(finding.span))


class Fault(NamedTuple):
    """What is wrong with a changed text.

    Attributes:
        reason: in words for the user.
        functions: the functions that it is wrong in, as far as that is known.
    """

    reason: str
    functions: frozenset[str] = frozenset()


class _Lines(NamedTuple):
    """Lines from the first up to the last, counting from 1."""

    first: int
    last: int


def elsewhere(text: Text, changed: str, targets: Iterable[Span]) -> str | None:
    """Return what is wrong with a changed text outside of the statements that hold the targets, None if nothing is.

    Args:
        text: the text as it was.
        changed: the text as it is, before imports are added to it.
        targets: the spans of the nodes that were replaced, in columns of characters.
    """
    try:
        tree = ast.parse(changed)
    except SyntaxError as error:
        return f"the result does not parse: {error.msg} (line {error.lineno})"
    fault = _no_code(tree)
    if fault and not _no_code(text.tree):
        return f"the result is no valid code: {fault}"
    edited = sorted({_statement(text.tree, text.place(target)) for target in targets})
    shifts = _shifts(text.lines, split_lines(changed), [_with_comments(lines, text.lines) for lines in edited])
    if shifts is None:
        return "it would change lines outside of its statement"
    statements = {(statement.lineno, statement.col_offset): (path, statement) for path, statement in _statements(tree)}
    for path, statement in _untouched(text.tree, edited):
        place = (statement.lineno + shifts[statement.lineno], statement.col_offset)
        same_path, same = statements.get(place, ("", ast.Pass()))
        if path != same_path or ast.dump(statement) != ast.dump(same):
            return f"it would change the meaning of line {statement.lineno}"
    return None


def findings(
    before: Counter[tuple[str, str]], repaired: Counter[tuple[str, str]], after: Counter[tuple[str, str]]
) -> Fault | None:
    """Return what is wrong with the findings of a changed text, None if nothing is.

    Args:
        before: the tally of the findings before.
        repaired: the tally of those that were to be repaired.
        after: the tally of the findings now.
    """
    wrong = sorted(kind for kind, count in after.items() if count > before[kind] - repaired[kind])
    if not wrong:
        return None
    code, function = kind = wrong[0]
    where = f" in {function}" if function else ""
    is_left = repaired[kind] and after[kind] <= before[kind]
    reason = f"{code} would still be found{where}" if is_left else f"{code} would be found{where} instead"
    return Fault(reason, frozenset(function for _, function in wrong))


def _no_code(tree: ast.Module) -> str | None:
    """Return what the compiler says against a tree: a ``break`` outside of a loop, a ``global`` after the use."""
    with warnings.catch_warnings():
        # What it warns of was there before.
        warnings.simplefilter("ignore")
        try:
            compile(tree, "", "exec", dont_inherit=True)
        except SyntaxError as error:
            return f"{error.msg} (line {error.lineno})"
    return None


def _statement(tree: ast.Module, place: Place) -> _Lines:
    """Return the lines of the innermost statement around a place."""
    innermost, waiting = _Lines(1, 1), [tree.body]
    while waiting:
        for statement in waiting.pop():
            begin = (_first_line(statement), 0 if _first_line(statement) < statement.lineno else statement.col_offset)
            if begin <= place < (statement.end_lineno or 0, statement.end_col_offset or 0):
                innermost = _lines(statement)
                waiting = list(_blocks(statement))
                break
    return innermost


def _with_comments(lines: _Lines, text: Sequence[str]) -> _Lines:
    """Return the lines of a statement with the blank lines and comments around it, which move with it."""
    first, last = lines
    while first > 1 and _is_bare(text[first - 2]):
        first -= 1
    while last < len(text) and _is_bare(text[last]):
        last += 1
    return _Lines(first, last)


def _is_bare(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _shifts(old: Sequence[str], new: Sequence[str], edited: Sequence[_Lines]) -> dict[int, int] | None:
    """Return how far every line outside of the edited ones has moved, None if one of them is not there any more."""
    shifts: dict[int, int] = {}
    begin, at = 0, 0
    for number, lines in enumerate([*edited, _Lines(len(old) + 1, len(old))]):
        kept = old[begin : max(begin, lines.first - 1)]
        is_last = number == len(edited)
        found = _find(kept, new, at, anchored=number == 0, at_end=is_last)
        if found is None:
            return None
        shifts.update({begin + offset + 1: found - begin for offset in range(len(kept))})
        begin, at = max(begin, lines.last), found + len(kept)
    return shifts


def _find(kept: Sequence[str], new: Sequence[str], at: int, anchored: bool, at_end: bool) -> int | None:
    """Return where lines stand in the new text from a place on: there if anchored, or at the end, else the first."""
    candidates: Iterable[int] = (at,) if anchored else range(at, len(new) - len(kept) + 1)
    if at_end:
        candidates = (len(new) - len(kept),)
    return next((start for start in candidates if start >= at and new[start : start + len(kept)] == kept), None)


def _untouched(tree: ast.Module, edited: Sequence[_Lines]) -> Iterator[tuple[str, ast.stmt]]:
    """Yield the outermost statements that share no line with an edited one, with the names of what is around them."""
    waiting: list[tuple[str, list[ast.stmt]]] = [("", tree.body)]
    while waiting:
        path, block = waiting.pop()
        for statement in block:
            lines = _lines(statement)
            if not any(other.first <= lines.last and lines.first <= other.last for other in edited):
                yield path, statement
            elif lines not in edited:
                waiting.extend((_below(path, statement), inner) for inner in _blocks(statement))


def _statements(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    waiting: list[tuple[str, list[ast.stmt]]] = [("", tree.body)]
    while waiting:
        path, block = waiting.pop()
        for statement in block:
            yield path, statement
            waiting.extend((_below(path, statement), inner) for inner in _blocks(statement))


def _below(path: str, statement: ast.stmt) -> str:
    return f"{path}/{type(statement).__name__} {getattr(statement, 'name', '')}"


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for field in ("body", "orelse", "finalbody"):
        yield getattr(statement, field, [])
    for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield part.body


def _lines(statement: ast.stmt) -> _Lines:
    return _Lines(_first_line(statement), statement.end_lineno or 0)


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])
