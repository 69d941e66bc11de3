"""Imports that a fix leaves unused go; all others stay."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.fix.unused import removed

USE = "def f(): {}\n"


@pytest.mark.parametrize(
    ("imports", "left"),
    [
        ("import asyncio\n", ""),
        ("import asyncio as aio\n", ""),
        ("import asyncio.exceptions\n", ""),
        ("import asyncio\nimport os\n", "import os\n"),
        ("import os\nimport asyncio\nimport re\n", "import os\nimport re\n"),
        ("import os, asyncio\n", "import os\n"),
        ("from asyncio import CancelledError\n", ""),
        ("from asyncio import sleep, CancelledError, wait\n", "from asyncio import sleep, wait\n"),
        ("from asyncio import CancelledError as C, wait as w\n", "from asyncio import wait as w\n"),
        ("from asyncio import (CancelledError, sleep)\n", "from asyncio import sleep\n"),
        ("from asyncio import (\n    CancelledError,\n    sleep,\n)\n", "from asyncio import (\n    sleep,\n)\n"),
        ("from asyncio import (\n    sleep,\n    CancelledError\n)\n", "from asyncio import (\n    sleep,\n)\n"),
        ("from asyncio import (\n    CancelledError,\n)\n", ""),
        ("import os\r\nimport asyncio, re\r\n", "import os\r\nimport re\r\n"),
        # The blank lines that are left are those around it, once.
        ('"""Doc."""\n\nimport asyncio\n\n\n', '"""Doc."""\n\n\n'),
        ("import asyncio\n\n\n", ""),
        ("import os\n\nfrom asyncio import CancelledError\n\nx = 1\n", "import os\n\nx = 1\n"),
    ],
)
def test_what_nothing_mentions_any_more_goes(imports: str, left: str) -> None:
    assert changed(imports, "asyncio, aio, CancelledError, C", "0") == left + USE.format("0")


@pytest.mark.parametrize(
    "imports",
    [
        "import asyncio  # noqa\n",
        "# for others\nimport asyncio\n",
        "import asyncio; import os\n",
        "import asyncio as asyncio\n",
        "from asyncio import CancelledError as CancelledError\n",
        "from asyncio import *\n",
        "from . import asyncio\n",
        "from .asyncio import CancelledError\n",
        # Others may have an effect.
        "from mine import CancelledError\n",
        "try:\n    import asyncio\nexcept ImportError:\n    asyncio = None\n",
        "if x:\n    from asyncio import CancelledError\n",
        "from asyncio import (\n    sleep, CancelledError,\n    wait,\n)\n",
        "from asyncio import (\n    sleep,\n    CancelledError,  # why\n)\n",
    ],
)
def test_what_may_be_there_for_others_stays(imports: str) -> None:
    assert changed(imports, "asyncio, CancelledError", "0") == imports + USE.format("0")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # It was unused before, for whatever reason.
        ("0", "0"),
        ("asyncio", "asyncio.run"),
        ("asyncio", "cast('asyncio.Task', x)"),
        ("asyncio", "[asyncio for x in y]"),
    ],
)
def test_what_is_mentioned_stays(before: str, after: str) -> None:
    assert changed("import asyncio\n", before, after) == "import asyncio\n" + USE.format(after)


def test_what_the_module_gives_out_stays() -> None:
    imports = "from asyncio import CancelledError\n__all__ = ['CancelledError']\n"
    assert changed(imports, "CancelledError", "0") == imports + USE.format("0")


def test_a_docstring_keeps_nothing() -> None:
    assert changed('"""Of asyncio."""\n\nimport asyncio\n', "asyncio", "0") == '"""Of asyncio."""\n\n' + USE.format("0")


def changed(imports: str, before: str, after: str) -> str:
    """Return what is left of a module when what its function mentions changes."""
    return removed(ast.parse(imports + USE.format(before)), imports + USE.format(after))
