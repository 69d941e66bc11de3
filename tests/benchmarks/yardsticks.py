"""What is measured, against what, and what is to be reached."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.environments import Environments
from tests.benchmarks.running import Command, median, paired

_PEERS = "ASYNC,RUF006"
_SMALL = "import asyncio\n\n\nasync def main():\n    await asyncio.sleep(1)\n"


class Row(NamedTuple):
    """One line of the table."""

    what: str
    against: str
    found: str
    goal: str


def rows(programs: Environments, code: Path, part: Path, scratch: Path, runs: int) -> Iterator[Row]:
    """Measure, and yield the lines of the table.

    Args:
        programs: the tools.
        code: the whole code.
        part: a part of it, for what runs long.
        scratch: an empty folder.
        runs: how many rounds.
    """
    yield from _as_plugin(programs, part, runs)
    yield from _as_command(programs, code, scratch, runs)
    yield from _at_start(programs, scratch, runs)
    yield _memory(programs, code)
    yield from _more_files(programs, code, scratch, runs)


def part_of(code: Path, folder: Path, every: int) -> Path:
    """Return a folder with some of the files, here and there.

    Args:
        code: the whole code.
        folder: the folder to be made.
        every: every which file.
    """
    for path in sorted(code.rglob("*.py"))[::every]:
        place = folder / path.relative_to(code)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    return folder


def _as_plugin(programs: Environments, part: Path, runs: int) -> Iterator[Row]:
    def flake8(folder: Path, *options: str) -> Command:
        return Command([str(folder / "flake8"), "--isolated", "-j1", *options, "."], part)

    found = paired(
        runs,
        flake8(programs.alone),
        flake8(programs.ours),
        flake8(programs.theirs, "--extend-select=ASYNC1,ASYNC3"),
    )
    with_us = median([ours.cpu / alone.cpu for alone, ours, _ in found])
    yield Row("flake8 -j1 with the plugin", "without it (processor)", f"{with_us:.2f} times", "1.03")
    less = median([(theirs.cpu - alone.cpu) / max(ours.cpu - alone.cpu, 0.01) for alone, ours, theirs in found])
    yield Row("what the plugin adds", "what flake8-async adds", f"{less:.0f} times less", "100")


def _as_command(programs: Environments, code: Path, scratch: Path, runs: int) -> Iterator[Row]:
    ours, ruff = str(programs.ours / "flake8-cancel"), str(programs.ours / "ruff")
    caches = [scratch / name for name in ("ours", "theirs", "changing")]
    peers = [ruff, "check", "--isolated", f"--select={_PEERS}", "."]
    cold = Command([ours, "--isolated", "--no-cache", "."], code)
    warm = Command([ours, "--isolated", f"--cache-dir={caches[0]}", "."], code)
    known = Command([*peers, f"--cache-dir={caches[1]}"], code)
    touched = next(path for path in sorted(code.rglob("*.py")) if path.stat().st_size)
    text = touched.read_bytes()

    def change() -> None:
        # Each run must find another text than the one before.
        touched.write_bytes(touched.read_bytes() + b"#\n")

    changed = Command([ours, "--isolated", f"--cache-dir={caches[2]}", "."], code, change)
    try:
        # Before anything changes: what changed just now is looked at once more by the run behind it.
        remembered = paired(runs, warm, known)
        afresh = paired(runs, cold, Command([*peers, "--no-cache"], code), changed)
    finally:
        touched.write_bytes(text)
        for cache in caches:
            shutil.rmtree(cache, ignore_errors=True)
    with_cache = median([mine.wall / theirs.wall for mine, theirs in remembered])
    without = median([mine.wall / theirs.wall for mine, theirs, _ in afresh])
    after = median([one.wall / mine.wall for mine, _, one in afresh])
    yield Row("flake8-cancel, no cache", f"ruff --no-cache --select {_PEERS}", f"{without:.1f} times", "3")
    yield Row("flake8-cancel, nothing changed", "the same ruff with its cache", f"{with_cache:.1f} times", "1.5")
    yield Row("flake8-cancel, one file changed", "no cache", f"{after:.2f} times", "0.2")


def _at_start(programs: Environments, scratch: Path, runs: int) -> Iterator[Row]:
    small = scratch / "small.py"
    small.write_text(_SMALL)
    version = Command([str(programs.ours / "flake8"), "--version"], scratch)
    for words in (["--version"], ["--help"], ["--isolated", "--no-cache", small.name]):
        command = Command([str(programs.ours / "flake8-cancel"), *words], scratch)
        found = median([ours.wall / theirs.wall for ours, theirs in paired(runs, command, version)])
        what = "one small file" if small.name in words else words[0]
        yield Row(f"flake8-cancel, {what}", "flake8 --version", f"{found:.2f} times", "1.2")


def _memory(programs: Environments, code: Path) -> Row:
    """Compare the peak of a whole run in one process with that of parsing the largest file."""
    largest = max(code.rglob("*.py"), key=lambda path: path.stat().st_size)
    parse = f"import ast; ast.parse(open({str(largest)!r}, 'rb').read())"
    ((ours, parsing),) = paired(
        1,
        Command([str(programs.ours / "flake8-cancel"), "--isolated", "--no-cache", "--jobs=1", "."], code),
        Command([str(programs.ours / "python"), "-c", parse], code),
    )
    more = f"{ours.memory - parsing.memory:.0f} MB more"
    return Row("peak memory, one process", "ast.parse of the largest file", more, "150 MB")


def _more_files(programs: Environments, code: Path, scratch: Path, runs: int) -> Iterator[Row]:
    """Check an eighth, a quarter, a half and all of the files, each time in one process."""
    check = [str(programs.ours / "flake8-cancel"), "--isolated", "--no-cache", "--jobs=1", "."]
    parts = [part_of(code, scratch / f"one of {every}", every) for every in (8, 4, 2)]
    rounds = paired(runs, *(Command(check, folder) for folder in (*parts, code)))
    for number in (1, 2, 3):
        factor = 2**number
        found = median([costs[number].cpu / costs[0].cpu for costs in rounds])
        yield Row(f"{factor} times the files", "an eighth of them", f"{found:.1f} times", str(factor))
