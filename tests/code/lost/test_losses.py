"""What becomes of a cancellation that a handler, or ``suppress``, takes: question by question."""

from __future__ import annotations

import pytest

from flake8_cancel.code.graph.catchers import is_broad, names_cancelled
from flake8_cancel.code.lost.losses import ENDS, GOES_ON, REPLACED, TURNS, VALUE, what_goes_on
from tests.code.catching import handling, here, loss

# --- what goes on -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (handling("pass"), ENDS),
        (handling("print(e)"), ENDS),
        (handling("return"), ENDS),
        (handling("return None"), ENDS),
        (handling("x.close()"), ENDS),
        (handling("pass", after="print(x)"), ENDS),
        (handling("pass", after="return"), ENDS),
        (handling("pass", after="x.close()"), GOES_ON),
        (handling("pass", after="return x"), GOES_ON),
        (handling("pass", after="raise ValueError"), REPLACED),
        (handling("return 1"), VALUE),
        (handling("raise ValueError"), REPLACED),
        (handling("raise ValueError from e"), REPLACED),
        (handling("raise ValueError(str(e)) from None"), REPLACED),
    ],
)
def test_what_goes_on_after_a_handler(source: str, kind: str) -> None:
    found = loss(source)
    assert found is not None
    assert found.kind == kind


@pytest.mark.parametrize(
    ("loop", "leave", "kind", "for_ever"),
    [
        ("while True:", "pass", TURNS, True),
        ("while True:", "continue", TURNS, True),
        ("while x.more:", "pass", TURNS, False),
        ("for y in x:", "pass", TURNS, False),
        ("async for y in x:", "pass", TURNS, False),
        ("while True:", "break", ENDS, False),
        ("while True:", "return", ENDS, False),
        ("while True:", "return 1", VALUE, False),
    ],
)
def test_a_handler_in_a_loop(loop: str, leave: str, kind: str, for_ever: bool) -> None:
    found = loss(
        f"""
        async def f(x):
            {loop}
                try:
                    await x.read()
                except CancelledError:  # here
                    {leave}
        """
    )
    assert found is not None
    assert (found.kind, found.for_ever) == (kind, for_ever)


def test_the_path_tells_where_it_came_in_was_caught_and_goes_on() -> None:
    found = loss(handling("pass", after="x.close()"))
    assert found is not None
    assert [(type(node).__name__, words) for node, words in found.path] == [
        ("Await", "cancelled here"),
        ("ExceptHandler", "caught here"),
        ("Expr", "goes on here"),
    ]


def test_the_worst_of_several_is_told() -> None:
    found = loss(handling("if y:\n    return 1", "if x:\n    raise ValueError", after="x.close()"))
    assert found is not None
    assert found.kind == GOES_ON


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ("x.close()", "the function goes on at line 10"),
        ("raise OSError", "OSError is raised in its place"),
        ("", "the function ends as if it had finished"),
    ],
)
def test_what_goes_on_in_words(after: str, words: str) -> None:
    module, catcher = here("\n" + handling("pass", after=after))
    found = module.loss(catcher)
    assert found is not None
    assert what_goes_on(found) == words


@pytest.mark.parametrize(
    ("after", "kind", "line", "words"),
    [
        ("", ENDS, 12, "the task goes on at line 12 and ends as if it had finished"),
        ("await x()", GOES_ON, 12, "the task goes on at line 12"),
        ("return x", GOES_ON, 12, "the task goes on at line 12"),
    ],
)
def test_the_rest_of_a_finally_around_goes_on(after: str, kind: str, line: int, words: str) -> None:
    module, catcher = here(
        f"""
        async def f(x):
            try:
                await x.read()
            finally:
                try:
                    await x.end()
                except CancelledError:  # here
                    pass
                x.forget()
            {after}
        """
    )
    found = module.loss(catcher)
    assert found is not None
    assert found.kind == kind
    place, step = found.path[-1]
    assert (getattr(place, "lineno", 0), step) == (line, "goes on here")
    assert what_goes_on(found, "task") == words


def test_what_its_own_finally_does_is_no_going_on() -> None:
    found = loss(handling("pass", after="finally:\n        x.forget()"))
    assert found is not None
    assert found.path[-1][1] == "ends as if it had not been cancelled"


# --- where it is not lost -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "raise",
        "raise e",
        "raise CancelledError(1) from e",
        "if y:\n    x.close()\n    raise\nelse:\n    raise",
        "try:\n    x.close()\nfinally:\n    raise",
        "with y:\n    raise",
        "sys.exit(1)",
        "x.exit(1)",
        "if isinstance(e, CancelledError):\n    raise",
        "if not isinstance(e, Exception):\n    raise",
        "if isinstance(e, (x.Unknown, OSError)):\n    return 1\nraise",
        # Who asks something unknown about the exception may be told that it is a cancellation.
        "if isinstance(e, x.Unknown):\n    raise",
        "if x.is_fatal(e):\n    raise",
    ],
)
def test_what_is_raised_again_is_not_lost(statement: str) -> None:
    assert loss(handling(statement, after="x.close()")) is None


@pytest.mark.parametrize(
    "statement",
    [
        "if y:\n    raise",
        "x.exit()",
        "x.exit(y)",
        "def g():\n    raise",
        "try:\n    raise\nexcept CancelledError:\n    pass",
        "with contextlib.suppress(CancelledError):\n    raise",
        "for y in x:\n    raise",
        "if isinstance(e, (OSError, ValueError)):\n    raise",
    ],
)
def test_what_is_raised_on_one_path_only_is_lost(statement: str) -> None:
    assert loss(handling(statement, after="x.close()")) is not None


@pytest.mark.parametrize(
    "source",
    [
        "async def f(x):\n    try:\n        x.poll()\n    except CancelledError:  # here\n        pass",
        "def f(x):\n    try:\n        x.poll()\n    except CancelledError:  # here\n        pass",
        "async def f(x):\n    try:\n        def g(): ...\n    except CancelledError:  # here\n        pass",
        "async def f():\n    try:\n        await x\n    except CancelledError: raise\n    except:  # here\n      pass",
        "async def f(x):\n    try:\n        await x\n    except OSError:  # here\n        pass",
        "async def f(x):\n    try:\n        await x\n    except x.Error:  # here\n        pass",
        "async def f(x):\n    try:\n        yield x\n    except CancelledError:  # here\n        pass",
        "async def f(x):\n    with contextlib.suppress(Exception):  # here\n        await x",
        "async def f(x):\n    with x.suppress(CancelledError):  # here\n        await x",
    ],
)
def test_a_handler_that_no_cancellation_reaches(source: str) -> None:
    assert loss(source) is None


@pytest.mark.parametrize("framework", ["trio", "curio", "twisted"])
def test_other_frameworks_are_left_alone(framework: str) -> None:
    assert loss(f"import {framework}\n" + handling("pass")) is None


@pytest.mark.parametrize(("clause", "is_ours"), [("except CancelledError:", True), ("except BaseException:", False)])
def test_under_anyio_only_the_name_of_asyncio_speaks(clause: str, is_ours: bool) -> None:
    assert (loss("import anyio\n" + handling("pass", clause=clause)) is not None) == is_ours


def test_a_cancellation_that_comes_while_another_error_is_handled() -> None:
    found = loss(
        """
        async def f(x):
            try:
                x.poll()
            except OSError:
                try:
                    await x.repair()
                except CancelledError:  # here
                    pass
                x.close()
        """
    )
    assert found is not None
    assert found.kind == GOES_ON


def test_a_suppress_in_the_handler_of_another_error() -> None:
    found = loss(
        """
        async def f(x):
            try:
                x.poll()
            except OSError:
                with contextlib.suppress(CancelledError):  # here
                    await x.repair()
        """
    )
    assert found is not None
    assert found.kind == ENDS


@pytest.mark.parametrize(("maker", "is_lost"), [("@contextlib.asynccontextmanager", True), ("@other", False)])
def test_a_yield_raises_what_the_body_of_a_manager_raised(maker: str, is_lost: bool) -> None:
    source = f"{maker}\nasync def f(x):\n    try:\n        yield x\n    except CancelledError:  # here\n        pass"
    assert (loss(source) is not None) == is_lost


# --- what is named ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clause", "cancelled", "broad"),
    [
        ("except CancelledError:", True, False),
        ("except asyncio.exceptions.CancelledError:", True, False),
        ("except (OSError, CancelledError):", True, False),
        ("except:", False, True),
        ("except BaseException:", False, True),
        ("except (BaseException, CancelledError):", True, True),
        ("except Exception:", False, False),
        ("except x.CancelledError:", False, False),
    ],
)
def test_what_a_handler_names(clause: str, cancelled: bool, broad: bool) -> None:
    module, catcher = here(handling("pass", clause=clause))
    assert (names_cancelled(module, catcher), is_broad(module, catcher)) == (cancelled, broad)
