"""Bytes to text, and lines and columns as Python's parser counts them."""

from __future__ import annotations

import io
import re
import tokenize

# Not str.splitlines(): it also splits at form feeds, vertical tabs and Unicode separators, which the parser does not.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


class UndecodableError(ValueError):
    """The bytes are no Python source text; the message is the reason, in words for the user."""


def decode(data: bytes) -> str:
    """Return the text of a Python file, without its byte order mark and with its line ends as they are.

    Args:
        data: the bytes of the file; PEP 263 cookies and a UTF-8 byte order mark are respected.

    Raises:
        UndecodableError: the cookie names no known encoding, the bytes do not fit it, or there is a NUL byte.
    """
    if b"\0" in data:
        raise UndecodableError("it contains NUL bytes")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding)
    except SyntaxError as error:
        raise UndecodableError(str(error)) from None
    except UnicodeDecodeError as error:
        reason = f"byte {error.start} cannot be decoded as {error.encoding} ({error.reason})"
        raise UndecodableError(reason) from None


def split_lines(text: str) -> list[str]:
    """Split a text into lines as Python's parser does, each with its line end."""
    return _LINE.findall(text)


def character_column(line: str, byte_column: int) -> int:
    """Turn a column of ``ast`` (UTF-8 bytes) into a column of characters.

    Args:
        line: the line of source text.
        byte_column: the column as ``col_offset`` counts it.
    """
    if line.isascii():
        return byte_column
    return len(line.encode()[:byte_column].decode(errors="ignore"))


def byte_column(line: str, character_column: int) -> int:
    """Turn a column of characters into a column of ``ast`` (UTF-8 bytes)."""
    return len(line[:character_column].encode())
