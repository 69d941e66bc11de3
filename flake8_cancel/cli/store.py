"""Keeps data between runs: a folder with a file for each set of circumstances.

Data alone, behind a checksum, put in place at once. Whatever is wrong with a file, or with the folder, means that
nothing is kept, and is no error. Most entries are texts, and these stand in lines behind the JSON: to read thousands of
strings takes JSON several times as long.
"""

from __future__ import annotations

import os
import time
import zlib

# Not typing's own, which takes longer to import than a run in which nothing changed.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# Where everything is kept if the user does not say.
FOLDER = ".flake8_cancel_cache"
_MOST_CIRCUMSTANCES = 8
_MOST_ENTRIES = 50_000
_ENDING = ".json"
_NOTHING = "{}"
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
        self._circumstances = ascii(circumstances).encode()
        # Where two have one name, what is in the file tells whose it is.
        self._path = os.path.join(folder, f"{self._kind}{_checksum(self._circumstances)}{_ENDING}")

    def load(self) -> dict[str, Any]:
        """Return what was kept, nothing when there is none or it is damaged."""
        try:
            with open(self._path, "rb") as file:
                head, _, data = file.read().partition(b"\n")
            return _unpacked(data) if head == self._head(data) else {}
        except (OSError, ValueError, TypeError, RecursionError):
            return {}

    def save(self, learnt: dict[str, Any], anew: bool = False) -> None:
        """Keep this too, the last the longest. An interrupted or failed write leaves the former state.

        Args:
            learnt: what is to be kept.
            anew: whether all else is forgotten, and nothing is kept if this is too much.
        """
        if anew and len(learnt) > _MOST_ENTRIES:
            return
        # Another run may have saved meanwhile; what it knows of others is kept.
        kept = list({**({} if anew else self.load()), **learnt}.items())[-_MOST_ENTRIES:]
        import contextlib

        with contextlib.suppress(OSError):
            _prepare(self._folder)
            self._write(_packed(kept))
            self._tidy()

    def _head(self, data: bytes) -> bytes:
        return f"{_checksum(data)} ".encode() + self._circumstances

    def _write(self, data: bytes) -> None:
        import contextlib
        import tempfile

        descriptor, temporary = tempfile.mkstemp(suffix=".tmp", dir=self._folder)
        try:
            with open(descriptor, "wb") as file:
                file.write(self._head(data) + b"\n" + data)
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
    # Not above: where nothing changed nobody asks, and OpenSSL takes its time to load.
    import hashlib

    return hashlib.sha256(data).hexdigest()[:32]


def digest_of(path: str) -> str:
    """Return what tells the content of a file from every other, nothing where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return digest(file.read())
    except OSError:
        return ""


def status_of(path: str) -> os.stat_result | None:
    """Return what the system says of a file or folder, None when it says nothing."""
    try:
        return os.stat(path)
    except OSError:
        return None


def stamp_of(status: os.stat_result) -> str:
    """Return what tells one status of a file or folder from the others: one number, which is read and compared fast.

    Nobody can set the time of the last change (``st_ctime_ns``) back. A hash of numbers is the same in every process.
    """
    return str(hash((status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)))


def settled(status: os.stat_result | None) -> str:
    """Return a stamp that will tell of every later change, nothing when it changed too lately for that."""
    return settled_at(time.time(), status)


def settled_at(moment: float, status: os.stat_result | None) -> str:
    """Return a stamp that tells of every change since a moment, nothing when it changed too lately for that."""
    if status is None or moment - max(status.st_mtime_ns, status.st_ctime_ns) / 1e9 <= _SETTLED:
        return ""
    return stamp_of(status)


def _packed(entries: Iterable[tuple[str, Any]]) -> bytes:
    """Return a line of JSON, and two for every entry that is a text of one line."""
    import json

    lines = [""]
    others: dict[str, Any] = {}
    for key, value in entries:
        if isinstance(value, str) and "\n" not in key + value:
            lines += key, value
        else:
            others[key] = value
    lines[0] = _NOTHING if not others else json.dumps(others, separators=(",", ":"))
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _unpacked(data: bytes) -> dict[str, Any]:
    """Return all entries.

    Raises:
        ValueError: the data are damaged; TypeError too.
    """
    first, *lines = data.decode("utf-8", "surrogatepass").split("\n")
    entries: dict[str, Any] = dict(zip(lines[::2], lines[1::2], strict=True))
    if first != _NOTHING:
        # Not above, for it takes as long to import as to read thousands of lines.
        import json

        entries.update(json.loads(first))
    return entries


def _checksum(data: bytes) -> str:
    return f"{zlib.crc32(data):08x}"


def _changed(entry: os.DirEntry[str]) -> float:
    return entry.stat().st_mtime


def _remove(entries: Iterable[os.DirEntry[str]]) -> None:
    import contextlib

    for entry in entries:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(entry.path)


def _prepare(folder: str) -> None:
    os.makedirs(folder, exist_ok=True)
    ignoring = os.path.join(folder, ".gitignore")
    if not os.path.exists(ignoring):
        with open(ignoring, "w") as file:
            file.write("*\n")
