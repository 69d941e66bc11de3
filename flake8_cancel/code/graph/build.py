"""Makes the cancellation graph of a function, statement by statement, from the last one backwards."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from flake8_cancel.code.graph.errors import BASE_EXCEPTION
from flake8_cancel.code.graph.evaluate import survey
from flake8_cancel.code.graph.points import (
    ASYNC_EXIT,
    BRANCH,
    CLAUSE,
    END,
    EXIT,
    STAR_CLAUSE,
    STAR_END,
    STEP,
    SUSPEND,
    Frame,
    Point,
)
from flake8_cancel.code.graph.statements import Names, Statements
from flake8_cancel.code.meaning.displays import is_filled, is_some_range
from flake8_cancel.code.tree import TRIES

AnyFunction = ast.FunctionDef | ast.AsyncFunctionDef


def build(function: AnyFunction, names: Names, assumed: Mapping[str, bool]) -> Point:
    """Build the graph of a function and return the point where it begins.

    Args:
        function: the function, coroutine function or generator function.
        names: the module around it.
        assumed: what is known of its parameters, see ``Evaluator``.
    """
    return _Builder(names, assumed).function(function)


class _Builder:
    def __init__(self, names: Names, assumed: Mapping[str, bool]) -> None:
        self._names = names
        self._statements = Statements(names, assumed)
        self._evaluator = self._statements.evaluator
        self._expression = self._evaluator.expression
        self._frames = 0

    def function(self, node: AnyFunction) -> Point:
        frame = self._frame("function", node, None)
        frame.after = Point(END, node, frame)
        return self._block(node.body, frame)

    def _frame(self, kind: str, node: ast.AST, parent: Frame | None) -> Frame:
        self._frames += 1
        return Frame(kind, node, parent, self._frames)

    def _block(self, statements: Sequence[ast.stmt], frame: Frame, after: Point | None = None) -> Point:
        """Make the points of a block; without ``after`` its end completes the frame."""
        if after is None:
            after = self._statements.leave(statements[-1] if statements else frame.node, frame)
        for statement in reversed(statements):
            after = self._statement(statement, frame, after)
        return after

    def _statement(self, node: ast.stmt, frame: Frame, after: Point) -> Point:
        if isinstance(node, ast.If):
            return self._if(node, frame, after)
        if isinstance(node, ast.While):
            return self._while(node, frame, after)
        if isinstance(node, (ast.For, ast.AsyncFor)):
            return self._for(node, frame, after)
        if isinstance(node, TRIES):
            return self._try(node, frame, after)
        if isinstance(node, (ast.With, ast.AsyncWith)):
            return self._with(node, frame, after)
        if isinstance(node, ast.Match):
            return self._match(node, frame, after)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            return self._definition(node, frame, after)
        return self._statements.simple(node, frame, after)

    def _if(self, node: ast.If, frame: Frame, after: Point) -> Point:
        # A chain of elif is nested as deep as it is long: walked, not recursed into.
        chain = [node]
        while len(chain[-1].orelse) == 1 and isinstance(chain[-1].orelse[0], ast.If):
            chain.append(chain[-1].orelse[0])
        entry = self._block(chain[-1].orelse, frame, after)
        for part in reversed(chain):
            test = self._evaluator.condition(part.test, frame, self._block(part.body, frame, after), entry)
            entry = Point(STEP, part, frame, test)
            entry.may_raise = survey(part.test).raises
        return entry

    def _while(self, node: ast.While, frame: Frame, after: Point) -> Point:
        loop, header = self._loop(node, frame, after)
        body = self._block(node.body, loop, header)
        otherwise = self._block(node.orelse, frame, after)
        header.targets = [self._evaluator.condition(node.test, frame, body, otherwise)]
        header.may_raise = survey(node.test).raises
        return header

    def _for(self, node: ast.For | ast.AsyncFor, frame: Frame, after: Point) -> Point:
        loop, header = self._loop(node, frame, after)
        body = self._block(node.body, loop, header)
        body = self._expression(node.target, frame, body)
        otherwise = self._block(node.orelse, frame, after)
        kind = SUSPEND if isinstance(node, ast.AsyncFor) else BRANCH
        header.targets = [Point(kind, node, frame, body, otherwise)]
        header.may_raise = True
        turns = self._turns(node)
        first = header if turns is None else body if turns else otherwise
        return self._statements.step(node, frame, first, node.iter)

    def _turns(self, node: ast.For | ast.AsyncFor) -> bool | None:
        """Tell whether a loop certainly has a first turn, or certainly has none."""
        match node:
            case ast.For(iter=ast.Call(func=function, args=arguments, keywords=[])):
                return is_some_range(arguments) if self._names.name(function) == "builtins.range" else None
            case ast.For():
                return is_filled(node.iter)
        return None

    def _loop(self, node: ast.stmt, frame: Frame, after: Point) -> tuple[Frame, Point]:
        """Return the frame of a loop's body and the point where each turn begins."""
        loop = self._frame("loop", node, frame)
        loop.after = after
        loop.again = Point(STEP, node, frame)
        return loop, loop.again

    def _match(self, node: ast.Match, frame: Frame, after: Point) -> Point:
        entry = after
        for case in reversed(node.cases):
            body = self._block(case.body, frame, after)
            if case.guard is not None:
                body = self._evaluator.condition(case.guard, frame, body, entry)
            # Values in patterns are looked up; a case that always matches decides nothing.
            entry = body if _irrefutable(case.pattern) else Point(BRANCH, case.pattern, frame, body, entry)
        return self._statements.step(node, frame, entry, node.subject)

    def _definition(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, frame: Frame, after: Point
    ) -> Point:
        if isinstance(node, ast.ClassDef):
            step = self._statements.step(node, frame, after, *node.decorator_list, *node.bases, *node.keywords)
            step.may_raise = True
            return step
        defaults = [*node.args.defaults, *node.args.kw_defaults]
        return self._statements.step(node, frame, after, *node.decorator_list, *defaults)

    def _with(self, node: ast.With | ast.AsyncWith, frame: Frame, after: Point) -> Point:
        return Point(STEP, node, frame, self._items(node, 0, frame, after))

    def _items(self, node: ast.With | ast.AsyncWith, index: int, frame: Frame, after: Point) -> Point:
        """Enter the items from one on: each stands inside those before it."""
        item = node.items[index]
        exit_frame = self._frame("exit", item, frame)
        exit_frame.after = after
        inner = self._frame("with", item, frame)
        waits = isinstance(node, ast.AsyncWith) and self._names.suspends_at(item, leaving=True)
        inner.first = Point(ASYNC_EXIT if waits else EXIT, item, exit_frame)
        if index + 1 < len(node.items):
            body = self._items(node, index + 1, inner, self._statements.leave(node, inner))
        else:
            body = self._block(node.body, inner)
        body = self._expression(item.optional_vars, inner, body)
        waits = isinstance(node, ast.AsyncWith) and self._names.suspends_at(item, leaving=False)
        enter = Point(SUSPEND if waits else STEP, item, frame, body)
        enter.may_raise = True
        return self._expression(item.context_expr, frame, enter)

    def _try(self, node: ast.Try, frame: Frame, after: Point) -> Point:
        body, rest = self._frame("body", node, frame), self._frame("rest", node, frame)
        body.after = rest.after = after
        if node.finalbody:
            final = self._frame("final", node, frame)
            final.after = after
            body.final = rest.final = self._block(node.finalbody, final)
        if node.orelse:
            body.orelse = self._block(node.orelse, rest)
        clauses = self._clauses if isinstance(node, ast.Try) else self._star_clauses
        body.first = clauses(node, frame, body) if node.handlers else None
        return Point(STEP, node, frame, self._block(node.body, body))

    def _clauses(self, node: ast.Try, frame: Frame, body: Frame) -> Point:
        entry: Point | None = None
        for handler in reversed(node.handlers):
            inside = self._frame("clause", handler, frame)
            inside.final, inside.after = body.final, body.after
            clause = Point(CLAUSE, handler, inside, self._block(handler.body, inside))
            clause.wanted = self._names.names(handler.type) if handler.type else (BASE_EXCEPTION,)
            if entry:
                clause.targets.append(entry)
            entry = Point(STEP, handler, inside, self._expression(handler.type, inside, clause))
        assert entry is not None
        return entry

    def _star_clauses(self, node: ast.Try, frame: Frame, body: Frame) -> Point:
        between = self._frame("clause", node, frame)
        between.final, between.after = body.final, body.after
        entry = Point(STAR_END, node, between)
        for handler in reversed(node.handlers):
            inside = self._frame("star", handler, frame)
            inside.after = entry
            clause = Point(STAR_CLAUSE, handler, between, self._block(handler.body, inside), entry)
            clause.wanted = self._names.names(handler.type)
            entry = Point(STEP, handler, between, self._expression(handler.type, between, clause))
        return entry


def _irrefutable(pattern: ast.pattern) -> bool:
    if isinstance(pattern, ast.MatchOr):
        return any(map(_irrefutable, pattern.patterns))
    return isinstance(pattern, ast.MatchAs) and (pattern.pattern is None or _irrefutable(pattern.pattern))
