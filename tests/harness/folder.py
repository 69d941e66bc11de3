"""A fixture folder made by a test, to see whether the harness can be deceived."""

from __future__ import annotations

from pathlib import Path

from flake8_cancel.finding import Finding, Span, Step
from tests.harness import fixture
from tests.harness.proof import Proof, load_proof, prove, unknown_names

PROOF = """
from tests.harness.harms import *
HARMS = (cancellation_lost, cancelled_by_nobody, resource_held, task_left, complaint)
"""


class Folder:
    """A fixture folder of the test: one file of functions and its proof."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def prove(self, source: str, found: bool, proof: str = "", path: tuple[int, ...] = ()) -> None:
        """Prove every function that is no helper, with a finding at its first line or with none."""
        cases = self.cases("import asyncio\n" + source)
        (self._place / "proof.py").write_text(PROOF + proof)
        loaded: Proof = load_proof(self._place / "proof.py")
        assert unknown_names(loaded, cases) == []
        for case in cases:
            if not case.is_helper:
                steps = tuple(Step(Span(line, 0, line, 1), "") for line in path)
                finding = Finding("CNL101", Span(case.first_line + 1, 0, case.first_line + 1, 1), "", steps)
                prove(loaded, case, [finding] if found else [])

    def cases(self, source: str) -> list[fixture.Case]:
        (self._place / "bad.py").write_text(source)
        return fixture.cases(self._place / "bad.py")
