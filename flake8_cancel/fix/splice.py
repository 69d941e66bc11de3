"""Puts replacements into a tree: a small statement becomes several lines, comments stay with their statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

import libcst as cst

from flake8_cancel.fix.lines import Item, as_line, settled, with_leading, with_trailing

Replacement = cst.CSTNode | cst.FlattenSentinel[Any] | cst.RemovalSentinel
_Node = TypeVar("_Node", bound=cst.CSTNode)


def spliced(
    tree: _Node, replacements: Mapping[cst.CSTNode, Replacement], besides: Collection[cst.CSTNode] = ()
) -> _Node:
    """Return a tree with nodes replaced, all in one walk; they must not stand inside each other.

    A list of statements that replaces one may end with comment lines (``cst.EmptyLine``): they go above the statement
    that follows, or to the end of the block.

    Args:
        tree: the tree that holds the nodes; not changed.
        replacements: what goes where.
        besides: nodes that hold none of those to be replaced: nobody needs to look there.
    """
    return cast(_Node, tree.visit(_Splicer(replacements, besides)))


class _Splicer(cst.CSTTransformer):
    def __init__(self, replacements: Mapping[cst.CSTNode, Replacement], besides: Collection[cst.CSTNode]) -> None:
        super().__init__()
        self._replacements = replacements
        self._besides = besides
        self._elifs: set[cst.CSTNode] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.If) and isinstance(node.orelse, cst.If):
            self._elifs.add(node.orelse)
        return node not in self._replacements and node not in self._besides

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> Any:
        node, updated = original_node, updated_node
        if isinstance(node, cst.SimpleStatementLine | cst.SimpleStatementSuite):
            updated = self._with_statements(node, cast(Any, updated))
            if isinstance(updated, cst.FlattenSentinel | cst.RemovalSentinel):
                return updated
        replacement = self._replacements.get(node)
        if isinstance(node, cst.BaseSmallStatement):
            return updated  # Its line sees to it.
        if replacement is None:
            if isinstance(updated, cst.IndentedBlock):
                return settled(updated)
            return settled(updated) if isinstance(updated, cst.Module) else updated
        if node in self._elifs and not isinstance(replacement, cst.If):
            return _as_else(cast(cst.If, node), _items(replacement))
        if isinstance(node, cst.BaseStatement):
            return _flat(with_leading([as_line(item) for item in _items(replacement)], cast(Any, node).leading_lines))
        if isinstance(node, cst.ExceptHandler | cst.ExceptStarHandler):
            return _flat(with_leading(_items(replacement), node.leading_lines))
        if isinstance(node, cst.BaseExpression) and isinstance(replacement, cst.BaseExpression):
            return _in_parentheses_of(node, replacement)
        return replacement

    def _with_statements(self, node: cst.SimpleStatementLine | cst.SimpleStatementSuite, updated: Any) -> Any:
        """Return the line or one-line suite with its small statements replaced."""
        if not any(small in self._replacements for small in node.body):
            return updated
        items = self._lines(node, updated.body)
        if isinstance(node, cst.SimpleStatementLine):
            return _flat(items)
        if len(items) == 1 and isinstance(items[0], cst.SimpleStatementLine) and not items[0].leading_lines:
            return updated.with_changes(body=items[0].body)
        return settled(cst.IndentedBlock(cast(Any, items)))

    def _lines(
        self, line: cst.SimpleStatementLine | cst.SimpleStatementSuite, updated: Sequence[cst.BaseSmallStatement]
    ) -> list[Item]:
        """Return the lines that small statements of one line become: one, unless a replacement needs its own."""
        small = line.body
        lines: list[list[Item]] = [[]]
        together: list[cst.BaseSmallStatement] = []
        for node, same in zip(small, updated, strict=True):
            items = _items(self._replacements.get(node, same))
            if len(items) == 1 and isinstance(items[0], cst.BaseSmallStatement):
                together.append(items[0].with_changes(semicolon=same.semicolon))
            elif items:
                lines.extend([_line_of(together), [as_line(item) for item in items]])
                together = []
        lines.append(_line_of(together, ends_the_line=small[-1] not in self._replacements))
        lines = [some for some in lines if some] or [[]]
        lines[0] = with_leading(lines[0], getattr(line, "leading_lines", ()))
        # The comment belongs to the last statement of the line, as far as one can tell.
        lines[-1] = with_trailing(lines[-1], line.trailing_whitespace, small[-1])
        return [item for some in lines for item in some]


def _line_of(small: Sequence[cst.BaseSmallStatement], ends_the_line: bool = False) -> list[Item]:
    if small and not ends_the_line:
        small = [*small[:-1], small[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)]
    return [cst.SimpleStatementLine(small)] if small else []


def _items(replacement: Replacement) -> list[cst.CSTNode]:
    if isinstance(replacement, cst.RemovalSentinel):
        return []
    return list(replacement) if isinstance(replacement, cst.FlattenSentinel) else [replacement]


def _flat(items: Iterable[cst.CSTNode]) -> cst.CSTNode | cst.FlattenSentinel[Any] | cst.RemovalSentinel:
    nodes = list(items)
    if len(nodes) == 1:
        return nodes[0]
    return cst.FlattenSentinel(nodes) if nodes else cst.RemoveFromParent()


def _as_else(branch: cst.If, items: Sequence[cst.CSTNode]) -> cst.Else:
    block = settled(cst.IndentedBlock(cast(Any, [as_line(item) for item in items])))
    return cst.Else(block, leading_lines=branch.leading_lines)


def _in_parentheses_of(node: cst.BaseExpression, replacement: cst.BaseExpression) -> cst.BaseExpression:
    if not node.lpar or replacement.lpar:
        return replacement
    return replacement.with_changes(lpar=node.lpar, rpar=node.rpar)
