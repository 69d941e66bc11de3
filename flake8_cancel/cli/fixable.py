"""Which findings may be mended: ``--fixable``, ``--unfixable``, ``--unsafe-fixes``."""

from __future__ import annotations

import argparse

from flake8_cancel.finding import Finding


def is_fixable(finding: Finding, options: argparse.Namespace) -> bool:
    """Tell whether a finding has a repair and its code may be fixed."""
    if finding.repair is None:
        return False
    chosen = options.fixable is None or finding.code.startswith(tuple(options.fixable))
    return chosen and not finding.code.startswith(tuple(options.unfixable))


def is_wanted(finding: Finding, options: argparse.Namespace) -> bool:
    """Tell whether a finding is to be mended: fixable, and safe unless the user asked for the others too."""
    repair = finding.repair
    return repair is not None and is_fixable(finding, options) and (repair.safe or options.unsafe_fixes)
