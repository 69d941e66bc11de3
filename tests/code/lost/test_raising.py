"""CancelledError raised by hand."""

from __future__ import annotations

import ast
import textwrap

import pytest

from flake8_cancel.code.lost.raising import raises_by_hand
from tests.code.asking import module_of


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("await job()\nraise asyncio.CancelledError", True),
        ("await job()\nraise asyncio.CancelledError('over')", True),
        ("if await job() == 2:\n    raise asyncio.CancelledError", False),
        ("line = await job()\nif len(line) > 2:\n    raise asyncio.CancelledError", True),
        ("line, how = await job()\nif how:\n    raise asyncio.CancelledError", False),
        ("await job()\nif job.cancelled():\n    raise asyncio.CancelledError", False),
        ("await job()\nif isinstance(job, asyncio.CancelledError):\n    raise asyncio.CancelledError", False),
        ("try:\n    await job()\nexcept BaseException:\n    raise asyncio.CancelledError", False),
        ("try:\n    await job()\nexcept ValueError:\n    raise asyncio.CancelledError", True),
        (
            "try:\n    await job()\nexcept BaseException:\n    job = 1\nif job:\n    raise asyncio.CancelledError",
            False,
        ),
        ("await job()\nraise ValueError", False),
        ("await job()\nraise", False),
        ("raise asyncio.CancelledError", False),
    ],
)
def test_whether_it_comes_from_no_cancellation(body: str, answer: bool) -> None:
    module = module_of(f"import asyncio\nasync def f(job):\n{textwrap.indent(body, '    ')}")
    raises = [node for node in ast.walk(module.tree) if isinstance(node, ast.Raise)]
    assert raises_by_hand(module, raises[-1]) is answer
