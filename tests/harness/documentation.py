"""The documentation of a rule, taken apart so that it can be executed."""

from __future__ import annotations

import re
import textwrap
from typing import NamedTuple

SECTIONS = ("Why", "Bad", "Good", "Fix", "Not found")
_HEADING = re.compile(rf"^({'|'.join(SECTIONS)}):[ \t]*", re.MULTILINE)


class Documentation(NamedTuple):
    """A rule's docstring in parts; ``order`` are the headings as they come, ``not_found`` may be empty."""

    order: tuple[str, ...]
    summary: str
    why: str
    bad: str
    good: str
    fix: str
    not_found: str


def parse(text: str) -> Documentation:
    """Take a docstring apart; a part that is not there is empty.

    Args:
        text: the docstring, its indentation removed.
    """
    summary, *pieces = _HEADING.split(text)
    order = tuple(pieces[0::2])
    parts = dict(zip(order, pieces[1::2], strict=True))
    return Documentation(
        order,
        summary.strip(),
        parts.get("Why", "").strip(),
        _code(parts.get("Bad", "")),
        _code(parts.get("Good", "")),
        parts.get("Fix", "").strip(),
        parts.get("Not found", "").strip(),
    )


def faults(documentation: Documentation) -> list[str]:
    """Return what is wrong with the form of a rule's documentation."""
    found = []
    if documentation.order not in (SECTIONS, SECTIONS[:-1]):
        found.append(f"the headings are {documentation.order}")
    if not re.fullmatch(r"[^.]+(?:\.\S[^.]*)*\.", documentation.summary) or "\n" in documentation.summary:
        found.append("the summary is not one sentence on one line, ended by a full stop")
    for name, value in documentation._asdict().items():
        if not value and name != "not_found":
            found.append(f"{name} is empty")
    if "Not found" in documentation.order and not documentation.not_found:
        found.append("not_found is empty")
    return found


def _code(block: str) -> str:
    """Return an indented block as source text; empty if something in it is not indented."""
    lines = textwrap.dedent(block.strip("\n")).rstrip()
    indented = all(not line or line[0].isspace() for line in block.strip("\n").splitlines())
    return lines + "\n" if lines and indented else ""
