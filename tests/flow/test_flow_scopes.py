"""What makes the cancellation graph right at context managers, scopes, generators and the bounds."""

from __future__ import annotations

import ast
import sys
import textwrap

import pytest

from flake8_cancel.code.api import Facts
from flake8_cancel.code.module import Module
from tests.flow.cases import CANCELLED, HEADER, flow_of, outcomes, reaches


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
