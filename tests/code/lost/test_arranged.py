"""Functions that arrange for a CancelledError themselves."""

from __future__ import annotations

import pytest

from flake8_cancel.code.lost.arranged import arranges_for_it
from tests.code.asking import function, module_of


def answer(statement: str) -> bool:
    module = module_of(f"import asyncio\nasync def f(mock, wait):\n    {statement}\n")
    return arranges_for_it(module, function(module, "f"))


@pytest.mark.parametrize(
    "statement",
    [
        "mock.side_effect = [1, asyncio.CancelledError]",
        "mock.get.side_effect = asyncio.CancelledError()",
        "mock.patch('x', side_effect=asyncio.CancelledError)",
        "future = mock.failed(asyncio.CancelledError('no'))",
    ],
)
def test_it_comes_from_here(statement: str) -> None:
    assert answer(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "raise asyncio.CancelledError",
        "errors = (OSError, asyncio.CancelledError)",
        "if isinstance(mock, asyncio.CancelledError): pass",
        "mock.assert_raises(asyncio.CancelledError)",
        "Cancelled = asyncio.CancelledError",
    ],
)
def test_it_is_only_named_here(statement: str) -> None:
    assert not answer(statement)
