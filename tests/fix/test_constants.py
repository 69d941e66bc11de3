"""Constants of the module that a fix asks for: each is defined once, behind the imports."""

from __future__ import annotations

import libcst as cst
import pytest

from flake8_cancel.fix.edit import Edit
from flake8_cancel.fix.splice import Replacement
from tests.fix.driving import mend, run


def adds(node: cst.CSTNode, edit: Edit) -> Replacement:
    return edit.statement("{things}.add(1)", things=edit.constant("things", "set()"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import os\n\n\ndef f(): old()\n", "import os\n\nthings = set()\n\n\ndef f(): things.add(1)\n"),
        ("import os\nx = 1\nold()\n", "import os\n\nthings = set()\n\nx = 1\nthings.add(1)\n"),
        ("def f(): old()\n", "things = set()\n\n\ndef f(): things.add(1)\n"),
        ('"""Doc."""\n\nold()\n', '"""Doc."""\n\nthings = set()\n\nthings.add(1)\n'),
        ("# Of us.\n\nold()\n", "# Of us.\n\nthings = set()\n\nthings.add(1)\n"),
        ("def f():\r\n\told()\r\n", "things = set()\r\n\r\n\r\ndef f():\r\n\tthings.add(1)\r\n"),
        # Two edits share one constant.
        ("import os\n\nold()\nold()\n", "import os\n\nthings = set()\n\nthings.add(1)\nthings.add(1)\n"),
        # What is there is used.
        ("things = set()\nold()\n", "things = set()\nthings.add(1)\n"),
        ("things: set[int] = set()\nold()\n", "things: set[int] = set()\nthings.add(1)\n"),
        # What means something else is left alone.
        ("things = {}\nold()\n", "things_2 = set()\n\nthings = {}\nthings_2.add(1)\n"),
        ("things = set()\nthings = 1\nold()\n", "things_2 = set()\n\nthings = set()\nthings = 1\nthings_2.add(1)\n"),
        ("from os import things\nold()\n", "from os import things\n\nthings_2 = set()\n\nthings_2.add(1)\n"),
        ("def f(things):\n    old()\n", "things_2 = set()\n\n\ndef f(things):\n    things_2.add(1)\n"),
        ("def things():\n    old()\n", "things_2 = set()\n\n\ndef things():\n    things_2.add(1)\n"),
        ("print(things)\nold()\n", "things_2 = set()\n\nprint(things)\nthings_2.add(1)\n"),
        ("if x:\n    things = set()\nold()\n", "things_2 = set()\n\nif x:\n    things = set()\nthings_2.add(1)\n"),
    ],
)
def test_a_constant_is_defined_once_behind_the_imports(before: str, after: str) -> None:
    assert run(before.encode(), mend("old", adds)).data.decode() == after


def adds_typed(node: cst.CSTNode, edit: Edit) -> Replacement:
    name = edit.constant("_things", "set()", "{set}[{task}[object]]", set="set", task="asyncio.Task")
    return edit.statement("{things}.add(1)", things=name)


@pytest.mark.parametrize(
    ("head", "constant"),
    [
        ("import asyncio\n", "import asyncio\n\n_things: set[asyncio.Task[object]] = set()\n"),
        ("import asyncio as aio\n", "import asyncio as aio\n\n_things: set[aio.Task[object]] = set()\n"),
        ("from asyncio import Task\n", "from asyncio import Task\n\n_things: set[Task[object]] = set()\n"),
        ("import os\n", "import asyncio\nimport os\n\n_things: set[asyncio.Task[object]] = set()\n"),
        # What is there is used, whether public or not, whatever its type is said to be.
        ("things = set()\n", "things = set()\n"),
        ("_things: set[int] = set()\n", "_things: set[int] = set()\n"),
    ],
)
def test_a_constant_with_a_type(head: str, constant: str) -> None:
    use = "\n\ndef f():\n    {}\n"
    result = run((head + use.format("old()")).encode(), mend("old", adds_typed)).data.decode()
    name = "things" if constant.startswith("things") else "_things"
    assert result == constant + use.format(f"{name}.add(1)")


def test_a_constant_comes_behind_imports_under_conditions_but_above_the_first_function() -> None:
    imports = "import os\n\ntry:\n    import a\nexcept ImportError:\n    a = None\n\nX = 1\nimport b\n"
    rest = "\nY = 1\n\n\ndef f():\n    {}\n\n\nimport c\n"
    result = run((imports + rest.format("old()")).encode(), mend("old", adds)).data.decode()
    assert result == imports + "\nthings = set()\n" + rest.format("things.add(1)")


def test_a_type_that_means_something_else() -> None:
    result = run(b"set = 1\n\n\ndef f():\n    old()\n", mend("old", adds_typed))
    assert [reason for _, reason in result.refused] == ["the name set means something else here"]


def test_a_star_import_may_bind_any_name() -> None:
    result = run(b"from os import *\nold()\n", mend("old", adds))
    assert [reason for _, reason in result.refused] == ["a star import may bind any name"]
