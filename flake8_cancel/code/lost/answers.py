"""Which way tests in a handler go when what was caught is a cancellation."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.graph.catchers import Catcher
from flake8_cancel.code.graph.errors import CANCEL, YES, catches
from flake8_cancel.code.graph.evaluate import survey
from flake8_cancel.code.graph.points import BRANCH, State
from flake8_cancel.code.tree import walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module


class Answers:
    """The answers to the tests of one handler.

    Args:
        module: the module.
        catcher: the handler; a ``with`` item has no tests.
    """

    def __init__(self, module: Module, catcher: Catcher) -> None:
        self._module = module
        self._catcher = catcher
        self._caught = catcher.name if isinstance(catcher, ast.ExceptHandler) else None

    def excludes(self, state: State, after: State) -> bool:
        """Tell whether an edge is the answer of a test that a cancellation does not get.

        The test asks for the exception's class, or for what was asked before anything could be cancelled: with the
        other answer the function was left there.

        Args:
            state: where the edge begins.
            after: where it leads.
        """
        if state.point.kind != BRANCH:
            return False
        if any(after.point is state.point.targets[side] for side in self._left_on(state.point.node)):
            return True
        names = self.asked_classes(state.point.node)
        if names is None or None in names:
            return False
        certain = catches(CANCEL, names, self._module.bases) == YES
        return after.point is state.point.targets[certain]

    def keeps_from_caller(self, test: ast.expr) -> bool:
        """Tell whether a test raises again if the work that the block shields was cancelled, and only then.

        The caller's own cancellation does not go into that work: with the other answer it is the caller's.
        """
        match test:
            case ast.Call(func=ast.Attribute(value=work, attr="cancelled" | "done"), args=[]):
                shielded = self._module.reference(work)
            case _:
                return False
        branch, block = self._module.parent(test), self._module.parent(self._catcher)
        if shielded is None or not isinstance(block, ast.Try) or not isinstance(branch, ast.If):
            return False
        calls = (node for part in block.body for node in walk(part) if isinstance(node, ast.Call) and node.args)
        shields = (call for call in calls if self._module.name(call.func) == "asyncio.shield")
        is_shielded = any(self._module.reference(call.args[0]) == shielded for call in shields)
        return is_shielded and isinstance(branch.body[-1], ast.Raise) and not branch.orelse

    def asked_classes(self, test: ast.AST) -> tuple[str | None, ...] | None:
        """Return the classes that ``isinstance``, or a case, asks the exception for; None where it asks otherwise."""
        match test:
            case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=name), classes]) if name == self._caught:
                return self._module.names(classes)
            case ast.MatchAs(pattern=ast.pattern() as inner):
                return self.asked_classes(inner)
            case ast.MatchOr(patterns=[*patterns]):
                parts = [self.asked_classes(pattern) for pattern in patterns]
                return None if None in parts else tuple(name for part in parts if part for name in part)
            case ast.MatchClass(cls=kind, patterns=[], kwd_patterns=[]):
                statement = next(node for node in self._module.ancestors(test) if isinstance(node, ast.Match))
                subject = statement.subject
                is_caught = isinstance(subject, ast.Name) and subject.id == self._caught
                return self._module.names(kind) if is_caught else None
        return None

    def _left_on(self, test: ast.AST) -> Iterator[int]:
        """Yield the answers, yes being 0, with which the ``try`` was left at its beginning, before it could suspend."""
        block = self._module.parent(self._catcher)
        for statement in block.body if isinstance(block, ast.Try) else ():
            if survey(statement).suspends:
                return
            match statement:
                case ast.If(test=asked, body=[*_, ast.Raise() | ast.Return()]):
                    is_not = isinstance(asked, ast.UnaryOp) and isinstance(asked.op, ast.Not)
                    operand = asked.operand if is_not else asked  # type: ignore[attr-defined]
                    if self._module.reference(operand) and ast.dump(operand) == ast.dump(test):
                        yield int(is_not)
