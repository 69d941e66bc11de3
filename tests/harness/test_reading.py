"""The harness reads fixtures and documentation as it says, and its clock jumps."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from flake8_cancel.finding import Finding, Span
from flake8_cancel.registry import Entry
from flake8_cancel.rule import Module, Rule
from tests.harness import documentation, fixture
from tests.harness.clock import StuckError, VirtualClockLoop
from tests.harness.fixture import Mark
from tests.harness.proof import passes


def test_what_a_function_needs_is_read_from_it(tmp_path: Path) -> None:
    source = (
        "# target: 3.10\nimport asyncio\n\n"
        "async def old():\n    pass\n\n"
        "async def new():\n    async with asyncio.timeout(1):\n        pass\n\n"
        "# requires: 3.12\nasync def told():\n    pass\n"
    )
    file = tmp_path / "bad.py"
    file.write_text(source)
    assert [(case.name, case.needs) for case in fixture.cases(file)] == [
        ("old", (3, 10)),
        ("new", (3, 11)),
        ("told", (3, 12)),
    ]
    assert fixture.facts(source).target == (3, 10)
    file.write_text("# requires: 3.99\nthis is not Python\n")
    assert fixture.cases(file) == []


class Needy(Rule):
    """Finds every coroutine function that holds its words."""

    code = "CNL101"
    needs = ("await",)
    visits = (ast.AsyncFunctionDef,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        yield self.finding(node, "found")


def test_a_filter_that_hides_something_is_seen() -> None:
    text = "async def f():\n    pass\n"
    assert fixture.checker(text, [Needy()])(text) == []
    assert [finding.code for finding in fixture.checker(text, fixture.without_filter([Needy()]))(text)] == ["CNL101"]


def test_strict_codes_are_asked_in_their_own_chapter_alone() -> None:
    usual = Entry("CNL101", "usual", "lost", "", "", Needy())
    strict = Entry("CNL901", "strict", "strict", "", "", Needy())
    assert fixture.rules_for("lost", [usual, strict]) == (usual.rule,)
    assert fixture.rules_for("strict", [usual, strict]) == (usual.rule, strict.rule)


def test_passing_places() -> None:
    assert passes([1, 2, 3, 2], [(2, 2), (3, 4), (2, 2)])
    assert not passes([1, 2, 3], [(3, 3), (2, 2)])


def test_marks_are_read() -> None:
    text = (
        "x = 1  #! CNL101\n"
        "y = f(a, b)  #! CNL201: no such call; leave it  #! CNL202\n"
        "#   ^^^^ ^\n"
        "z = 1  # CNL101 is no mark\n"
    )
    assert fixture.marks(text) == [
        Mark(1, "CNL101"),
        Mark(2, "CNL201", "no such call; leave it", (4, 8)),
        Mark(2, "CNL202", None, (9, 10)),
    ]


def test_differences_are_told() -> None:
    text = "f(a)  #! CNL201: wrong\n#^^\n"
    right = Finding("CNL201", Span(1, 1, 1, 3), "wrong")
    assert fixture.differences(fixture.marks(text), [right], text) == []
    for other in (
        right._replace(code="CNL202"),
        right._replace(span=Span(1, 0, 1, 3)),
        right._replace(span=Span(2, 1, 2, 3)),
        right._replace(message="right"),
    ):
        assert len(fixture.differences(fixture.marks(text), [other], text)) == 2
    assert len(fixture.differences(fixture.marks(text), [right, right._replace(code="CNL301")], text)) == 1
    assert len(fixture.differences(fixture.marks(text), [], text)) == 1


def test_a_span_over_several_lines_is_compared_on_its_first() -> None:
    text = "call(a,  #! CNL201\n# ^^^^\n     b)\n"
    assert fixture.differences(fixture.marks(text), [Finding("CNL201", Span(1, 2, 3, 6), "")], text) != []
    text = "f = call(a,  #! CNL201\n#   ^^^^^^^\n     b)\n"
    assert fixture.differences(fixture.marks(text), [Finding("CNL201", Span(1, 4, 3, 6), "")], text) == []


def test_an_attribute_written_on_a_node_is_seen() -> None:
    tree = ast.parse("x = 1")
    before = fixture.dump(tree)
    tree.body[0].parent = tree  # type: ignore[attr-defined]
    assert fixture.dump(tree) != before


DOCSTRING = """A handler takes the cancellation and goes on.

Why: because.
    And more.

Bad:

    try:
        pass
    finally:
        pass

Good:
    x = 1

Fix: removes it.

Not found: elsewhere.
"""


def test_documentation_is_taken_apart() -> None:
    parts = documentation.parse(DOCSTRING)
    assert documentation.faults(parts) == []
    assert parts.bad == "try:\n    pass\nfinally:\n    pass\n"
    assert parts.good == "x = 1\n"
    assert parts.fix == "removes it."


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Why:", "Reason:"),
        ("Good:\n    x = 1\n\nFix: removes it.", "Fix: removes it.\n\nGood:\n    x = 1"),
        ("    x = 1", "x = 1"),
        ("goes on.", "goes on"),
        ("goes on.", "goes on. And on."),
        ("Not found: elsewhere.", "Not found:"),
    ],
)
def test_faults_of_documentation_are_told(old: str, new: str) -> None:
    assert documentation.faults(documentation.parse(DOCSTRING.replace(old, new))) != []


@pytest.fixture
def loop() -> Iterator[VirtualClockLoop]:
    loop = VirtualClockLoop()
    yield loop
    loop.close()


def test_the_clock_jumps(loop: VirtualClockLoop) -> None:
    loop.run_until_complete(asyncio.sleep(3600))
    assert loop.time() == pytest.approx(3600)


def test_threads_get_real_time(loop: VirtualClockLoop) -> None:
    assert loop.run_until_complete(asyncio.wait_for(loop.run_in_executor(None, sum, [1, 2]), 60)) == 3
    loop.run_until_complete(loop.shutdown_default_executor())


def test_waiting_for_ever_is_told(loop: VirtualClockLoop) -> None:
    with pytest.raises(StuckError):
        loop.run_until_complete(asyncio.Event().wait())
