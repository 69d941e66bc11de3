"""Source to findings: word filter, parse, one walk, dispatch. Touches no file, option or terminal."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from flake8_cancel.code.api import Facts
from flake8_cancel.code.module import Module
from flake8_cancel.finding import Finding, Mark, Span
from flake8_cancel.rule import Rule
from flake8_cancel.source import character_column, split_lines


class RuleError(Exception):
    """A rule failed: a bug of ours. The message names the rule and the place; the cause is the rule's own exception."""


class Report(NamedTuple):
    """What is to be said of one file.

    Attributes:
        findings: in the order of their places, in columns of characters.
        left_out: the functions whose cancellation graph passed a limit, so that nothing was said of some questions.
    """

    findings: list[Finding]
    left_out: list[str]


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def check_text(text: str, facts: Facts, rules: Sequence[Rule]) -> list[Finding]:
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


def check_tree(tree: ast.Module, lines: Sequence[str], facts: Facts, rules: Sequence[Rule]) -> list[Finding]:
    """Check a tree that is parsed already; nothing is written to it.

    Args:
        tree: the tree, maybe shared with others.
        lines: the lines it was parsed from, each with its line end.
        facts: what the user told about the code.
        rules: the rules to run.
    """
    return _examine(tree, lines, facts, rules).findings


def examine(text: str, facts: Facts, rules: Sequence[Rule]) -> Report:
    """Check a text, and tell what was left out. See ``check_text`` for the rest.

    Args:
        text: the source.
        facts: what the user told about the code.
        rules: the rules to run.
    """
    if not _active(text, facts, rules):
        _hear_of_errors(text)
        return Report([], [])
    return _examine(ast.parse(text), split_lines(text), facts, rules)


def _hear_of_errors(text: str) -> None:
    """Raise what Python's parser finds wrong with a text, without the cost of a tree."""
    # The plugin has its tree from flake8 and never comes here.
    import symtable

    try:
        symtable.symtable(text, "<unknown>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # A symbol table has further demands (no name twice among the parameters) that are none of the parser's.
        ast.parse(text)


def _examine(tree: ast.Module, lines: Sequence[str], facts: Facts, rules: Sequence[Rule]) -> Report:
    active = _active("".join(lines), facts, rules)
    if not active:
        return Report([], [])
    module = Module(tree, facts)
    findings = [
        _in_characters(finding, lines)
        for top, text in _parts(tree, lines)
        for finding in _check_part(top, _with_words(text, facts, active) if text else active, module)
    ]
    findings = sorted(set(findings), key=lambda finding: (finding.span, finding.code, finding.message))
    return Report(findings, [f"{function.name} at line {function.lineno}" for function in module.left_out()])


def _parts(tree: ast.Module, lines: Sequence[str]) -> Iterator[tuple[ast.AST, str]]:
    """Yield every outermost function with its text, and every other node outside functions with no text of its own."""
    waiting: list[ast.AST] = list(reversed(tree.body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, _FUNCTIONS):
            yield node, "".join(lines[_first_line(node) - 1 : node.end_lineno])
            continue
        yield node, ""
        waiting.extend(reversed(list(ast.iter_child_nodes(node))))


def _first_line(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])


def _check_part(top: ast.AST, rules: Sequence[Rule], module: Module) -> Iterator[Finding]:
    by_type: dict[type[ast.AST], list[Rule]] = {}
    for rule in rules:
        for visited in rule.visits:
            by_type.setdefault(visited, []).append(rule)
    if not by_type:
        return
    for node in ast.walk(top) if isinstance(top, _FUNCTIONS) else (top,):
        for rule in by_type.get(type(node), ()):
            yield from _asked(rule, node, module)


def _asked(rule: Rule, node: ast.AST, module: Module) -> Iterator[Finding]:
    try:
        yield from rule.check(node, module)
    except Exception as error:
        line = getattr(node, "lineno", 0)
        raise RuleError(f"{rule.code} failed at line {line}: {type(error).__name__}: {error}") from error


def _active(text: str, facts: Facts, rules: Sequence[Rule]) -> list[Rule]:
    """Return the rules that may find something in a file."""
    return [rule for rule in _with_words(text, facts, rules) if _holds(text, facts, rule.file_needs)]


def _with_words(text: str, facts: Facts, rules: Sequence[Rule]) -> list[Rule]:
    """Return the rules whose words the text holds together."""
    return [rule for rule in rules if _holds(text, facts, rule.needs)]


def _holds(text: str, facts: Facts, needs: Sequence[str | tuple[str, ...]]) -> bool:
    # The user's own cleanup calls may stand wherever a rule knows several words.
    own = [name.rpartition(".")[2] for name in facts.cleanup_calls]
    return all(need in text if isinstance(need, str) else any(word in text for word in (*need, *own)) for need in needs)


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
