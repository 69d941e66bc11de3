"""The tutorial this began from: what its ten sections say, what happens, and what the tool finds and makes of it."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import ModuleType

import pytest

from flake8_cancel import registry
from flake8_cancel.fix.engine import repair
from flake8_cancel.registry import STRICT
from flake8_cancel.source import decode
from tests.harness import fixture
from tests.harness.program import run_program

ROOT = fixture.ROOT / fixture.DOCUMENT
SECTIONS = sorted(path for path in ROOT.iterdir() if path.is_dir())
PROGRAMS = [path for section in SECTIONS for path in fixture.files(section, "*.py") if path.name != "proof.py"]
# The twin of a program is what the tool makes of it; where the tool can make nothing of it, it was written by hand.
MADE, BY_HAND = ".fixed", ".by_hand"


def by_place(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def twin(path: Path) -> Path:
    (only,) = (path.with_suffix(suffix) for suffix in (MADE, BY_HAND) if path.with_suffix(suffix).exists())
    return only


def proof(path: Path) -> ModuleType:
    place = path.parent / "proof.py"
    module = ModuleType(f"proof_of_{path.parent.name}")
    exec(compile(place.read_bytes(), str(place), "exec", dont_inherit=True), vars(module))
    return module


def test_there_are_ten_sections() -> None:
    assert [section.name[:3] for section in SECTIONS] == [f"{number:02}_" for number in range(1, 11)]
    assert {path.parent for path in PROGRAMS} == set(SECTIONS)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_every_proof_is_of_a_program(section: Path) -> None:
    """What a proof says of a program that is not there would never be run."""
    programs = [path for path in PROGRAMS if path.parent == section]
    expected = {path.stem for path in programs} | {f"{path.stem}_{twin(path).suffix[1:]}" for path in programs}
    tree = ast.parse((section / "proof.py").read_bytes())
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assigned = {ast.unparse(target) for node in tree.body if isinstance(node, ast.Assign) for target in node.targets}
    assert expected <= names | assigned
    assert {"claimed", "CLAIM"} <= names | assigned


@pytest.mark.parametrize("path", PROGRAMS, ids=by_place)
def test_what_happens_and_what_the_twin_does(path: Path) -> None:
    needs = max(case.needs for case in fixture.cases(path))
    if needs > sys.version_info[:2]:
        pytest.skip(f"it uses what asyncio has since Python {needs[0]}.{needs[1]}")
    shown = proof(path)
    other = twin(path)
    getattr(shown, path.stem)(run_program(path), path)
    getattr(shown, f"{path.stem}_{other.suffix[1:]}")(run_program(other), other)


@pytest.mark.parametrize("path", PROGRAMS, ids=by_place)
@pytest.mark.parametrize("strict", [False, True], ids=["default", "strict"])
def test_what_the_tool_finds(path: Path, strict: bool) -> None:
    text = decode(path.read_bytes())
    marks = [mark for mark in fixture.marks(text) if strict or not mark.code.startswith(STRICT)]
    assert fixture.differences(marks, fixture.findings(path, registry.chosen(strict)), text) == []


@pytest.mark.parametrize("path", PROGRAMS, ids=by_place)
def test_what_the_tool_makes_of_it(path: Path) -> None:
    rules = registry.chosen(strict=True)
    repaired = repair(path.read_bytes(), fixture.checker(decode(path.read_bytes()), rules), fixture.every, rules)
    expected = twin(path) if twin(path).suffix == MADE else path
    assert repaired.data.decode() == expected.read_bytes().decode()


@pytest.mark.parametrize("path", PROGRAMS, ids=by_place)
def test_nothing_is_found_in_the_twin(path: Path) -> None:
    assert fixture.findings(twin(path), registry.chosen(strict=True)) == []
