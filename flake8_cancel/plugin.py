"""The flake8 adapter: flake8's tree and lines in, lines of flake8 out. Selection and ``noqa`` are flake8's own."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from flake8.exceptions import ExecutionError
from flake8.options.manager import OptionManager

from flake8_cancel import __version__, settings

if TYPE_CHECKING:
    import ast


class Plugin:
    """What flake8 makes for every file."""

    name = "flake8-cancel"
    version = __version__
    # flake8 sets this once a process, through parse_options; its worker processes inherit it or parse again.
    _options: ClassVar[argparse.Namespace]

    def __init__(self, tree: ast.Module, filename: str, lines: list[str]) -> None:
        """Take what flake8 gives: the names of the parameters are how it knows what to give."""
        self._tree = tree
        self._filename = filename
        self._lines = lines

    def run(self) -> Iterator[tuple[int, int, str, type[Plugin]]]:
        """Yield the findings of the file, columns in characters from 0 (flake8 prints them from 1).

        Raises:
            ExecutionError: the file's pyproject.toml is wrong; flake8 prints the message and ends.
        """
        # Here, not above: flake8 imports this module to print its version, too, and the rules are many.
        from flake8_cancel import check, registry

        try:
            facts = settings.facts_for(self._filename, self._options)
        except settings.SettingsError as error:
            raise ExecutionError(str(error)) from None
        rules = registry.chosen(registry.wants_strict(self._options.select, self._options.extend_select))
        for finding in check.check_tree(self._tree, self._lines, facts, rules):
            yield finding.span.line, finding.span.column, f"{finding.code} {finding.message}", type(self)

    @classmethod
    def add_options(cls, parser: OptionManager) -> None:
        """Register the options, for the command line and for flake8's configuration files."""
        parser.extend_default_ignore(["CNL9"])
        parser.add_option(
            "--cancel-target-version",
            parse_from_config=True,
            type=settings.python_version,
            metavar="X.Y",
            help="the oldest Python the checked code must run on (default: requires-python, else the running Python)",
        )
        parser.add_option(
            "--cancel-cleanup-calls",
            parse_from_config=True,
            comma_separated_list=True,
            metavar="names",
            help="further functions and methods that release something, comma separated",
        )
        parser.add_option(
            "--cancel-resource-makers",
            parse_from_config=True,
            comma_separated_list=True,
            metavar="names",
            help="further calls (pkg.connect, Pool.acquire) that make something to be released, comma separated",
        )

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        """Keep flake8's options for the files to come."""
        cls._options = options
