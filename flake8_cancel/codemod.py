"""The fixes as a command of libcst's own tool.

``python -m libcst.tool codemod -x --no-format flake8_cancel.codemod.FixCancellation PATH`` makes the safe fixes
of the default codes; ``--unsafe-fixes`` and ``--strict`` go before the path. Lines under ``# noqa`` are left alone, and
``pyproject.toml`` is read as the plugin reads it. flake8's own configuration is not: for that, there is
``flake8-cancel --fix``. libcst's tool drops form feeds before statements, which ``flake8-cancel --fix`` keeps.
"""

from __future__ import annotations

import argparse

import libcst as cst
from flake8.violation import Violation
from libcst.codemod import CodemodCommand, CodemodContext

from flake8_cancel import registry
from flake8_cancel.check import check_text
from flake8_cancel.code.api import Facts
from flake8_cancel.finding import Finding
from flake8_cancel.fix.engine import repair
from flake8_cancel.settings import facts_for, python_version
from flake8_cancel.source import split_lines


class FixCancellation(CodemodCommand):
    """Repairs the ways in which asyncio code loses a cancellation.

    Args:
        context: libcst's, with the name of the file.
        unsafe_fixes: whether the fixes are made too that may change what a program does.
        strict: whether the strict codes are fixed too.
        target_version: the oldest Python the code must run on, ``3.11``; else what ``pyproject.toml`` says.
    """

    DESCRIPTION = "Repairs the ways in which asyncio code loses a cancellation."

    def __init__(
        self,
        context: CodemodContext,
        unsafe_fixes: bool = False,
        strict: bool = False,
        target_version: str | None = None,
    ) -> None:
        super().__init__(context)
        self._unsafe = unsafe_fixes
        self._rules = registry.chosen(strict)
        self._target = python_version(target_version) if target_version else None

    @staticmethod
    def add_args(arg_parser: argparse.ArgumentParser) -> None:
        """Add the options of the command."""
        arg_parser.add_argument(
            "--unsafe-fixes", action="store_true", help="Make the fixes too that may change what a program does."
        )
        arg_parser.add_argument("--strict", action="store_true", help="Fix the strict codes too.")
        arg_parser.add_argument(
            "--target-version", metavar="version", help="The oldest Python the code must run on, such as 3.11."
        )

    def transform_module_impl(self, tree: cst.Module) -> cst.Module:
        """Return the module repaired; what could not be repaired becomes a warning of the tool.

        Args:
            tree: the module.
        """
        facts = self._facts()

        def check(text: str) -> list[Finding]:
            lines = split_lines(text)
            return [found for found in check_text(text, facts, self._rules) if not _is_ignored(found, lines)]

        repaired = repair(tree.bytes, check, self._is_wanted, self._rules)
        for finding, reason in repaired.refused:
            self.warn(f"{finding.span.line}: {finding.code} is not fixed: {reason}")
        return cst.parse_module(repaired.data) if repaired.fixed else tree

    def _facts(self) -> Facts:
        options = argparse.Namespace(
            cancel_target_version=self._target, cancel_cleanup_calls=None, cancel_resource_makers=None
        )
        return facts_for(self.context.filename or "", options)

    def _is_wanted(self, finding: Finding) -> bool:
        return finding.repair is not None and (finding.repair.safe or self._unsafe)


def _is_ignored(finding: Finding, lines: list[str]) -> bool:
    """Tell whether a comment on the first line of a finding says ``noqa``, as flake8 reads it."""
    line = lines[finding.span.line - 1]
    found = Violation(finding.code, "", finding.span.line, finding.span.column + 1, finding.message, line)
    return bool(found.is_inline_ignored(disable_noqa=False))
