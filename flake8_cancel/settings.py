"""What the user told about the code: flake8's options, then the nearest ``pyproject.toml``; for plugin and command."""

from __future__ import annotations

import argparse
import functools
import os
import re
import sys
from typing import Any, NamedTuple

from flake8_cancel.code.api import Facts, Version

# The file that tells, in a folder or above it.
PROJECT = "pyproject.toml"
_TABLE = "tool.flake8-cancel"
_KEYS = ("target-version", "cleanup-calls", "resource-makers")
_VERSION = re.compile(r"([0-9]+)\.([0-9]+)")
# The clauses of a version specifier that bound it from below. `>3.7` lets 3.7.1 in, so its bound is 3.7.
_LOWER_BOUND = re.compile(r"(?:>=|~=|===?|>)\s*v?([0-9]+)(?:\.([0-9]+))?")


class SettingsError(ValueError):
    """The settings are wrong; the message names the file and the reason, in words for the user."""


class _Project(NamedTuple):
    """What one ``pyproject.toml`` says."""

    target: Version | None = None
    cleanup_calls: frozenset[str] = frozenset()
    resource_makers: frozenset[str] = frozenset()


def facts_for(path: str, options: argparse.Namespace) -> Facts:
    """Return what the user told about one file.

    Args:
        path: the file, absolute or seen from the working directory; a name for standard input counts as a file there.
        options: flake8's options, with ``cancel_target_version`` as ``python_version`` returns it; None is "not given".

    Raises:
        SettingsError: the nearest ``pyproject.toml`` cannot be read or says something wrong.
    """
    project = _project(os.path.abspath(os.path.dirname(path)))
    return Facts(
        target=options.cancel_target_version or project.target or sys.version_info[:2],
        cleanup_calls=_first_given(options.cancel_cleanup_calls, project.cleanup_calls),
        resource_makers=_first_given(options.cancel_resource_makers, project.resource_makers),
    )


def python_version(text: str) -> Version:
    """Read a version of Python as the user writes it.

    Raises:
        SettingsError: the text is not of the form ``3.11``.
    """
    match = _VERSION.fullmatch(text.strip())
    if match is None:
        raise SettingsError(f"{text!r} is no version of Python such as '3.11'")
    return int(match[1]), int(match[2])


def lower_bound(specifier: str) -> Version | None:
    """Return the oldest Python that a version specifier (``>=3.8,<4``) lets in, None where it does not say."""
    matches = [_LOWER_BOUND.match(clause.strip()) for clause in specifier.split(",")]
    return max(((int(match[1]), int(match[2] or 0)) for match in matches if match), default=None)


def _first_given(option: list[str] | None, fallback: frozenset[str]) -> frozenset[str]:
    return fallback if option is None else frozenset(option)


@functools.cache
def _project(folder: str) -> _Project:
    """Return what the nearest ``pyproject.toml`` at or above a folder says."""
    path = f"{folder}{os.sep}{PROJECT}"
    # Nearly no folder has one, and an exception for each takes longer than the question.
    if not (os.access(path, os.F_OK) and os.path.isfile(path)):
        return _project(folder.rpartition(os.sep)[0]) if os.sep in folder else _Project()
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    # Most of these files say nothing to us, and a TOML parser is slow to import.
    if b"flake8-cancel" not in data and b"requires-python" not in data:
        return _Project()
    try:
        return _read(data)
    except ValueError as error:  # SettingsError, TOMLDecodeError and UnicodeDecodeError are all of this kind
        raise SettingsError(f"{path}: {error}") from None


def _read(data: bytes) -> _Project:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    content = tomllib.loads(data.decode())
    table = _subtable(_subtable(content, "tool"), "flake8-cancel", _TABLE)
    for key in table:
        if key not in _KEYS:
            raise SettingsError(f"[{_TABLE}] has no key {key!r}, only {', '.join(_KEYS)}")
    return _Project(
        target=_target(table, _subtable(content, "project")),
        cleanup_calls=_names(table, "cleanup-calls"),
        resource_makers=_names(table, "resource-makers"),
    )


def _subtable(table: dict[str, Any], key: str, name: str = "") -> dict[str, Any]:
    found = table.get(key, {})
    if not isinstance(found, dict):
        raise SettingsError(f"{name or key} must be a table")
    return found


def _target(table: dict[str, Any], project: dict[str, Any]) -> Version | None:
    if "target-version" in table:
        # Not a number: TOML reads 3.10 as 3.1.
        return python_version(_text(table, "target-version", f"[{_TABLE}]"))
    if "requires-python" in project:
        return lower_bound(_text(project, "requires-python", "[project]"))
    return None


def _text(table: dict[str, Any], key: str, name: str) -> str:
    found = table[key]
    if not isinstance(found, str):
        raise SettingsError(f"{key} in {name} must be a string")
    return found


def _names(table: dict[str, Any], key: str) -> frozenset[str]:
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise SettingsError(f"{key} in [{_TABLE}] must be a list of strings")
    return frozenset(found)
