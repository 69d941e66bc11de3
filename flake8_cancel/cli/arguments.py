"""The command line and flake8's configuration, read by flake8's own code; no other plugin is looked for."""

from __future__ import annotations

import argparse
import configparser
from collections.abc import Sequence

import flake8
from flake8.exceptions import ExecutionError
from flake8.main.options import register_default_options, stage1_arg_parser
from flake8.options.aggregator import aggregate_options
from flake8.options.config import load_config
from flake8.options.manager import OptionManager
from flake8.utils import parse_comma_separated_list

from flake8_cancel import __version__
from flake8_cancel.cli.store import FOLDER
from flake8_cancel.plugin import Plugin

_PREFIX = "CNL"
# They concern other checkers, or how flake8 loads and measures plugins.
_WITHOUT_EFFECT = (
    "enable_extensions",
    "require_plugins",
    "max_line_length",
    "max_doc_length",
    "indent_size",
    "hang_closing",
    "benchmark",
    "bug_report",
)
_DESCRIPTION = (
    "Find the ways in which asyncio code loses a cancellation, and repair them. Which files and codes count is read "
    "from flake8's configuration; '-' is standard input."
)
_EPILOG = (
    "Left out: of flake8's options, {ignored} are accepted and have no effect here; the options of other plugins are "
    "ignored, in configuration files as flake8 ignores unknown ones. Other plugins are never imported: "
    "enable-extensions, require-plugins, [flake8:local-plugins] and the report formats of other plugins are not "
    "honoured. "
    "Exit codes: 0 nothing to report, 1 findings remain, 2 something could not be checked."
)


class UsageError(ValueError):
    """The command line or a configuration file is wrong; the message is for the user."""


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line and the configuration files as flake8 does.

    Args:
        argv: the arguments, without the command's name.

    Returns:
        flake8's options, those of the plugin and those of the command, ready for flake8's style guide.

    Raises:
        UsageError: a configuration file is missing or wrong.
        SystemExit: argparse found the command line wrong, or printed help or version.
    """
    preliminary = stage1_arg_parser()
    early, rest = preliminary.parse_known_args(argv)
    # flake8 hands this one on as well, so that its formatters see it.
    if early.output_file:
        rest = ["--output-file", early.output_file, *rest]
    flake8.configure_logging(early.verbose, early.output_file)
    try:
        config, folder = load_config(config=early.config, extra=early.append_config, isolated=early.isolated)
        options: argparse.Namespace = aggregate_options(_manager(preliminary), config, folder, rest)
    except (ExecutionError, configparser.Error, ValueError, OSError) as error:
        raise UsageError(str(error)) from None
    options.verbose = early.verbose
    return options


def _manager(preliminary: argparse.ArgumentParser) -> OptionManager:
    manager = OptionManager(
        version=__version__,
        plugin_versions=f"flake8: {flake8.__version__}",
        parents=[preliminary],
        formatter_names=["default", "pylint", "quiet-filename", "quiet-nothing"],
    )
    register_default_options(manager)
    Plugin.add_options(manager)
    # flake8 selects what a plugin's entry point is called.
    manager.extend_default_select([_PREFIX])
    _add_own(manager.parser)
    _describe(manager.parser)
    return manager


def _add_own(parser: argparse.ArgumentParser) -> None:
    fixing = parser.add_argument_group("fixing")
    fixing.add_argument("--fix", action="store_true", help="Apply the safe fixes.")
    fixing.add_argument(
        "--unsafe-fixes",
        action="store_true",
        help="With --fix or --diff, apply the fixes too that may change what a program does.",
    )
    fixing.add_argument(
        "--fixable",
        metavar="codes",
        type=parse_comma_separated_list,
        help="Comma-separated list of codes, or beginnings of codes, that may be fixed. (Default: all)",
    )
    fixing.add_argument(
        "--unfixable",
        metavar="codes",
        type=parse_comma_separated_list,
        default=[],
        help="Comma-separated list of codes, or beginnings of codes, that are never fixed.",
    )
    fixing.add_argument("--diff", action="store_true", help="Show what --fix would change, and write nothing.")
    fixing.add_argument(
        "--exit-non-zero-on-fix",
        action="store_true",
        help="Exit with 1 if anything was fixed, even if nothing is left.",
    )
    remembering = parser.add_argument_group("remembering")
    remembering.add_argument("--no-cache", action="store_true", help="Check every file, whatever is remembered of it.")
    remembering.add_argument(
        "--cache-dir",
        metavar="folder",
        default=FOLDER,
        help="Where to remember what was found in files. (Default: %(default)s in the working directory)",
    )
    showing = parser.add_argument_group("showing")
    showing.add_argument(
        "--output-format",
        choices=("text", "json", "github", "sarif"),
        default="text",
        help="text obeys --format, -q, --show-source, --count and --statistics; the others are for programs. "
        "(Default: %(default)s)",
    )
    showing.add_argument("--explain", metavar="code", help="Print the documentation of a rule and exit.")
    showing.add_argument("--rules", action="store_true", help="List the rules and exit.")


def _describe(parser: argparse.ArgumentParser) -> None:
    ignored = []
    for action in parser._actions:
        if action.dest in _WITHOUT_EFFECT:
            action.help = argparse.SUPPRESS
            ignored.append(action.option_strings[-1])
    parser.prog = "flake8-cancel"
    parser.usage = "%(prog)s [options] path path ..."
    parser.description = _DESCRIPTION
    parser.epilog = _EPILOG.format(ignored=", ".join(ignored))
