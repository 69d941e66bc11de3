"""Finds the libcst node of a mark, by span and type: what ``ast`` found is found again, without a second detector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from flake8_cancel.finding import Mark, Span

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

    Args:
        module: the module, as parsed.
        lost: the numbers of lines whose first characters libcst dropped, with how many these are.
    """

    def __init__(self, module: cst.Module, lost: Mapping[int, int]) -> None:
        self._ranges = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)
        self._lost = lost
        self._nodes = dict(self._marked())

    def find(self, mark: Mark) -> cst.CSTNode | None:
        """Return the node of a mark, None when libcst has no such node there."""
        return self._nodes.get(_comparable(mark))

    def _marked(self) -> Iterator[tuple[Mark, cst.CSTNode]]:
        for node in self._ranges:
            name = _ast_name(node)
            if name:
                yield _comparable(Mark(self._span(node), name)), node

    def _span(self, node: cst.CSTNode) -> Span:
        start, end = self._ends(node)
        return Span(
            start.start.line,
            start.start.column + self._lost.get(start.start.line, 0),
            end.end.line,
            end.end.column + self._lost.get(end.end.line, 0),
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
