"""Programs on which a graph was wrong once, each with what CPython does."""

from __future__ import annotations

import textwrap

import pytest

from tests.flow.check import disagreement
from tests.flow.grammar import HAS_GROUPS
from tests.flow.loop import Loop
from tests.flow.prelude import PRELUDE
from tests.flow.program import COROUTINE, NAME

PROGRAMS = {
    "a timeout takes a new cancellation that is raised in place of its own": """
        async with asyncio.timeout(1):
            try:
                await pause(2)
            finally:
                raise asyncio.CancelledError()
        """,
    "and one that is raised where except* handles its own": """
        async with asyncio.timeout(1):
            try:
                await pause(2)
            except* asyncio.CancelledError:
                raise asyncio.CancelledError()
        """,
    "but not the group that except* makes of its own": """
        async with asyncio.timeout(1):
            try:
                await pause(2)
            except* asyncio.CancelledError:
                raise
        """,
    "a task group that waits with an error to raise drops a cancellation": """
        async with asyncio.timeout(1):
            async with asyncio.TaskGroup() as group:
                group.create_task(child(2))
                raise AppError()
        """,
    "and one that waits without an error raises it": """
        async with asyncio.TaskGroup() as group:
            group.create_task(child(1))
        step(2)
        """,
    "suppress looks into groups since Python 3.12": """
        with contextlib.suppress(AppError, asyncio.CancelledError):
            try:
                await pause(1)
                raise SubError()
            except* BaseException:
                raise
        step(2)
        """,
    "a bare raise in a finally block that was entered normally raises what the handler around it handles": """
        try:
            await pause(1)
        except BaseException:
            try:
                step(2)
            finally:
                raise
        """,
    "a loop over elements that are written down takes its first turn": """
        for y in range(2):
            try:
                await pause(1)
                break
            except asyncio.CancelledError:
                for z in (*(), 3, 4):
                    raise
        step(2)
        """,
    "and one over none takes no turn": """
        try:
            await pause(1)
        except asyncio.CancelledError:
            for y in {**{}}:
                step(2)
            else:
                raise
        step(3)
        """,
}


@pytest.mark.skipif(not HAS_GROUPS, reason="asyncio has timeouts and task groups since 3.11")
@pytest.mark.parametrize("strikes", [1, 2])
@pytest.mark.parametrize("case", PROGRAMS)
def test_graph_and_runs_agree(loop: Loop, case: str, strikes: int) -> None:
    body = textwrap.indent(textwrap.dedent(PROGRAMS[case]), "    ")
    assert disagreement((f"{PRELUDE}async def {NAME}():{body}", COROUTINE), loop, strikes) is None
