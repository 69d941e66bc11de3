"""Finds what flake8's ``expand_paths`` finds in folders, in a fraction of its time.

All patterns are one, each folder is read once, and what it holds is remembered for as long as the system says that it
did not change, which is what Python's own imports rely on.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import re
from collections.abc import Sequence

from flake8_cancel.cli.outcome import Problem, reason_of
from flake8_cancel.cli.store import Store, settled, stamp_of, status_of

# What has a meaning in a pattern, or reaches beyond a name. Where capitals count for nothing, so do they.
_SPECIAL = re.compile(r"[*?\[\\/]" if os.path.normcase("A") == "A" else "")


class Patterns:
    """Which names are wanted.

    Args:
        options: flake8's options.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self._excluded = _any_of([*options.exclude, *options.extend_exclude])
        self._wanted = _any_of(options.filename)
        self._endings = _endings(options.filename)

    def want(self, folder: str, name: str) -> bool:
        """Tell whether a file is wanted, if it is not excluded."""
        if self._endings:
            return name.endswith(self._endings)
        return self._wanted is None or self._wanted.match(os.path.normcase(folder + name)) is not None

    def exclude(self, name: str, absolute: str) -> bool:
        """Tell whether a file or folder is excluded, by its name or by its absolute path."""
        if self._excluded is None:
            return False
        if name not in (os.curdir, os.pardir) and self._excluded.match(os.path.normcase(name)):
            return True
        return self._excluded.match(os.path.normcase(absolute)) is not None


class Folders:
    """Looks into folders, or remembers what they hold.

    Args:
        options: flake8's options, and those that say what is remembered.

    Attributes:
        patterns: which names are wanted.
        closed: the folders that could not be looked into.
        seen: the folders that were looked into.
        lasting: whether all of these change when what they hold does.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self.patterns = Patterns(options)
        self.closed: list[Problem] = []
        self.seen: list[str] = []
        self.lasting = True
        circumstances = (os.getcwd(), options.exclude, options.extend_exclude, options.filename)
        self._store = None if options.no_cache else Store(options.cache_dir, "folders", circumstances)
        self._own = os.path.join(os.path.abspath(options.cache_dir), "")
        self._known = self._store.load() if self._store else {}
        self._changed = False

    def files(self, path: str) -> dict[str, str]:
        """Return the wanted files below a folder, by their absolute paths."""
        found: dict[str, str] = {}
        waiting = [(os.path.join(path, ""), os.path.join(os.path.abspath(path), ""))]
        while waiting:
            folder, absolute = waiting.pop()
            inner, names = self._held_by(folder, absolute)
            if absolute != self._own:
                self.seen.append(folder)
            for name in inner:
                waiting.append((f"{folder}{name}{os.sep}", f"{absolute}{name}{os.sep}"))
            for name in names:
                found[absolute + name] = folder + name
        return found

    def save(self) -> None:
        """Keep what was seen for the next run."""
        if self._store and self._changed:
            self._store.save(self._known)

    def _held_by(self, folder: str, absolute: str) -> tuple[list[str], list[str]]:
        """Return the names of the folders and of the files in a folder that are wanted."""
        status = status_of(folder)
        try:
            then, number, *known = self._known[folder].split("/")
            if status and then == stamp_of(status):
                return known[: int(number)], known[int(number) :]
        except (KeyError, AttributeError, ValueError):
            pass
        # Now, for it may change while it is read.
        stamp = settled(status)
        inner, names, lasting = self._look_into(folder, absolute)
        if absolute == self._own:
            # Keeping something changes it.
            lasting = False
        self.lasting = self.lasting and (lasting or (absolute == self._own and not inner and not names))
        self._known.pop(folder, None)
        if stamp and lasting:
            # One text, which is read faster than lists. No name has a slash in it.
            self._known[folder] = "/".join([stamp, str(len(inner)), *inner, *names])
            self._changed = True
        return inner, names

    def _look_into(self, folder: str, absolute: str) -> tuple[list[str], list[str], bool]:
        """Return the names of folders and of files, and whether the folder changes when one of these does."""
        inner: list[str] = []
        names: list[str] = []
        try:
            with os.scandir(folder) as found:
                entries = list(found)
        except OSError as error:
            self.closed.append(Problem(os.path.dirname(folder), f"folder cannot be read: {reason_of(error)}"))
            return inner, names, False
        lasting = True
        for entry in entries:
            name = entry.name
            # What a link leads to can become something else, and its folder stays as it is.
            lasting = lasting and not entry.is_symlink()
            if _is_folder(entry):
                # As in os.walk(), a link to a folder is no file, and nobody follows it.
                if not entry.is_symlink() and not self.patterns.exclude(name, absolute + name):
                    inner.append(name)
            elif self.patterns.want(folder, name) and not self.patterns.exclude(name, absolute + name):
                names.append(name)
        return inner, names, lasting


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _any_of(patterns: Sequence[str]) -> re.Pattern[str] | None:
    """Return what matches all that one of some file name patterns matches, None where there are none."""
    each = [fnmatch.translate(os.path.normcase(pattern)) for pattern in patterns]
    return re.compile("|".join(each)) if each else None


def _endings(patterns: Sequence[str]) -> tuple[str, ...]:
    """Return the ends of names that some patterns ask for, nothing where one asks for more.

    Most files of a tree may be none of Python, and this question is asked of each.
    """
    if any(_SPECIAL.search(pattern[1:]) or pattern[:1] != "*" for pattern in patterns):
        return ()
    return tuple(pattern[1:] for pattern in patterns)
