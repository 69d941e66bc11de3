"""A fix gives other tools nothing to say that they did not say before: ruff, flake8-bugbear, and mypy of the types.

What they find in the fixtures with mistakes is compared with what they find in the twins, file by file and by code.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from flake8_cancel import registry
from flake8_cancel.source import decode
from tests.harness import fixture

RUFF = "--select=E,F,W,B,BLE,TRY,SIM,RUF,ASYNC"
TARGET = (3, 11)
# What a fix cannot but bring, by the code of the tool and of the rule; no rule means every rule.
INHERENT = {
    ("E501", ""): "how long lines may be, and where they are broken, is the formatter's business",
    ("arg-type", "CNL206"): "mypy does not see through a generic method that is handed on with its arguments",
    ("SIM102", "CNL205"): "the test that is there asks for something else than whose task it is",
    ("SIM102", "CNL410"): "the test that is there asks for something else than how the future ended",
    ("ASYNC110", "CNL605"): "that the loop waits for something turn by turn was so before",
    ("union-attr", "CNL410"): "what the statement uses is asked before, so that what may be None stands there twice",
}
_MARK = re.compile(r"[ \t]*#!.*")
_MYPY = re.compile(r"(?P<file>[^:]+):\d+: error: .*\[(?P<code>[a-z-]+)\]$")

Tally = Counter[tuple[str, str]]


class Pair(NamedTuple):
    """A fixture with mistakes that has a twin, and the name that both go by here."""

    code: str
    path: Path
    name: str


PAIRS = [
    Pair(entry.code, path, f"{entry.chapter}_{path.parent.name}_{path.name}")
    for entry in registry.entries()
    for path in fixture.files(fixture.folder(entry), "bad.py", "bad_*.py")
    if path.with_suffix(".fixed").exists() and fixture.required(decode(path.read_bytes())) <= TARGET
]


def by_ruff(folder: Path) -> Tally:
    """Count what ruff finds, by file and code."""
    options = ["--isolated", "--no-cache", "--exit-zero", "--target-version=py311", "--output-format=json", RUFF]
    found = json.loads(run("ruff", "check", *options, str(folder)))
    return Counter((Path(one["filename"]).name, one["code"]) for one in found)


def by_bugbear(folder: Path) -> Tally:
    """Count what flake8-bugbear finds, by file and code."""
    options = ["--isolated", "--jobs=1", "--exit-zero", "--select=B", "--format=%(path)s:%(code)s"]
    lines = run("flake8", *options, str(folder)).splitlines()
    return Counter((Path(path).name, code) for path, _, code in (line.rpartition(":") for line in lines))


def by_mypy(folder: Path) -> Tally:
    """Count what mypy finds, by file and code."""
    options = ["--strict", "--config-file=", "--cache-dir=" + str(folder / "cache"), "--python-version=3.11"]
    lines = run("mypy", *options, *map(str, sorted(folder.glob("*.py")))).splitlines()
    return Counter((Path(found["file"]).name, found["code"]) for found in map(_MYPY.match, lines) if found)


def run(tool: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", tool, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=[by_ruff, by_bugbear, by_mypy])
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tally, Tally]:
    """What a tool finds in the files with mistakes, and in their twins."""
    tool: Callable[[Path], Tally] = request.param
    tallies = []
    for suffix in (".py", ".fixed"):
        folder = tmp_path_factory.mktemp("written")
        for pair in PAIRS:
            text = decode(pair.path.with_suffix(suffix).read_bytes())
            (folder / pair.name).write_text(_MARK.sub("", text), encoding="utf-8")
        tallies.append(tool(folder))
    before, after = tallies
    assert before, "the tool has found nothing at all"
    return before, after


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.code}-{pair.path.name}")
def test_a_fix_gives_nothing_new_to_say(pair: Pair, found: tuple[Tally, Tally]) -> None:
    before, after = ({code: count for (name, code), count in one.items() if name == pair.name} for one in found)
    more = {code for code, count in after.items() if count > before.get(code, 0)}
    assert {code for code in more if not {(code, ""), (code, pair.code)} & INHERENT.keys()} == set()
