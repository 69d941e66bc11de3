"""What makes the cancellation graph right, case by case: where a cancellation goes that comes in at an await."""

from __future__ import annotations

import ast
import sys
import textwrap

import pytest

from flake8_cancel.code.api import Facts
from flake8_cancel.code.flow import Flow
from flake8_cancel.code.module import Module

CANCELLED = "asyncio.CancelledError"
HEADER = "import asyncio, contextlib, os, sys, pytest\nfrom unknown import manager, Unknown, f, cond, x\n"


def flow_of(source: str, name: str = "program") -> Flow:
    tree = ast.parse(HEADER + textwrap.dedent(source))
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    flow = Module(tree, Facts()).flow(next(node for node in functions if node.name == name))
    assert flow is not None
    return flow


def outcomes(body: str, header: str = "") -> set[str]:
    """Cancel at the await of ``x`` and return how the function may end: an error's class, or "returns"."""
    flow = flow_of(textwrap.dedent(header) + "\nasync def program():\n" + textwrap.indent(textwrap.dedent(body), "    "))
    here = flow.suspensions(lambda point: ast.unparse(point.node).endswith("await x"))
    assert here, "nothing is cancelled"
    ends = flow.ends([state for _, state in flow.cancelled(here)])
    return {end.error.name if end.error else "returns" for end in ends}


def reaches(body: str, text: str) -> bool:
    """Tell whether a statement can be reached on sure edges from a cancellation at the await of ``x``."""
    flow = flow_of("async def program():\n" + textwrap.indent(textwrap.dedent(body), "    "))
    here = flow.suspensions(lambda point: ast.unparse(point.node).endswith("await x"))
    starts = [state for _, state in flow.cancelled(here)]
    return flow.walk(starts, lambda state: ast.unparse(state.point.node) == text) is not None


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
    body = "for i in f():\n    try:\n        await x\n    except asyncio.CancelledError:\n        continue\nelse:\n    f(1)\n"
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


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("return await x", 1),
        ("if await x: pass", 1),
        ("f(a=await x, *[await x])", 2),
        ("match await x:\n    case 1 if await x: pass", 2),
        ("def g(a=await x, *, b=await x): pass", 2),
        ("@(await x)\ndef g(): await x", 1),
        ("try: f()\nexcept (await x): pass", 1),
        ("a = (await x) and (await x)", 2),
        ("a = False and await x", 0),
        ("a = True or await x", 0),
        ("a = (await x) if True else (await x)", 1),
        ("a = f() < (await x) < (await x)", 2),
        ("async for i in f(): pass", 1),
        ("a = [i async for i in f() if await x]", 2),
        ("a = {await x: await x for i in await x}", 3),
        ("a = (await x for i in (await x))", 1),
        ("a = lambda b=1: (yield)", 0),
        ("async with f() as a, f() as b: pass", 4),
        ("async with asyncio.timeout(1): pass", 0),
        ("async with asyncio.TaskGroup(): pass", 1),
        ("with f(): await x", 1),
        ("assert f(), await x", 1),
        ("a[await x] = await x", 2),
        ("raise f(await x) from await x", 2),
    ],
)
def test_where_a_cancellation_comes_in(source: str, count: int) -> None:
    if "TaskGroup" in source and sys.version_info < (3, 11):
        pytest.skip("TaskGroup came with 3.11")
    flow = flow_of("async def program():\n" + textwrap.indent(source, "    "))
    assert len({state.point for state in flow.suspensions()}) == count


def test_cancelled_in_an_enter_the_items_before_it_exit() -> None:
    body = "with contextlib.suppress(BaseException):\n    async with f(), f(await x):\n        pass\n"
    assert outcomes(body) == {"returns"}
    body = "async with f(await x), contextlib.suppress(BaseException):\n    pass\n"
    assert outcomes(body) == {CANCELLED}


def test_managers_of_this_file() -> None:
    header = """
        class Swallow:
            async def __aenter__(self): return self
            async def __aexit__(self, *error): return True
        class Ask:
            async def __aenter__(self): return self
            async def __aexit__(self, kind, error, trace): return self.decide(kind)
        class Convert(Base if cond() else object):
            async def __aenter__(self): return self
            async def __aexit__(self, kind, error, trace):
                if kind is None:
                    return
                raise KeyError
        class Derived(Convert): pass
        @contextlib.asynccontextmanager
        async def cleans():
            try:
                yield
            finally:
                f()
        @contextlib.asynccontextmanager
        async def swallows():
            try:
                yield
            except asyncio.CancelledError:
                pass
        @contextlib.contextmanager
        def converts():
            try:
                yield
            except BaseException as exc:
                raise KeyError from exc
    """
    ends = {
        "async with Swallow()": {"returns"},
        "async with Ask()": {CANCELLED},
        "async with Convert()": {"builtins.KeyError"},
        "async with Derived() as d": {"builtins.KeyError"},
        "async with cleans()": {CANCELLED},
        "async with swallows()": {"returns"},
        "with converts()": {"builtins.KeyError"},
        "async with f()": {CANCELLED},
        "async with swallows(), f()": {"returns"},
    }
    for line, expected in ends.items():
        assert outcomes(f"{line}:\n    await x\n", header) == expected, line


def test_an_unknown_manager_may_swallow() -> None:
    flow = flow_of("async def program():\n    with manager():\n        await x\n    f()\n")
    steps = [step for state in flow.every_state() if state.point.kind == "exit" for step in flow.steps(state)]
    assert {step.sure for step in steps} == {True, False}


def test_a_clause_of_an_unknown_class_may_take_the_cancellation() -> None:
    body = "try:\n    await x\nexcept Unknown:\n    pass\n"
    assert outcomes(body) == {CANCELLED}
    flow = flow_of("async def program():\n" + textwrap.indent(body, "    "))
    states = [state for state in flow.every_state() if state.point.kind == "clause"]
    cancelled = [state for state in states if state.pending[-1].error and state.pending[-1].error.name == CANCELLED]
    assert cancelled
    assert {step.sure for state in cancelled for step in flow.steps(state)} == {True, False}


def test_an_unknown_call_may_raise_into_the_handlers_around() -> None:
    flow = flow_of("async def program():\n    try:\n        f()\n    except ValueError:\n        await x\n")
    assert flow.suspensions()
    assert flow.walk([flow.start], lambda state: state.point.kind == "suspend") is None


def test_a_timeout_turns_its_own_deadline_into_timeout_error() -> None:
    flow = flow_of("async def program():\n    async with asyncio.timeout(1):\n        await x\n")
    ends = flow.ends([flow.start], frozenset({"next", "cancelled", "deadline"}))
    assert {end.error.name if end.error else "returns" for end in ends} == {
        CANCELLED,
        "builtins.TimeoutError",
        "returns",
    }


def test_a_timeout_whose_deadline_is_swallowed_inside_ends_normally() -> None:
    flow = flow_of(
        """
        async def program():
            async with asyncio.timeout(1):
                try:
                    await x
                except asyncio.CancelledError:
                    pass
        """
    )
    ends = flow.ends([flow.start], frozenset({"next", "deadline"}))
    assert {end.kind for end in ends} == {"normal"}


def test_wait_for_times_out_with_timeout_error() -> None:
    source = """
        async def program():
            try:
                await asyncio.wait_for(x, 1)
            except asyncio.CancelledError:
                return
    """
    flow = flow_of(source)
    ends = flow.ends([flow.start], frozenset({"next", "deadline"}))
    assert {end.error.name if end.error else "returns" for end in ends} == {"builtins.TimeoutError", "returns"}


def test_a_task_group_lets_the_cancellation_through_and_groups_other_errors() -> None:
    assert outcomes("async with asyncio.TaskGroup():\n    await x\n") == {CANCELLED}
    body = """
        async with asyncio.TaskGroup():
            try:
                await x
            except asyncio.CancelledError:
                raise KeyError
    """
    assert outcomes(body) == {"builtins.ExceptionGroup"}


def test_the_yield_of_a_context_manager_raises_what_its_body_raised() -> None:
    source = "async def program():\n    try:\n        yield\n    except asyncio.CancelledError:\n        f()\n"
    decorated = flow_of("@contextlib.asynccontextmanager\n" + source)
    plain = flow_of(source)
    handled = [flow.walk(flow.after_yield(None), lambda state: False) for flow in (decorated, plain)]
    assert handled == [None, None]
    assert any(state.point.kind == "clause" for state in decorated.every_state())
    errors = {
        state.pending[-1].error.name
        for state in plain.every_state()
        if state.point.kind == "clause" and state.pending[-1].error
    }
    assert CANCELLED not in errors


def test_nothing_comes_after_a_return_that_suspends() -> None:
    assert not reaches("try:\n    return await x\nfinally:\n    f()\nf(1)\n", "f(1)")


def test_very_long_chains_are_walked() -> None:
    chain = "if cond():\n    pass\n" + "elif cond():\n    await x\n" * 800
    assert outcomes(chain) == {CANCELLED}


def test_a_function_over_the_limit_is_left_out() -> None:
    body = "pass\n"
    for _ in range(16):
        body = "try:\n    if cond():\n        return\n    await x\nfinally:\n" + textwrap.indent(body, "    ")
    source = "async def program():\n" + textwrap.indent(body, "    ")
    tree = ast.parse(HEADER + source)
    module = Module(tree, Facts())
    function = tree.body[-1]
    assert isinstance(function, ast.AsyncFunctionDef)
    assert module.flow(function) is None
    assert module.left_out() == [function]
