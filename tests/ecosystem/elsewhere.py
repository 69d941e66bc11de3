"""Compares a file before and after fixing: what must not have changed."""

from __future__ import annotations

import ast
import difflib
import io
import re
import tokenize
import warnings
from collections import Counter
from collections.abc import Collection, Iterator
from typing import NamedTuple

from flake8_cancel.source import decode, split_lines

_LINE_END = re.compile(rb"\r\n|\r|\n")
_AT_THE_TOP = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)


class _Owner(NamedTuple):
    """The function or class that a line stands in, by its name and those around it.

    Attributes:
        is_top: whether the line belongs to an import or to an assignment outside of any.
    """

    names: tuple[str, ...]
    is_top: bool = False


def faults(before: bytes, after: bytes, places: Collection[int]) -> list[str]:
    """Return what is wrong with a mended file.

    Nothing is, when it compiles if it did before, has the line ends and the comments that it had, and differs only in
    the functions that hold the places, in imports, and in assignments outside of any function.

    Args:
        before: the file as it was.
        after: the file as it is.
        places: the lines, of the file as it was, that the mended findings and their paths stand on.
    """
    reason = _uncompiled(after)
    if reason:
        return [] if _uncompiled(before) else [f"it does not compile: {reason}"]
    wrong = []
    if not set(_LINE_END.findall(after)) <= set(_LINE_END.findall(before)):
        wrong.append("its line ends changed")
    if lost := _comments(before) - _comments(after):
        wrong.append(f"comments are lost: {', '.join(sorted(lost))}")
    return wrong + [f"line {line} changed" for line in _changed(decode(before), decode(after), places)]


def _uncompiled(data: bytes) -> str:
    """Return what Python says against a file, or nothing."""
    with warnings.catch_warnings():
        # What it warns of was there before.
        warnings.simplefilter("ignore")
        try:
            compile(data, "", "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            return str(error)
    return ""


def _comments(data: bytes) -> Counter[str]:
    tokens = tokenize.tokenize(io.BytesIO(data).readline)
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)


def _changed(before: str, after: str, places: Collection[int]) -> Iterator[int]:
    """Yield the lines, of the text as it was, where something changed that none of the places explains."""
    old, new = split_lines(before), split_lines(after)
    old_owners, new_owners = _owners(before, len(old)), _owners(after, len(new))
    explained = {old_owners[place].names for place in places}
    for _, first, last, new_first, new_last in _hunks(old, new):
        touched = [old_owners[number + 1] for number in range(first, last) if old[number].strip()]
        touched += [new_owners[number + 1] for number in range(new_first, new_last) if new[number].strip()]
        if not all(owner.is_top or _is_explained(owner, explained) for owner in touched):
            yield first + 1


def _hunks(old: list[str], new: list[str]) -> list[tuple[str, int, int, int, int]]:
    opcodes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [opcode for opcode in opcodes if opcode[0] != "equal"]


def _is_explained(owner: _Owner, explained: Collection[tuple[str, ...]]) -> bool:
    # A function inside of a mended one may have been indented with the statements around it.
    return any(owner.names[: len(names)] == names for names in explained if names)


def _owners(text: str, count: int) -> dict[int, _Owner]:
    """Return what every line of a text belongs to, the innermost function or class."""
    owners = dict.fromkeys(range(1, count + 2), _Owner(()))
    waiting: list[tuple[ast.AST, tuple[str, ...]]] = [(ast.parse(text), ())]
    while waiting:
        node, names = waiting.pop()
        for child in ast.iter_child_nodes(node):
            inner = names
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inner = (*names, child.name)
                first = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
                owners.update(dict.fromkeys(range(first, (child.end_lineno or 0) + 1), _Owner(inner)))
            elif not names and isinstance(child, _AT_THE_TOP):
                owners.update(dict.fromkeys(range(child.lineno, (child.end_lineno or 0) + 1), _Owner((), is_top=True)))
            waiting.append((child, inner))
    return owners
