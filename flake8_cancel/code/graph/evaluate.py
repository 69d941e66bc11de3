"""The points of an expression: where evaluating it may suspend, in the order of evaluation."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from flake8_cancel.code.graph.points import BRANCH, SUSPEND, YIELD, Frame, Point
from flake8_cancel.code.tree import children

_RAISING = (ast.Call, ast.Attribute, ast.Subscript, ast.BinOp, ast.Compare, ast.Await, ast.Starred, ast.Yield)
_BLOCK_PARTS = (ast.stmt, ast.ExceptHandler, ast.match_case)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp)


class Survey(NamedTuple):
    """What an expression may do: ``suspends`` includes handing over by ``yield``."""

    suspends: bool
    raises: bool


def survey(*roots: ast.AST | None) -> Survey:
    """Look through expressions without entering what runs elsewhere (lambdas, bodies of generator expressions)."""
    suspends = raises = False
    for node in own_nodes(*roots):
        if isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom)):
            suspends = raises = True
        elif isinstance(node, ast.comprehension):
            suspends, raises = suspends or bool(node.is_async), True
        elif isinstance(node, _RAISING):
            raises = True
    return Survey(suspends, raises)


def own_nodes(*roots: ast.AST | None) -> Iterator[ast.AST]:
    """Yield the nodes of expressions that are evaluated here and now.

    A lambda's body runs when it is called, a generator expression's where it is consumed: of the one only the defaults
    are ours, of the other only the first iterable.
    """
    waiting = [root for root in roots if root is not None]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.Lambda):
            waiting.append(node.args)
        elif isinstance(node, ast.GeneratorExp):
            waiting.append(node.generators[0].iter)
        elif isinstance(node, ast.arg):
            continue
        else:
            waiting.extend(children(node))


def header(statement: ast.AST) -> list[ast.AST]:
    """Return what a statement evaluates itself, without the statements of its blocks."""
    return [child for child in children(statement) if not isinstance(child, _BLOCK_PARTS)]


class Evaluator:
    """Makes the points of expressions, backwards: each method takes the points that come after and returns the first.

    Args:
        assumed: what is known of some names (the parameters of an ``__aexit__``): True if not None, False if None.
    """

    def __init__(self, assumed: Mapping[str, bool]) -> None:
        self._assumed = assumed

    def expression(self, node: ast.AST | None, frame: Frame, after: Point) -> Point:
        """Evaluate an expression, then go on at ``after``."""
        if node is None or not survey(node).suspends:
            return after
        if isinstance(node, ast.BoolOp):
            return self._chain(node, frame, after)
        if isinstance(node, ast.IfExp):
            yes, no = self.expression(node.body, frame, after), self.expression(node.orelse, frame, after)
            return self.condition(node.test, frame, yes, no)
        if isinstance(node, ast.Compare):
            return self._comparison(node, frame, after, after)
        if isinstance(node, _COMPREHENSIONS):
            return self._comprehension(node, frame, after)
        if isinstance(node, ast.Await):
            after = Point(SUSPEND, node, frame, after)
        elif isinstance(node, (ast.Yield, ast.YieldFrom)):
            after = Point(YIELD, node, frame, after)
        for child in reversed(_in_order(node)):
            after = self.expression(child, frame, after)
        return after

    def condition(self, node: ast.expr, frame: Frame, yes: Point, no: Point) -> Point:
        """Decide a test: go on at ``yes`` or at ``no``."""
        known = self.truth(node)
        if known is not None:
            return yes if known else no
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self.condition(node.operand, frame, no, yes)
        if isinstance(node, ast.BoolOp):
            entry = self.condition(node.values[-1], frame, yes, no)
            for value in reversed(node.values[:-1]):
                short = (entry, no) if isinstance(node.op, ast.And) else (yes, entry)
                entry = self.condition(value, frame, *short)
            return entry
        if isinstance(node, ast.Compare) and survey(*node.comparators[1:]).suspends:
            return self._comparison(node, frame, Point(BRANCH, node, frame, yes, no), no)
        return self.expression(node, frame, Point(BRANCH, node, frame, yes, no))

    def truth(self, node: ast.expr) -> bool | None:
        """Return the truth of a test where it is certain: a constant, or a parameter that something is assumed of."""
        if isinstance(node, ast.Constant):
            return bool(node.value)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            known = self.truth(node.operand)
            return None if known is None else not known
        if isinstance(node, ast.Name):
            if node.id in ("TYPE_CHECKING", "__debug__"):
                return node.id == "__debug__"
            return self._assumed.get(node.id)
        if isinstance(node, ast.Attribute):
            return False if node.attr == "TYPE_CHECKING" else None
        match node:
            case ast.Compare(
                left=ast.Name(id=name), ops=[ast.Is() | ast.IsNot() as operator], comparators=[ast.Constant(value=None)]
            ) if name in self._assumed:
                return self._assumed[name] == isinstance(operator, ast.IsNot)
        return None

    def _chain(self, node: ast.BoolOp, frame: Frame, after: Point) -> Point:
        entry = self.expression(node.values[-1], frame, after)
        for value in reversed(node.values[:-1]):
            short = (entry, after) if isinstance(node.op, ast.And) else (after, entry)
            entry = self.condition(value, frame, *short)
        return entry

    def _comparison(self, node: ast.Compare, frame: Frame, after: Point, short: Point) -> Point:
        """``a < b < c`` evaluates c only where ``a < b`` holds."""
        for comparator in reversed(node.comparators[1:]):
            after = self.expression(comparator, frame, after)
            after = Point(BRANCH, node, frame, after, short)
        after = self.expression(node.comparators[0], frame, after)
        return self.expression(node.left, frame, after)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp, frame: Frame, after: Point) -> Point:
        headers = [Point(SUSPEND if part.is_async else BRANCH, part.iter, frame) for part in node.generators]
        entry = headers[-1]
        elements = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        for element in reversed(elements):
            entry = self.expression(element, frame, entry)
        for index in range(len(headers) - 1, -1, -1):
            header, part = headers[index], node.generators[index]
            for test in reversed(part.ifs):
                entry = self.condition(test, frame, entry, header)
            header.targets = [entry, headers[index - 1] if index else after]
            entry = self.expression(part.iter, frame, header)
        return entry


def _in_order(node: ast.AST) -> list[ast.AST]:
    """Return the parts of an expression in the order of their evaluation."""
    if isinstance(node, ast.Dict):
        return [part for pair in zip(node.keys, node.values, strict=True) for part in pair if part is not None]
    if isinstance(node, ast.Lambda):
        return [node.args]
    if isinstance(node, ast.GeneratorExp):
        return [node.generators[0].iter]
    if isinstance(node, ast.arguments):
        return [default for default in (*node.defaults, *node.kw_defaults) if default is not None]
    return children(node)
