"""The rule table of the README, computed from the rules: ``python -m tests.readme`` writes it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from flake8_cancel import registry
from flake8_cancel.source import decode
from tests.harness import fixture

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"

_TABLE = re.compile(r"(<!-- rules: begin .*-->\n).*?(<!-- rules: end -->\n)", re.DOTALL)


def main() -> None:
    """Write the table into the README."""
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")


def with_table(text: str) -> str:
    """Return the README's text with the table as it should be."""
    written, count = _TABLE.subn(lambda match: match[1] + _table() + match[2], text)
    if count != 1:
        raise SystemExit("README.md has no place for the rule table, or more than one")
    return written


def _table() -> str:
    head = "| code | name | what it finds | on by default | fix |\n|---|---|---|---|---|\n"
    return head + "".join(map(_row, registry.entries()))


def _row(entry: registry.Entry) -> str:
    default = "no" if entry.code.startswith(registry.STRICT) else "yes"
    summary = entry.summary.replace("``", "`").replace("|", "\\|")
    return f"| {entry.code} | {entry.name} | {summary} | {default} | {_fixes(entry)} |\n"


def _fixes(entry: registry.Entry) -> str:
    """Return the kinds of fix that the rule's findings in its fixtures have."""
    repairs = [
        finding.repair
        for path in fixture.files(fixture.folder(entry), "bad*.py")
        if fixture.required(decode(path.read_bytes())) <= sys.version_info
        for finding in fixture.findings(path, (entry.rule,))
    ]
    return ", ".join(sorted({"safe" if repair.safe else "unsafe" for repair in repairs if repair})) or "none"


if __name__ == "__main__":
    main()
