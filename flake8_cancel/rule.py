"""The contract of a rule. A rule's file imports this, ``code`` and, inside its ``fix`` alone, libcst and ``fix``."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from flake8_cancel.code.module import Module
from flake8_cancel.finding import Finding, Mark, Repair, Span, Step, mark, span
from flake8_cancel.words import Needs, Word

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit

    Replacement = libcst.CSTNode | libcst.FlattenSentinel[libcst.CSTNode] | libcst.RemovalSentinel

__all__ = ["Finding", "Mark", "Module", "Needs", "Repair", "Rule", "Span", "Step", "Word", "mark", "span"]


class Rule:
    """One kind of mistake. The module's docstring is its documentation and is executed by the tests.

    Attributes:
        code: ``CNL`` and three digits.
        needs: what the text of one function must hold together: whole words (``async``), other strings (``-=``),
            patterns to be searched for, or questions (see ``code.traces``); a tuple inside means any of these.
        file_needs: the same for the text of the whole file, where a rule looks at more than one function or an import
            may have given the word another name.
        visits: the types of ``ast`` nodes that ``check`` is called for.
        uncovers: the codes of mistakes that were there before and can be told only when this one is mended.
    """

    code: ClassVar[str]
    needs: ClassVar[Needs]
    file_needs: ClassVar[Needs] = ()
    visits: ClassVar[tuple[type[ast.AST], ...]]
    uncovers: ClassVar[frozenset[str]] = frozenset()

    def load(self) -> Rule:
        """Return the rule itself: it stands for itself, where what stands for a rule must be loaded first."""
        return self

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        """Yield the findings at one node.

        Args:
            node: a node of one of the types in ``visits``.
            module: the model of the module, to be asked questions.
        """
        raise NotImplementedError

    def fix(
        self, node: libcst.CSTNode, edit: Edit
    ) -> libcst.CSTNode | libcst.FlattenSentinel[libcst.CSTNode] | libcst.RemovalSentinel:
        """Return what replaces the repair's target; a rule whose findings carry a repair has this.

        Args:
            node: the target of the repair.
            edit: the repair, its marked nodes, and what the file gives (names, imports, indentation).

        Raises:
            flake8_cancel.fix.edit.NoFixError: the fix cannot be made here, with the reason.
        """
        raise NotImplementedError

    def finding(
        self, node: ast.AST, message: str, path: Sequence[tuple[ast.AST, str]] = (), repair: Repair | None = None
    ) -> Finding:
        """Make a finding of this rule.

        Args:
            node: where to look.
            message: the fact, then the way out: lower case, one line, no full stop.
            path: the places the cancellation passed, each with a few words.
            repair: what ``fix`` will be given, if the mistake can be mended.
        """
        steps = tuple(Step(span(place), words) for place, words in path)
        return Finding(self.code, span(node), message, steps, repair)

    def repair(self, target: ast.AST, safe: bool, marks: Sequence[ast.AST] = (), words: Sequence[str] = ()) -> Repair:
        """Make what ``fix`` will be given.

        Args:
            target: the one node that is replaced.
            safe: whether the fix is safe.
            marks: further nodes inside the target that the fix looks at.
            words: what the detection found out.
        """
        return Repair(mark(target), safe, tuple(map(mark, marks)), tuple(words))
