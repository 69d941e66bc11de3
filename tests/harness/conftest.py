"""What the tests of the harness share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.folder import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A fixture folder with nothing in it."""
    return Folder(tmp_path)
