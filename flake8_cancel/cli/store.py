"""Keeps data between runs: a folder with a file of JSON for each set of circumstances.

Data alone, behind a checksum, put in place at once. Whatever is wrong with a file, or with the folder, means that
nothing is kept, and is no error.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterable
from typing import Any

_MOST_CIRCUMSTANCES = 8
_MOST_ENTRIES = 50_000
_ENDING = ".json"
# File systems count time in ticks: what changed just now may change again and look the same.
_SETTLED = 2.0


class Store:
    """What is kept for one set of circumstances.

    Args:
        folder: where it is kept.
        kind: what it is, the beginning of the file's name.
        circumstances: all that it depends on.
    """

    def __init__(self, folder: str, kind: str, circumstances: object) -> None:
        self._folder = folder
        self._kind = f"{kind}-"
        self._path = os.path.join(folder, f"{self._kind}{digest(repr(circumstances).encode())[:32]}{_ENDING}")

    def load(self) -> dict[str, Any]:
        """Return what was kept, nothing when there is none or it is damaged."""
        try:
            with open(self._path, "rb") as file:
                said, _, data = file.read().partition(b"\n")
            loaded = json.loads(data) if said.decode() == digest(data) else {}
        except (OSError, ValueError, RecursionError):
            return {}
        return loaded if isinstance(loaded, dict) else {}

    def save(self, learnt: dict[str, Any]) -> None:
        """Keep this too, the last the longest. An interrupted or failed write leaves the former state."""
        # Another run may have saved meanwhile; what it knows of others is kept.
        kept = list({**self.load(), **learnt}.items())[-_MOST_ENTRIES:]
        with contextlib.suppress(OSError):
            _prepare(self._folder)
            self._write(json.dumps(dict(kept), separators=(",", ":")).encode())
            self._tidy()

    def _write(self, data: bytes) -> None:
        import tempfile

        descriptor, temporary = tempfile.mkstemp(suffix=".tmp", dir=self._folder)
        try:
            with open(descriptor, "wb") as file:
                file.write(digest(data).encode() + b"\n" + data)
            os.replace(temporary, self._path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise

    def _tidy(self) -> None:
        """Remove what was kept for circumstances of long ago, and what killed runs left."""
        with os.scandir(self._folder) as found:
            entries = list(found)
        kept = [entry for entry in entries if entry.name.startswith(self._kind) and entry.name.endswith(_ENDING)]
        left = [entry for entry in entries if entry.name.endswith(".tmp") and time.time() - _changed(entry) > 3600]
        _remove(sorted(kept, key=_changed, reverse=True)[_MOST_CIRCUMSTANCES:])
        _remove(left)


def digest(data: bytes) -> str:
    """Return what tells one content from every other."""
    return hashlib.sha256(data).hexdigest()


def digest_of(path: str) -> str:
    """Return what tells the content of a file from every other, nothing where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return digest(file.read())
    except OSError:
        return ""


def stamp_of(path: str) -> list[int] | None:
    """Return what the system says of a file or folder, None when it says nothing.

    Nobody can set the time of its last change (the third number) back.
    """
    try:
        found = os.stat(path)
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def settled(stamp: list[int] | None) -> list[int] | None:
    """Return a stamp that will tell of every later change, None when it changed too lately for that."""
    if stamp is None or time.time() - max(stamp[1], stamp[2]) / 1e9 <= _SETTLED:
        return None
    return stamp


def _changed(entry: os.DirEntry[str]) -> float:
    return entry.stat().st_mtime


def _remove(entries: Iterable[os.DirEntry[str]]) -> None:
    for entry in entries:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(entry.path)


def _prepare(folder: str) -> None:
    os.makedirs(folder, exist_ok=True)
    ignoring = os.path.join(folder, ".gitignore")
    if not os.path.exists(ignoring):
        with open(ignoring, "w") as file:
            file.write("*\n")
