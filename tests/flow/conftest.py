"""The event loop that all programs run on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.flow.loop import Loop


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    """An event loop whose clock stands still."""
    made = Loop()
    yield made
    made.close()
