"""Source to findings: word filter, parse, one walk, dispatch. Touches no file, option or terminal."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from flake8_cancel.code.api import Facts
from flake8_cancel.code.tree import blocks, children, walk
from flake8_cancel.finding import Finding, Mark, Span
from flake8_cancel.source import character_column, split_lines
from flake8_cancel.words import FileWords, Needing

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module
    from flake8_cancel.rule import Rule


class RuleError(Exception):
    """A rule failed: a bug of ours. The message names the rule and the place; the cause is the rule's own exception."""


class Checker(Needing, Protocol):
    """A rule, or what stands for it until it is needed."""

    @property
    def code(self) -> str: ...

    def load(self) -> Rule:
        """Return the rule."""


class Report(NamedTuple):
    """What is to be said of one file.

    Attributes:
        findings: in the order of their places, in columns of characters.
        left_out: the functions whose cancellation graph passed a limit, so that nothing was said of some questions.
    """

    findings: list[Finding]
    left_out: list[str]


_Function = ast.FunctionDef | ast.AsyncFunctionDef


def check_text(text: str, facts: Facts, rules: Sequence[Checker]) -> list[Finding]:
    """Check a text.

    Args:
        text: the source, decoded, with its line ends as they are.
        facts: what the user told about the code.
        rules: the rules to run, see ``registry.chosen``.

    Returns:
        The findings in the order of their places, in columns of characters.

    Raises:
        SyntaxError: Python cannot parse the text. RecursionError and MemoryError can come from the parser too.
        RuleError: a rule failed.
    """
    return examine(text, facts, rules).findings


def check_tree(tree: ast.Module, lines: Sequence[str], facts: Facts, rules: Sequence[Checker]) -> list[Finding]:
    """Check a tree that is parsed already; nothing is written to it.

    Args:
        tree: the tree, maybe shared with others.
        lines: the lines it was parsed from, each with its line end.
        facts: what the user told about the code.
        rules: the rules to run.
    """
    # Functions need not be looked for in the text where the tree shows them.
    held = FileWords("".join(lines), facts, rules)
    return _examine(tree, lines, facts, held, held.rules).findings


def examine(text: str, facts: Facts, rules: Sequence[Checker]) -> Report:
    """Check a text, and tell what was left out. See ``check_text`` for the rest.

    Args:
        text: the source.
        facts: what the user told about the code.
        rules: the rules to run.
    """
    held = FileWords(text, facts, rules)
    active = held.candidates()
    if not active:
        _hear_of_errors(text)
        return Report([], [])
    return _examine(ast.parse(text), split_lines(text), facts, held, active)


def _hear_of_errors(text: str) -> None:
    """Raise what Python's parser finds wrong with a text, without the cost of a tree."""
    # The plugin has its tree from flake8 and never comes here.
    import symtable

    try:
        symtable.symtable(text, "<unknown>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # A symbol table has further demands (no name twice among the parameters) that are none of the parser's.
        ast.parse(text)


def _examine(
    tree: ast.Module, lines: Sequence[str], facts: Facts, held: FileWords[Checker], rules: Sequence[Checker]
) -> Report:
    asked = _asked_nodes(tree, lines, held, rules) if rules else []
    if not asked:
        return Report([], [])
    # The model is large, and most files need none.
    from flake8_cancel.code.module import Module

    module = Module(tree, facts)
    found = {_in_characters(finding, lines) for rule, node in asked for finding in _asked(rule, node, module)}
    findings = sorted(found, key=lambda finding: (finding.span, finding.code, finding.message))
    return Report(findings, [f"{function.name} at line {function.lineno}" for function in module.left_out()])


def _asked_nodes(
    tree: ast.Module, lines: Sequence[str], held: FileWords[Checker], rules: Sequence[Checker]
) -> list[tuple[Rule, ast.AST]]:
    """Return which rules are to be asked about which nodes: in each outermost function, and outside of all."""
    asked: list[tuple[Rule, ast.AST]] = []
    outside = list(lines)
    for function in _functions(tree):
        first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)]) - 1
        inside = held.within("".join(lines[first : function.end_lineno]), rules)
        asked += _visits(functools.partial(walk, function), inside)
        outside[first : function.end_lineno] = [""] * ((function.end_lineno or first) - first)
    return asked + _visits(functools.partial(_outside, tree), held.within("".join(outside), rules))


def _functions(tree: ast.Module) -> Iterator[_Function]:
    """Yield the outermost functions."""
    waiting: list[ast.AST] = list(reversed(tree.body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node
        else:
            waiting.extend(reversed(blocks(node)))


def _outside(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield every node outside of functions."""
    waiting: list[ast.AST] = list(reversed(tree.body))
    while waiting:
        node = waiting.pop()
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node
            waiting.extend(reversed(children(node)))


def _visits(nodes: Callable[[], Iterable[ast.AST]], rules: Sequence[Checker]) -> list[tuple[Rule, ast.AST]]:
    """Return which rules are to be asked about which nodes."""
    by_type: dict[type[ast.AST], list[Rule]] = {}
    for rule in (checker.load() for checker in rules):
        for visited in rule.visits:
            by_type.setdefault(visited, []).append(rule)
    return [(rule, node) for node in nodes() for rule in by_type.get(type(node), ())] if by_type else []


def _asked(rule: Rule, node: ast.AST, module: Module) -> Iterator[Finding]:
    try:
        yield from rule.check(node, module)
    except Exception as error:
        line = getattr(node, "lineno", 0)
        raise RuleError(f"{rule.code} failed at line {line}: {type(error).__name__}: {error}") from error


def _in_characters(finding: Finding, lines: Sequence[str]) -> Finding:
    """Turn every span of a finding from columns of bytes into columns of characters."""

    def turned(span: Span) -> Span:
        first, last = (lines[number - 1] for number in (span.line, span.end_line))
        return Span(
            span.line, character_column(first, span.column), span.end_line, character_column(last, span.end_column)
        )

    def turned_mark(mark: Mark) -> Mark:
        return mark._replace(span=turned(mark.span))

    repair = finding.repair
    if repair:
        repair = repair._replace(target=turned_mark(repair.target), marks=tuple(map(turned_mark, repair.marks)))
    path = tuple(step._replace(span=turned(step.span)) for step in finding.path)
    return finding._replace(span=turned(finding.span), path=path, repair=repair)
