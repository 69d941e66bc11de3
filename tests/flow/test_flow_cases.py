"""What makes the cancellation graph right, statement by statement: where a cancellation goes from an await."""

from __future__ import annotations

import sys

import pytest

from tests.flow.cases import CANCELLED, flow_of, outcomes, reaches


def test_a_bare_raise_in_a_nested_handler_raises_the_inner_exception() -> None:
    body = """
        try:
            await x
        except asyncio.CancelledError:
            try:
                raise ValueError
            except ValueError:
                raise
    """
    assert outcomes(body) == {"builtins.ValueError"}


def test_a_bare_raise_after_a_nested_handler_raises_the_outer_exception() -> None:
    body = """
        try:
            await x
        except asyncio.CancelledError:
            try:
                raise ValueError
            except ValueError:
                pass
            raise
    """
    assert outcomes(body) == {CANCELLED}


def test_a_finally_that_returns_wins() -> None:
    assert outcomes("try:\n    await x\nfinally:\n    return 1\n") == {"returns"}


def test_a_finally_that_ends_lets_the_cancellation_through() -> None:
    assert outcomes("try:\n    await x\nfinally:\n    f()\n") == {CANCELLED}


@pytest.mark.parametrize("jump", ["break", "continue"])
def test_a_jump_in_a_finally_discards_the_cancellation(jump: str) -> None:
    body = f"while cond():\n    try:\n        await x\n    finally:\n        {jump}\nreturn"
    assert outcomes(body) == {"returns"}


def test_a_loop_inside_a_finally_keeps_its_jumps() -> None:
    assert outcomes("try:\n    await x\nfinally:\n    for i in x:\n        break\n") == {CANCELLED}


def test_while_true_without_break_never_ends() -> None:
    body = "while True:\n    try:\n        await x\n    except asyncio.CancelledError:\n        pass\nreturn"
    assert outcomes(body) == set()
    assert not reaches(body, "return")


def test_while_true_with_break_ends() -> None:
    body = "while True:\n    try:\n        await x\n    except asyncio.CancelledError:\n        break\nelse:\n    f()\n"
    assert outcomes(body) == {"returns"}
    assert not reaches(body, "f()")


def test_an_else_of_a_loop_runs_where_no_break_left_it() -> None:
    body = """
        for i in f():
            try:
                await x
            except asyncio.CancelledError:
                continue
        else:
            f(1)
    """
    assert reaches(body, "f(1)")


def test_match_is_total_with_a_bare_capture_only() -> None:
    body = """
        try:
            await x
        except asyncio.CancelledError:
            match f():
                case 1:
                    raise
                case {}:
                    raise
    """
    assert outcomes(body.format("_")) == {CANCELLED}
    assert outcomes(body.format("other")) == {CANCELLED}
    assert outcomes(body.format("1 | _")) == {CANCELLED}
    assert outcomes(body.format("_ if cond()")) == {CANCELLED, "returns"}
    assert outcomes(body.format("2")) == {CANCELLED, "returns"}
    assert outcomes(body.format("Unknown()")) == {CANCELLED, "returns"}


def test_suppress_swallows_what_a_handler_raised_again() -> None:
    body = """
        with contextlib.suppress({}):
            try:
                await x
            except asyncio.CancelledError:
                raise
    """
    assert outcomes(body.format("asyncio.CancelledError")) == {"returns"}
    assert outcomes(body.format("BaseException")) == {"returns"}
    assert outcomes(body.format("Exception")) == {CANCELLED}
    assert outcomes(body.format("Unknown")) == {CANCELLED}


def test_else_and_finally_come_in_order() -> None:
    body = """
        try:
            f()
        except ValueError:
            f(1)
        else:
            await x
        finally:
            f(2)
    """
    assert outcomes(body) == {CANCELLED}
    assert reaches(body, "f(2)")
    assert not reaches(body, "f(1)")


def test_try_inside_finally_keeps_what_is_pending() -> None:
    body = """
        try:
            await x
        finally:
            try:
                raise KeyError
            except KeyError:
                pass
            finally:
                f()
    """
    assert outcomes(body) == {CANCELLED}


def test_finally_in_finally_resumes_both() -> None:
    body = """
        try:
            try:
                await x
            finally:
                try:
                    f()
                finally:
                    f(1)
        except asyncio.CancelledError:
            return
    """
    assert outcomes(body) == {"returns"}


def test_a_bare_raise_in_a_finally_raises_what_is_pending() -> None:
    assert outcomes("try:\n    await x\nfinally:\n    raise\n") == {CANCELLED}


def test_a_bare_raise_in_a_finally_entered_normally_raises_what_the_handler_around_has() -> None:
    body = "try:\n    await x\nexcept asyncio.CancelledError:\n    try:\n        f()\n    finally:\n        raise\n"
    assert outcomes(body) == {CANCELLED}


def test_a_bare_raise_with_nothing_to_raise_is_a_runtime_error() -> None:
    flow = flow_of("async def program():\n    await x\n    raise\n")
    assert {end.error.name for end in flow.ends([flow.start]) if end.error} == {"builtins.RuntimeError"}


def test_raise_of_the_bound_name_raises_it_again() -> None:
    body = "try:\n    await x\nexcept BaseException as e:\n    raise e\n"
    assert outcomes(body) == {CANCELLED}
    assert outcomes(body.replace("raise e", "raise e from None")) == {CANCELLED}
    assert outcomes(body.replace("raise e", "raise KeyError from e")) == {"builtins.KeyError"}


def test_an_exception_stored_to_be_raised_later_is_not_known() -> None:
    body = """
        error = None
        try:
            await x
        except asyncio.CancelledError as exc:
            error = exc
        if error is not None:
            raise error
    """
    assert outcomes(body) == {"?", "returns"}


def test_a_raise_inside_a_nested_function_is_not_ours() -> None:
    body = """
        try:
            await x
        except asyncio.CancelledError:
            def later():
                raise KeyError
            lambda: (yield)
    """
    assert outcomes(body) == {"returns"}


def test_return_in_try_still_runs_the_finally() -> None:
    body = """
        try:
            await x
        except asyncio.CancelledError:
            return
        finally:
            raise KeyError
    """
    assert outcomes(body) == {"builtins.KeyError"}


def test_an_earlier_clause_shields_a_later_broad_one() -> None:
    body = "try:\n    await x\nexcept asyncio.CancelledError:\n    raise\nexcept BaseException:\n    pass\n"
    assert outcomes(body) == {CANCELLED}


def test_an_unreachable_handler_catches_nothing() -> None:
    flow = flow_of(
        """
        async def program():
            return 1
            try:
                await x
            except asyncio.CancelledError:
                pass
        """
    )
    assert not flow.suspensions()


@pytest.mark.parametrize(
    ("call", "ends"),
    [
        ("sys.exit(1)", {"builtins.SystemExit"}),
        ("os._exit(1)", set()),
        ("pytest.fail('no')", {"pytest.fail.Exception"}),
        ("unknown()", {"returns"}),
        ("never()", {"builtins.KeyError"}),
        ("await anever()", {"builtins.KeyError"}),
        ("anever()", {"returns"}),
        ("perhaps()", {"returns"}),
    ],
)
def test_calls_that_never_return(call: str, ends: set[str]) -> None:
    header = """
        def never():
            if cond():
                raise KeyError
            else:
                raise KeyError
        async def anever():
            while True:
                await x
                if cond():
                    raise KeyError
        def perhaps():
            if cond():
                raise KeyError
    """
    body = f"try:\n    await x\nexcept asyncio.CancelledError:\n    {call}\n"
    assert outcomes(body, header) == ends


@pytest.mark.skipif(sys.version_info < (3, 11), reason="except* came with 3.11")
@pytest.mark.parametrize(
    ("handler", "ends"),
    [
        ("except* asyncio.CancelledError:\n    pass\n", {"returns"}),
        ("except* asyncio.CancelledError:\n    raise\n", {"builtins.BaseExceptionGroup"}),
        ("except* asyncio.CancelledError as e:\n    raise e\n", {"builtins.BaseExceptionGroup"}),
        ("except* asyncio.CancelledError:\n    raise KeyError\n", {"builtins.KeyError"}),
        ("except* Exception:\n    pass\n", {CANCELLED}),
        ("except* ValueError:\n    pass\nexcept* BaseException:\n    pass\n", {"returns"}),
    ],
)
def test_except_star(handler: str, ends: set[str]) -> None:
    assert outcomes("try:\n    await x\n" + handler) == ends
