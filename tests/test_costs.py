"""What checking costs, in counts that are the same on every machine: imports, parses, models, graphs, calls."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from flake8_cancel import registry
from flake8_cancel.check import check_text
from flake8_cancel.code.api import Facts
from tests.benchmarks.growth import GROWTHS
from tests.harness import counting

PLAIN = "import asyncio\n\n\nasync def main():\n    await asyncio.sleep(1)\n"
SWALLOWING = """
import asyncio


async def work(queue):
    while True:
        try:
            await queue.get()
        except asyncio.CancelledError:
            print("cancelled")


"""
HARMLESS = """
async def read_{0}(stream):
    try:
        return await stream.read({0})
    except OSError:
        return None


"""
PARSE, MODEL, GRAPH = "builtins.compile", "flake8_cancel.code.model.__init__", "flake8_cancel.code.graph.flow.__init__"
# How much may be counted where something doubles: what is bounded may grow as it is stated to.
MOST = {"2": 2.2, "bounded": 9.0}
_MODULES = "import sys; from flake8_cancel.cli.main import main; main(sys.argv[1:]); print(*sys.modules)"


def imported(tmp_path: Path, text: str) -> set[str]:
    """Return the modules that the command has imported when it has checked a file."""
    (tmp_path / "checked.py").write_text(text)
    command = [sys.executable, "-c", _MODULES, "--isolated", "--no-cache", "checked.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def counted(text: str) -> Counter[str]:
    rules = registry.chosen(strict=False)
    check_text(text, Facts(), rules)  # what is imported, compiled or remembered the first time is not counted
    return counting.calls(lambda: check_text(text, Facts(), rules))


def test_a_file_without_the_words_of_a_rule_imports_no_rule(tmp_path: Path) -> None:
    modules = imported(tmp_path, PLAIN)
    assert not [name for name in modules if name.startswith("flake8_cancel.rules.")]
    assert not {"flake8_cancel.code.module", "flake8_cancel.fix", "libcst", "multiprocessing"} & modules


def test_a_file_imports_the_rules_whose_words_it_holds(tmp_path: Path) -> None:
    modules = imported(tmp_path, SWALLOWING)
    chapters = Counter(name.split(".")[2] for name in modules if name.count(".") == 3 and ".rules." in name)
    assert "flake8_cancel.rules.lost.cancelled_error_swallowed" in modules
    assert set(chapters) == {"lost", "timeouts"}
    assert "libcst" not in modules


def test_a_file_without_the_words_of_a_rule_is_not_parsed() -> None:
    counts = counted(PLAIN + "".join(map(HARMLESS.format, range(20))))
    assert (counts[PARSE], counts[MODEL], counts[GRAPH]) == (0, 0, 0)


def test_only_the_function_that_a_rule_asks_about_gets_a_graph() -> None:
    counts = counted(SWALLOWING + "".join(map(HARMLESS.format, range(20))))
    assert (counts[PARSE], counts[MODEL]) == (1, 1)
    assert counts[GRAPH] == 1


@pytest.mark.parametrize(
    ("make", "sizes", "goal"),
    [(make, sizes, goal) for _, make, sizes, goal in GROWTHS],
    ids=[what.format("many") for what, *_ in GROWTHS],
)
def test_calls_grow_no_faster_than_the_code(make, sizes: tuple[int, int], goal: str) -> None:  # type: ignore[no-untyped-def]
    # A tenth of what the benchmarks measure, where they measure much.
    small, large = (sum(counted(make(size if size < 100 else size // 10)).values()) for size in sizes)
    assert large <= MOST[goal] * small
