"""Finds the files as flake8 does and reads them."""

from __future__ import annotations

import argparse
import logging
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from flake8.discover_files import expand_paths
from flake8.utils import matches_filename

from flake8_cancel.cli.outcome import Problem, reason_of

STDIN = "-"
_LOG = logging.getLogger(__name__)


class Job(NamedTuple):
    """A file to be checked; ``named`` when the user wrote it on the command line, not a folder around it."""

    path: str
    named: bool


class UnreadableError(ValueError):
    """A file cannot be read; the message is the reason, in words for the user."""


def find(options: argparse.Namespace) -> tuple[list[Job], list[Problem]]:
    """Find the files to be checked, each once, in the order of their names.

    Args:
        options: flake8's options.

    Returns:
        The files, and the folders that could not be looked into.
    """
    paths = options.filenames or [os.curdir]
    exclude = (*options.exclude, *options.extend_exclude)
    found = expand_paths(
        paths=paths,
        stdin_display_name=options.stdin_display_name,
        filename_patterns=options.filename,
        exclude=exclude,
    )
    once: dict[str, str] = {}
    for path in found:
        # A file that has two names must not be written by two processes.
        once.setdefault(os.path.realpath(path) if options.fix else os.path.abspath(path), path)
    named = set(paths)
    return [Job(path, path in named) for path in sorted(once.values())], list(_closed_folders(paths, exclude))


def read(path: str) -> bytes:
    """Return the bytes of a file, or of standard input for ``-``.

    Raises:
        UnreadableError: there is no such file, it may not be read, or it is no regular file.
    """
    if path == STDIN:
        if sys.stdin is None:
            raise UnreadableError("standard input is closed")
        return sys.stdin.buffer.read()
    try:
        # Opening a named pipe would wait for a writer.
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UnreadableError("not a regular file")
            return file.read()
    except OSError as error:
        raise UnreadableError(reason_of(error)) from None


def _closed_folders(paths: Iterable[str], exclude: Sequence[str]) -> Iterator[Problem]:
    """Yield the folders that flake8's search passes over in silence because they cannot be read."""
    errors: list[OSError] = []
    for path in paths:
        if path == STDIN or _is_excluded(path, exclude):
            continue
        for root, folders, _ in os.walk(path, onerror=errors.append):
            folders[:] = [folder for folder in folders if not _is_excluded(os.path.join(root, folder), exclude)]
    for error in errors:
        # A path that is a file, or nothing, is found out when it is read.
        if os.path.isdir(error.filename):
            yield Problem(error.filename, f"folder cannot be read: {reason_of(error)}")


def _is_excluded(path: str, exclude: Sequence[str]) -> bool:
    return bool(matches_filename(path, exclude, '"%(path)s" has %(whether)sbeen excluded', _LOG))
