"""Finds the files as flake8 does and reads them."""

from __future__ import annotations

import argparse
import os
import stat
import sys
from typing import NamedTuple

from flake8_cancel.cli.folders import Folders
from flake8_cancel.cli.outcome import Problem, reason_of

STDIN = "-"
# What flake8 calls standard input when nobody gave it a name, which is then never excluded.
_NAMELESS = "stdin"


class UnreadableError(ValueError):
    """A file cannot be read; the message is the reason, in words for the user."""


class Found(NamedTuple):
    """What there is to be checked.

    Attributes:
        paths: the files, each once, in the order of their names.
        closed: the folders that could not be looked into.
        folders: those that were, None where they may hold something else tomorrow and not have changed.
    """

    paths: list[str]
    closed: list[Problem]
    folders: list[str] | None


def find(options: argparse.Namespace) -> Found:
    """Find the files to be checked.

    Args:
        options: flake8's options, and those that say what is remembered.
    """
    folders = Folders(options)
    once: dict[str, str] = {}
    for path in options.filenames or [os.curdir]:
        # The first of two paths of one file counts.
        once = _below(path, folders, options.stdin_display_name) | once
    if options.fix:
        # A file that has two names must not be written by two processes.
        once = {os.path.realpath(path): path for path in reversed(once.values())}
    folders.save()
    return Found(sorted(once.values()), folders.closed, folders.seen if folders.lasting else None)


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


def _below(path: str, folders: Folders, stdin_name: str) -> dict[str, str]:
    """Return the files at or below a path that was named, by their absolute paths."""
    patterns, absolute = folders.patterns, os.path.abspath(path)
    if path == STDIN:
        shown = os.path.abspath(stdin_name)
        if stdin_name == _NAMELESS or not patterns.exclude(os.path.basename(stdin_name), shown):
            return {absolute: path}
        return {}
    if patterns.exclude(os.path.basename(path), absolute):
        return {}
    return folders.files(path) if os.path.isdir(path) else {absolute: path}
