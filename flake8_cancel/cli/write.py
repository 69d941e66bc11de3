"""Writes a mended file: whole or not at all, and only over the bytes that were read."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile

from flake8_cancel.cli.outcome import reason_of


class UnwrittenError(ValueError):
    """The file was left as it is; the message is the reason, in words for the user."""


def replace(path: str, old: bytes, new: bytes) -> None:
    """Put new bytes in the place of a file's old ones. Mode, owner and symbolic links stay.

    Args:
        path: the file; a symbolic link is followed and stays a link.
        old: the bytes that were read; a file that holds others by now is left alone.
        new: the bytes to be written.

    Raises:
        UnwrittenError: the file changed or cannot be written; it is then as it was.
    """
    target = os.path.realpath(path)
    try:
        # Replacing needs no right to write the file itself, but without it the user does not expect it to change.
        if not os.access(target, os.W_OK) and os.path.exists(target):
            raise UnwrittenError("permission denied")
        _replace(target, old, new)
    except OSError as error:
        raise UnwrittenError(reason_of(error)) from None


def _replace(target: str, old: bytes, new: bytes) -> None:
    before = os.stat(target)
    folder, name = os.path.split(target)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{name[:100]}.", suffix=".tmp", dir=folder)
    try:
        with open(descriptor, "wb") as file:
            file.write(new)
            file.flush()
            _keep_owner_and_mode(temporary, before)
            os.fsync(file.fileno())
        with open(target, "rb") as file:
            if file.read() != old:
                raise UnwrittenError("it changed since it was read")
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _keep_owner_and_mode(temporary: str, before: os.stat_result) -> None:
    made = os.stat(temporary)
    if (made.st_uid, made.st_gid) != (before.st_uid, before.st_gid):
        try:
            os.chown(temporary, before.st_uid, before.st_gid)
        except PermissionError:
            raise UnwrittenError("its owner could not be kept") from None
    # After the owner: a change of owner clears the set-user-id bits.
    os.chmod(temporary, stat.S_IMODE(before.st_mode))
