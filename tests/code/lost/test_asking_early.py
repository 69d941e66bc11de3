"""Tasks that are asked whether they are cancelled directly behind ``cancel()``."""

from __future__ import annotations

import textwrap

import pytest

from flake8_cancel.code.lost.asking_early import cancelled_just_before
from tests.code.asking import module_of


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("task.cancel()\nassert task.cancelled()", True),
        ("task.cancel()\nprint('over')\nassert task.cancelled(), 'not yet'", True),
        ("task.cancel()\nif not task.cancelled():\n    raise ValueError", True),
        ("task.cancel()\nif not task.cancelled():\n    log.error('no')", True),
        ("task.cancel()\nif not task.cancelled():\n    log.error('no')\n    other()", False),
        ("task.cancel()\nif task.cancelled():\n    raise ValueError", False),
        ("task.cancel()\nassert not task.cancelled()", False),
        ("task.cancel()\nawait other()\nassert task.cancelled()", False),
        ("task.cancel()\ntask = other\nassert task.cancelled()", False),
        ("task.cancel()\nloop.run_until_complete(other)\nassert task.cancelled()", False),
        ("if other:\n    task.cancel()\nassert task.cancelled()", False),
        ("other.cancel()\nassert task.cancelled()", False),
        ("assert task.cancelled()\ntask.cancel()", False),
    ],
)
def test_what_cancelled_it_just_before(body: str, answer: bool) -> None:
    source = f"import asyncio\nasync def f(task: asyncio.Task, other, log, loop):\n{textwrap.indent(body, '    ')}"
    module = module_of(source)
    assert (cancelled_just_before(module, module.calls("cancelled")[0]) is not None) is answer
