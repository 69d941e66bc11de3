"""Small rules, and what drives the engine with them."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Iterator, Sequence

import libcst as cst

from flake8_cancel.check import check_text
from flake8_cancel.code.api import Facts
from flake8_cancel.finding import Finding, Mark, Repair, Span, mark
from flake8_cancel.fix.edit import Edit
from flake8_cancel.fix.engine import Repaired, repair
from flake8_cancel.fix.splice import Replacement
from flake8_cancel.rule import Module, Rule
from flake8_cancel.source import character_column, decode, split_lines

Fix = Callable[[cst.CSTNode, Edit], Replacement]


class Calls(Rule):
    """Finds the calls of one name, as statements, and replaces the statement."""

    needs = ()
    visits = (ast.Expr,)
    called = ""

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        match node:
            case ast.Expr(value=ast.Call(func=ast.Name(id=name))) if name == self.called:
                yield self.finding(node, f"{name} is called", repair=Repair(mark(node), safe=True))


def mend(called: str, fix: Fix, code: str = "CNL199") -> Rule:
    """Return a rule that finds the statements ``called(...)`` and mends them by a function."""
    members = {"code": code, "called": called, "fix": lambda self, node, edit: fix(node, edit)}
    rule: Rule = type("Mend", (Calls,), members)()
    return rule


def run(data: bytes, *rules: Rule) -> Repaired:
    """Repair a file by rules, and see that a second run changes nothing."""

    def check(text: str) -> list[Finding]:
        return check_text(text, Facts(), rules)

    result = repair(data, check, lambda finding: True, rules)
    again = repair(result.data, check, lambda finding: True, rules)
    assert again.data == result.data
    assert not again.fixed
    assert list(result.left) == check(decode(result.data))
    return result


def shaped(before: str, fix: Fix, target: type[ast.AST], *marked: str) -> str:
    """Return what a fix makes of a text: the first node of a type is replaced.

    Args:
        before: the text, which is indented in the test.
        fix: the fix.
        target: the type of the node.
        marked: the source texts of the nodes to be marked, each with its type: ``"Expr: lock.release()"``.
    """
    return shaped_bytes(code(before), fix, target, *marked).decode()


def shaped_bytes(data: bytes, fix: Fix, target: type[ast.AST], *marked: str) -> bytes:
    """Return what a fix makes of a file, see ``shaped``."""
    original = data.decode()
    tree = ast.parse(original)
    lines = split_lines(original)
    nodes = list(ast.walk(tree))
    first = next(node for node in nodes if isinstance(node, target))
    marks = tuple(in_characters(mark(_written(nodes, original, *each.split(": ", 1))), lines) for each in marked)
    place = in_characters(mark(first), lines)
    finding = Finding("CNL199", place.span, "found", repair=Repair(place, safe=True, marks=marks))

    def check(text: str) -> list[Finding]:
        return [finding] if text == original else []

    members = {"code": "CNL199", "fix": lambda self, node, edit: fix(node, edit)}
    result = repair(data, check, lambda finding: True, [type("Shape", (Rule,), members)()])
    assert not result.refused, result.refused[0][1]
    return result.data


def _written(nodes: Sequence[ast.AST], text: str, kind: str, source: str) -> ast.AST:
    return next(node for node in nodes if type(node).__name__ == kind and ast.get_source_segment(text, node) == source)


def in_characters(place: Mark, lines: Sequence[str]) -> Mark:
    """Return a mark in columns of characters."""
    span = place.span
    first, last = lines[span.line - 1], lines[span.end_line - 1]
    columns = character_column(first, span.column), character_column(last, span.end_column)
    return place._replace(span=Span(span.line, columns[0], span.end_line, columns[1]))


def text(indented: str) -> str:
    """Return a text that is indented in the test."""
    return textwrap.dedent(indented).lstrip("\n")


def code(indented: str) -> bytes:
    """Return a text that is indented in the test as a file."""
    return text(indented).encode()
