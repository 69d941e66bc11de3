"""Tasks that may come to cancel themselves."""

from __future__ import annotations

import textwrap

import pytest

from flake8_cancel.code.lost.coming_back import comes_to
from tests.code.asking import function, module_of

SOURCE = """
class A:
    async def stop(self):
        self.task.cancel()
    async def middle(self):
        await self.stop()
    async def run(self, other):
{body}
"""


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("await self.stop()", True),
        ("await self.middle()", True),
        ("await other()", False),
        ("await self.connection.stop()", False),
        ("await getattr(self, 'other')()", False),
        ("await getattr(self, other)()", True),
    ],
)
def test_it_leads_to_the_function_that_cancels_it(body: str, answer: bool) -> None:
    module = module_of(SOURCE.format(body=textwrap.indent(body, "        ")))
    assert comes_to(module, function(module, "run"), function(module, "stop")) is answer
