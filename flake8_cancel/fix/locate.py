"""Finds the libcst node of a mark, by span and type: what ``ast`` found is found again, without a second detector."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Iterator, Mapping

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from flake8_cancel.finding import Mark, Span
from flake8_cancel.source import split_lines

_OTHER_NAMES = {
    "BinaryOperation": "BinOp",
    "BooleanOperation": "BoolOp",
    "Comparison": "Compare",
    "Del": "Delete",
    "Ellipsis": "Constant",
    "ExceptStarHandler": "ExceptHandler",
    "Float": "Constant",
    "FormattedString": "JoinedStr",
    "Imaginary": "Constant",
    "ImportAlias": "alias",
    "Integer": "Constant",
    "Param": "arg",
    "SimpleString": "Constant",
    "StarredElement": "Starred",
    "UnaryOperation": "UnaryOp",
    "WithItem": "withitem",
}
# The ends of blocks differ (a semicolon after the last statement), and no two of one type begin at the same place.
_FOUND_BY_START = frozenset(
    "AnnAssign Assert Assign AsyncFor AsyncFunctionDef AsyncWith AugAssign Break ClassDef Continue Delete "
    "ExceptHandler Expr For FunctionDef Global If Import ImportFrom Match Nonlocal Pass Raise Return Try TryStar "
    "TypeAlias While With".split()
)


class Places:
    """Where the nodes of one libcst module stand.

    Only the statements of the module in which something is looked for are measured.

    Args:
        module: the module, as parsed.
        lost: the numbers of lines whose first characters libcst dropped, with how many these are.
    """

    def __init__(self, module: cst.Module, lost: Mapping[int, int]) -> None:
        self._module = module
        self._lost = lost
        lengths = [len(split_lines(module.code_for_node(statement))) for statement in module.body]
        # How many lines stand before each statement of the module.
        self._before = list(itertools.accumulate(lengths[:-1], initial=len(module.header)))
        self._measured: dict[int, _Statement] = {}

    def find(self, mark: Mark) -> cst.CSTNode | None:
        """Return the node of a mark, None when libcst has no such node there."""
        number = self._number(mark)
        if not 0 <= number < len(self._module.body):
            return None
        if number not in self._measured:
            alone = self._module.with_changes(header=(), body=(self._module.body[number],), footer=())
            self._measured[number] = _Statement(alone, self._before[number], self._lost)
        return self._measured[number].find(mark)

    def besides(self, marks: Iterable[Mark]) -> frozenset[cst.CSTNode]:
        """Return the statements of the module that hold none of some marks."""
        held = set(map(self._number, marks))
        return frozenset(statement for number, statement in enumerate(self._module.body) if number not in held)

    def _number(self, mark: Mark) -> int:
        """Return which statement of the module holds a mark."""
        return bisect.bisect_left(self._before, mark.span.line) - 1


class _Statement:
    """Where the nodes of one statement of a module stand.

    Args:
        alone: a module with that statement alone.
        lines_before: how many lines stand before it in its own module.
        lost: see ``Places``.
    """

    def __init__(self, alone: cst.Module, lines_before: int, lost: Mapping[int, int]) -> None:
        self._ranges = MetadataWrapper(alone, unsafe_skip_copy=True).resolve(PositionProvider)
        self._lines_before = lines_before
        self._lost = lost
        self._nodes = dict(self._marked())

    def find(self, mark: Mark) -> cst.CSTNode | None:
        return self._nodes.get(_comparable(mark))

    def _marked(self) -> Iterator[tuple[Mark, cst.CSTNode]]:
        for node in self._ranges:
            name = _ast_name(node)
            if name:
                yield _comparable(Mark(self._span(node), name)), node

    def _span(self, node: cst.CSTNode) -> Span:
        ranges = self._ends(node)
        line, end_line = ranges[0].start.line + self._lines_before, ranges[1].end.line + self._lines_before
        return Span(
            line,
            ranges[0].start.column + self._lost.get(line, 0),
            end_line,
            ranges[1].end.column + self._lost.get(end_line, 0),
        )

    def _ends(self, node: cst.CSTNode) -> tuple[CodeRange, CodeRange]:
        """Return the ranges at whose start and end the node begins and ends for ``ast``."""
        if isinstance(node, (cst.Tuple, cst.GeneratorExp)) and node.lpar:
            return self._ranges[node.lpar[-1]], self._ranges[node.rpar[0]]
        if isinstance(node, cst.WithItem):
            target = node.asname.name if node.asname else node.item
            return self._ends(node.item)[0], self._ends(target)[1]
        if isinstance(node, cst.Param):
            return self._ranges[node.name], self._ranges[node.annotation or node.name]
        return self._ranges[node], self._ranges[node]


def _ast_name(node: cst.CSTNode) -> str:
    """Return the name of the type of ``ast`` that a node of libcst is, the same name where it has none."""
    if isinstance(node, (cst.FunctionDef, cst.For, cst.With)):
        return ("Async" if node.asynchronous else "") + type(node).__name__
    if isinstance(node, cst.Yield) and isinstance(node.value, cst.From):
        return "YieldFrom"
    if isinstance(node, cst.Arg):
        return "keyword" if node.keyword else "Starred" if node.star == "*" else "keyword" if node.star else ""
    if isinstance(node, cst.Name) and node.value in {"True", "False", "None"}:
        return "Constant"
    if isinstance(node, cst.ConcatenatedString):
        return "JoinedStr" if _is_formatted(node) else "Constant"
    return _OTHER_NAMES.get(type(node).__name__, type(node).__name__)


def _is_formatted(string: cst.ConcatenatedString) -> bool:
    return any(
        isinstance(part, cst.FormattedString) or (isinstance(part, cst.ConcatenatedString) and _is_formatted(part))
        for part in (string.left, string.right)
    )


def _comparable(mark: Mark) -> Mark:
    if mark.node not in _FOUND_BY_START:
        return mark
    return mark._replace(span=Span(mark.span.line, mark.span.column, 0, 0))
