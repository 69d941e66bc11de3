"""Children of gather that nobody but gather has a hold of."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.lost.anonymous import are_anonymous
from tests.code.asking import module_of

_AROUND = """
import asyncio
async def own(): await asyncio.sleep(1)
async def shared(future): await future
def made(): return FUTURES[0]
async def it(jobs, job, store):
    {}
    await asyncio.gather({}, return_exceptions=True)
"""


@pytest.mark.parametrize(
    ("before", "given", "anonymous"),
    [
        ("", "own(), store.get()", True),
        ("", "*[own() for _ in jobs]", True),
        ("", "*(asyncio.create_task(one.get()) for one in jobs)", True),
        ("tasks = [own() for _ in jobs]", "*tasks", True),
        ("tasks = []; tasks.append(own()); print(len(tasks))", "*tasks", True),
        ("tasks = [asyncio.create_task(own())]; store.keep(tasks)", "*tasks", False),
        ("tasks = []; tasks.append(job)", "*tasks", False),
        ("", "*jobs", False),
        ("", "own(), job", False),
        ("", "shared(job)", False),
        ("", "made()", False),
        ("", "asyncio.ensure_future(job)", False),
        ("", "", False),
    ],
)
def test_children_may_be_known_to_gather_alone(before: str, given: str, anonymous: bool) -> None:
    module = module_of(_AROUND.format(before or "pass", given).replace("gather(, ", "gather("))
    (gather,) = module.calls("gather")
    assert isinstance(gather, ast.Call)
    assert are_anonymous(module, gather) is anonymous
