"""What is still to be cleaned up behind a handler, and where that can go into a ``finally``."""

from __future__ import annotations

import ast
import textwrap

import pytest

from flake8_cancel.code.lost.aftermath import aftermath
from tests.code.catching import handling, here


def behind(source: str) -> tuple[str, list[str], bool]:
    """Return the first line of the statement before the cleanup, the cleanup, and whether there is more."""
    module, catcher = here(source)
    found = aftermath(module, catcher)
    return ast.unparse(found.statement).partition("\n")[0], list(map(ast.unparse, found.behind)), found.further


def around(text: str, indented: str, handler: str = "pass") -> str:
    """Return a function with a ``try`` in place of ``HERE``."""
    block = textwrap.indent(f"try:\n    await x()\nexcept CancelledError:  # here\n    {handler}", indented)
    return "async def f(x, y):\n" + textwrap.indent(textwrap.dedent(text), "    ").replace(f"{indented}HERE", block)


@pytest.mark.parametrize(
    ("after", "cleanup"),
    [
        ("x.close()", ["x.close()"]),
        ("await x.close()", ["await x.close()"]),
        ("await asyncio.wait_for(x.close(), 1)", ["await asyncio.wait_for(x.close(), 1)"]),
        ("print(1); x.close(); y.stop(); print(2); y.count()", ["print(1)", "x.close()", "y.stop()"]),
        ("if y: x.close()", ["if y:\n    x.close()"]),
        ("x.count -= 1", ["x.count -= 1"]),
        ("del x.jobs[y]", ["del x.jobs[y]"]),
        ("x.count()", []),
        ("return x", []),
        ("", []),
    ],
)
def test_cleanup_directly_behind(after: str, cleanup: list[str]) -> None:
    assert behind(handling("pass", after=after)) == ("try:", cleanup, False)


@pytest.mark.parametrize(
    "after",
    [
        "x.count(); x.close()",
        "x.close(); x.count(); y.close()",
        "if y: x.close(); x.count()",
        "if y: x.close(); return",
        "return x.close() and y.cancel()\n    x.close()",
    ],
)
def test_cleanup_among_other_things(after: str) -> None:
    assert behind(handling("pass", after=after))[2]


@pytest.mark.parametrize("leave", ["return", "return y", "raise OSError"])
def test_a_handler_that_leaves_leaves_nothing_to_do(leave: str) -> None:
    assert behind(handling(leave, after="x.close()")) == ("try:", [], False)


@pytest.mark.parametrize(
    ("handler", "loop", "found"),
    [
        ("break", "while True:", ("while True:", ["x.close()"], False)),
        ("break", "while y:", ("while y:", ["x.close()"], False)),
        ("pass", "while y:", ("while y:", ["x.close()"], False)),
        ("continue", "while y:", ("while y:", ["x.close()"], False)),
        ("continue", "async for z in y:", ("async for z in y:", ["x.close()"], False)),
        # Nothing comes behind it.
        ("pass", "while True:", ("try:", [], False)),
        ("return", "while y:", ("try:", [], False)),
    ],
)
def test_cleanup_behind_a_loop(handler: str, loop: str, found: tuple[str, list[str], bool]) -> None:
    assert behind(around(f"{loop}\n    HERE\nx.close()", "        ", handler)) == found


def test_the_next_one_would_not_be_ended() -> None:
    assert behind(around("for x in y:\n    x.cancel()\n    HERE", "        ")) == ("try:", [], True)


@pytest.mark.parametrize(
    "text",
    [
        "if y:\n    HERE\n    x.count()\nx.close()",
        "try:\n    HERE\nfinally:\n    y.count()\nx.close()",
        "async with y:\n    HERE\nx.close()",
    ],
)
def test_cleanup_behind_a_statement_around(text: str) -> None:
    first = text.partition("\n")[0]
    assert behind(around(text, "        ")) == (first, ["x.close()"], False)


def test_cleanup_in_two_places() -> None:
    assert behind(around("if y:\n    HERE\n    x.close()\ny.close()", "        "))[2]


def test_what_a_finally_around_does_is_not_skipped() -> None:
    assert behind(around("try:\n    HERE\nfinally:\n    x.close()", "        ")) == ("try:", [], False)


def test_what_an_else_does_is_skipped_and_no_finally_holds_it() -> None:
    assert behind(around("try:\n    HERE\nexcept OSError: y\nelse:\n    x.close()", "        "))[2]


@pytest.mark.parametrize("text", ["try:\n    y\nfinally:\n    HERE\n    x.state = None", "HERE\nx.state = None"])
def test_in_a_finally_and_by_the_name_of_the_function_all_is_cleanup(text: str) -> None:
    indented = "        " if "finally" in text else "    "
    source = around(text, indented)
    assert behind(source)[1] == (["x.state = None"] if "finally" in text else [])
    assert behind(source.replace("def f", "def close"))[1] == ["x.state = None"]
    assert behind(source.replace("def f", "def __aexit__"))[1] == ["x.state = None"]
    assert behind(source.replace("def f", "def is_closed"))[1] == (["x.state = None"] if "finally" in text else [])


def test_a_return_in_the_cleanup_cannot_go_into_a_finally() -> None:
    assert behind(around("try:\n    y\nfinally:\n    HERE\n    if y: return\n    x.state = 1", "        "))[2]


def test_what_leaves_before_the_cleanup_would_be_followed_by_it() -> None:
    assert behind(around("while y:\n    if x: return\n    HERE\nx.close()", "        "))[2]
    assert not behind(around("while y:\n    if x: break\n    HERE\nx.close()", "        "))[2]


def test_cleanup_of_what_may_not_be_there() -> None:
    source = handling("pass", after="z.close()").replace("await x()", "z = await x()")
    assert behind(source)[2]
    bound = source.replace("    try:", "    z = x\n    try:", 1)
    assert behind(bound) == ("try:", ["z.close()"], False)
