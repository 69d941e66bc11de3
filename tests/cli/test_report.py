"""What is shown: text for people, json, github and sarif for programs, and flake8's options about output."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from flake8_cancel.cli.outcome import Outcome
from flake8_cancel.cli.report import github, sarif, text
from flake8_cancel.cli.report import json as json_report
from flake8_cancel.finding import Finding, Mark, Repair, Span, Step
from tests.cli.command import CODE, LINE, SWALLOWS, python, run

TARGET = Mark(Span(6, 4, 7, 12), "Try")
SWALLOWED = Finding(
    "CNL201",
    Span(6, 4, 7, 12),
    "the loop swallows its cancellation",
    (
        Step(Span(5, 8, 5, 25), "cancelled here"),
        Step(Span(6, 4, 7, 12), "caught here"),
        Step(Span(10, 0, 10, 9), "goes on here"),
    ),
    Repair(TARGET, safe=False),
)
LINES = {5: "\t\tawait queue.get()\n", 6: "\texcept CancelledError:\n", 10: "\tprint('\x1b[31mred')\n"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "a.py").write_text(CODE)
    (tmp_path / "b.py").write_text(CODE)
    (tmp_path / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.11"\n')
    return tmp_path


def test_the_path_is_shown_line_by_line() -> None:
    assert text.path_lines(SWALLOWED, LINES) == [
        "     5 |     await queue.get()   <- cancelled here",
        "     6 | except CancelledError:  <- caught here",
        "    10 | print('\\x1b[31mred')    <- goes on here",
    ]


def test_a_finding_is_a_line_of_flake8_and_how_to_fix_it(project: Path) -> None:
    lines = run(project, "a.py").stdout.decode().splitlines()
    assert lines[0].startswith(f"a.py:{LINE}:9: CNL201 ")
    assert lines[0].endswith(" [fixable with --fix]")
    assert lines[-1] == "1 finding in 1 file, 1 fixable with --fix"


def test_the_path_is_shown_below_the_finding(project: Path) -> None:
    (project / "c.py").write_text(SWALLOWS)
    found, *path, summary = run(project, "c.py").stdout.decode().splitlines()
    assert found.startswith("c.py:7:5: CNL101 ")
    assert found.endswith(" [fixable with --fix --unsafe-fixes]")
    assert path == [
        "    6 |     await queue.get()           <- cancelled here",
        "    7 | except asyncio.CancelledError:  <- caught here",
        "    9 | await queue.join()              <- goes on here",
    ]
    assert summary == "1 finding in 1 file, 1 fixable with --fix --unsafe-fixes"


def test_unfixable_codes_are_not_called_fixable(project: Path) -> None:
    done = run(project, "--unfixable", "CNL2", "a.py")
    assert b"fixable" not in done.stdout


def test_nothing_found_is_nothing_said(project: Path) -> None:
    (project / "c.py").write_text("import asyncio\n")
    done = run(project, "c.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--format", "pylint"),
        ("--format", "%(path)s|%(code)s"),
        ("-q",),
        ("-qq",),
        ("--format", "pylint", "--show-source"),
        ("--format", "pylint", "--statistics"),
        ("--format", "pylint", "--count"),
        ("--format", "pylint", "--exit-zero"),
        ("--format", "pylint", "--output-file", "out/report", "--tee"),
    ],
    ids=" ".join,
)
def test_flake8s_options_of_output_mean_what_they_mean_there(project: Path, arguments: tuple[str, ...]) -> None:
    theirs = python(project, "-m", "flake8", "--select", "CNL", *arguments)
    report = project / "out" / "report"
    written = report.read_text() if report.exists() else ""
    report.unlink(missing_ok=True)
    ours = run(project, *arguments)
    assert (ours.returncode, ours.stdout, ours.stderr) == (theirs.returncode, theirs.stdout, theirs.stderr)
    assert (report.read_text() if report.exists() else "") == written


def test_an_output_file_takes_the_report(project: Path) -> None:
    done = run(project, "--output-file", "report", "a.py")
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")
    assert (project / "report").read_text().startswith("a.py:7:9: CNL201 ")


def test_colours(project: Path) -> None:
    assert b"\033[" in run(project, "--color", "always").stdout
    assert b"\033[" not in run(project, "--color", "never").stdout


def test_a_format_of_another_plugin_is_the_default_one(project: Path) -> None:
    assert run(project, "--format", "junit").stdout == run(project).stdout


def test_a_wrong_format(project: Path) -> None:
    done = run(project, "--format", "%(line)s")
    assert done.stderr == b"flake8-cancel: --format '%(line)s': there is no key 'line'\n"
    assert done.returncode == 2


def test_json_holds_everything(project: Path) -> None:
    (project / "broken.py").write_text("x = (\n")
    done = run(project, "--output-format", "json", "a.py", "broken.py")
    report = json.loads(done.stdout)
    (found,) = report["findings"]
    assert (found["path"], found["line"], found["column"]) == ("a.py", 7, 9)
    assert (found["code"], found["fix"]) == ("CNL201", "safe")
    (problem,) = report["problems"]
    assert (problem["path"], problem["line"]) == ("broken.py", 1)
    assert problem["reason"].startswith("cannot be parsed: ")
    assert (report["fixed"], report["not_fixed"]) == ([], [])


def test_json_tells_what_was_fixed(project: Path) -> None:
    report = json.loads(run(project, "--output-format", "json", "--fix", "a.py").stdout)
    assert [found["code"] for found in report["fixed"]] == ["CNL201"]
    assert report["findings"] == []


def test_json_has_the_path_and_the_mending_that_was_taken_back() -> None:
    outcome = Outcome("a.py", (SWALLOWED,), LINES, refused=((SWALLOWED, "it made another finding"),))
    report = json.loads(json_report.render([outcome]))
    steps = report["findings"][0]["steps"]
    assert [step["words"] for step in steps] == ["cancelled here", "caught here", "goes on here"]
    assert steps[0] == {"line": 5, "column": 9, "end_line": 5, "end_column": 26, "words": "cancelled here"}
    assert report["not_fixed"][0]["reason"] == "it made another finding"


def test_github_commands_are_escaped() -> None:
    odd = SWALLOWED._replace(message="100% lost", path=())
    command = github.render([Outcome("a,b:c.py", (odd,), LINES)])
    place = "file=a%2Cb%3Ac.py,line=6,col=5,endLine=7,endColumn=13"
    assert command == f"::error title=CNL201,{place}::CNL201 100%25 lost"


def test_github_commands_are_one_line_each(project: Path) -> None:
    lines = run(project, "--output-format", "github").stdout.decode().splitlines()
    assert [line.partition(",line=")[0] for line in lines] == [
        "::error title=CNL201,file=./a.py",
        "::error title=CNL201,file=./b.py",
    ]


def test_sarif_has_rules_places_and_flows() -> None:
    (run_,) = json.loads(sarif.render([Outcome("in ner/a.py", (SWALLOWED,), LINES)]))["runs"]
    assert run_["columnKind"] == "unicodeCodePoints"
    (result,) = run_["results"]
    rule = run_["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert rule["id"] == result["ruleId"] == "CNL201"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "in%20ner/a.py"}
    assert place["region"] == {"startLine": 6, "startColumn": 5, "endLine": 7, "endColumn": 13}
    flow = result["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step["location"]["message"]["text"] for step in flow] == [step.words for step in SWALLOWED.path]


def test_sarif_tells_of_problems(project: Path) -> None:
    done = run(project, "--output-format", "sarif", "missing.py", "a.py")
    (invocation,) = json.loads(done.stdout)["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["message"]["text"] == "missing.py: cannot be read: no such file or directory"


@pytest.mark.parametrize(
    ("options", "summary"),
    [
        ({"fix": False, "unsafe_fixes": False}, "1 finding in 1 file, 1 fixable with --fix --unsafe-fixes"),
        ({"fix": True, "unsafe_fixes": True}, "1 finding in 1 file"),
        ({"fix": False, "unsafe_fixes": False, "unfixable": ["CNL201"]}, "1 finding in 1 file"),
        ({"fix": False, "unsafe_fixes": False, "fixable": ["CNL1"]}, "1 finding in 1 file"),
    ],
)
def test_the_summary_counts_what_the_user_may_fix(options: dict[str, object], summary: str) -> None:
    given = argparse.Namespace(**{"diff": False, "fixable": None, "unfixable": [], **options})
    assert text.summary([Outcome("a.py", (SWALLOWED,), LINES)], given) == summary


def test_rules_and_their_documentation(project: Path) -> None:
    listed = run(project, "--rules").stdout.decode()
    assert "\nCNL201  " in f"\n{listed}"
    explained = run(project, "--explain", "cnl201")
    assert explained.returncode == 0
    assert explained.stdout.startswith(b"CNL201 ")
    assert b"\nWhy:" in explained.stdout


def test_explaining_what_does_not_exist(project: Path) -> None:
    done = run(project, "--explain", "CNL000")
    assert done.stderr == b"flake8-cancel: there is no rule CNL000; see --rules\n"
    assert done.returncode == 2


def test_help_names_what_is_left_out(project: Path) -> None:
    told = " ".join(run(project, "--help").stdout.decode().split())
    assert "--max-line-length" in told.partition("Left out:")[2]
    assert "--max-line-length n" not in told
    assert "--per-file-ignores" in told


def test_functions_too_large_for_a_graph_are_named_on_demand(tmp_path: Path) -> None:
    body = "pass\n"
    for _ in range(14):
        inside = body.replace("\n", "\n ").rstrip(" ")
        body = f"try:\n if cond():\n  return\n await queue.get()\nfinally:\n {inside}"
    lines = "".join(f" {line}\n" for line in body.splitlines())
    ending = " try:\n  await queue.close()\n except asyncio.CancelledError:\n  pass\n"
    (tmp_path / "deep.py").write_text(f"import asyncio\nasync def polls(queue, cond):\n{lines}{ending}")
    quiet, loud = run(tmp_path, "deep.py"), run(tmp_path, "--verbose", "deep.py")
    assert quiet.stderr == b""
    assert b"deep.py: polls at line 2 is too large for its graph, left out\n" in loud.stderr
