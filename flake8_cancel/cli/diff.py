"""Two versions of a file as a unified diff that ``patch -p0`` and ``git apply -p0`` take."""

from __future__ import annotations

import difflib
import os
import re

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")


def unified(path: str, old: bytes, new: bytes) -> bytes:
    """Return the unified diff of two versions of a file, in the file's own encoding and line ends."""
    name = os.fsencode(path)
    # Not splitlines(): it also splits at lone carriage returns, which patch does not.
    lines = difflib.diff_bytes(difflib.unified_diff, _LINE.findall(old), _LINE.findall(new), name, name)
    return b"".join(line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n" for line in lines)
