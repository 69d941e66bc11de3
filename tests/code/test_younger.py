"""Which names the target does not have, and which files know about it."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.api import Facts
from flake8_cancel.code.younger import gives_message, younger_imports, younger_use
from tests.code.asking import module_of

OLD = Facts(target=(3, 10))


def used(source: str, facts: Facts = OLD) -> list[str]:
    module = module_of(source, facts)
    attributes = [node for node in ast.walk(module.tree) if isinstance(node, ast.Attribute)]
    return [name for node in attributes if (name := younger_use(module, node))]


def imported(source: str) -> list[str]:
    module = module_of(source, OLD)
    imports = [node for node in ast.walk(module.tree) if isinstance(node, ast.ImportFrom)]
    return [name for node in imports for _, name in younger_imports(module, node)]


def test_a_younger_name_is_told() -> None:
    assert used("import asyncio\nasyncio.TaskGroup()") == ["asyncio.TaskGroup"]
    assert used("import asyncio\nasyncio.TaskGroup()", Facts(target=(3, 11))) == []
    assert used("import contextlib\ncontextlib.aclosing(x)", Facts(target=(3, 9))) == ["contextlib.aclosing"]


def test_a_method_is_told_of_a_task_alone() -> None:
    assert used("import asyncio\ntask = asyncio.create_task(f())\ntask.uncancel()") == ["asyncio.Task.uncancel"]
    assert used("import asyncio\nwidget.uncancel()") == []


@pytest.mark.parametrize(
    "guard",
    [
        "import sys\nif sys.version_info >= (3, 11): pass",
        "import sys\nNEW = sys.version_info[:2] > (3, 11)",
        "import sys\nNEW = sys.version_info.minor > 10",
        "HAS = hasattr(asyncio, 'timeout')",
        "asyncio.timeout = limit",
    ],
)
def test_a_file_that_asks_knows(guard: str) -> None:
    assert used(f"import asyncio\n{guard}\nasyncio.timeout(5)") == []


@pytest.mark.parametrize("guard", ["import sys\nif sys.version_info >= (3, 8): pass", "hasattr(asyncio, 'Runner')"])
def test_a_file_that_asks_for_something_else_does_not_know(guard: str) -> None:
    assert used(f"import asyncio\n{guard}\nasyncio.timeout(5)") == ["asyncio.timeout"]


def test_an_import_is_told_unless_its_failure_is_taken() -> None:
    assert imported("from asyncio import Task, timeout") == ["asyncio.timeout"]
    assert imported("try:\n    from asyncio import timeout\nexcept ImportError:\n    timeout = None") == []
    assert imported("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from asyncio import timeout") == []


def test_an_annotation_counts_where_it_is_evaluated() -> None:
    source = "import asyncio\ndef f(group: asyncio.TaskGroup): pass"
    assert used(source) == ["asyncio.TaskGroup"]
    assert used(f"from __future__ import annotations\n{source}") == []


@pytest.mark.parametrize(
    ("cancelling", "told"),
    [
        ("task.cancel('late')", True),
        ("task.cancel(msg='late')", True),
        ("task.cancel()", False),
        ("widget.cancel('late')", False),
        ("try: task.cancel('late')\nexcept TypeError: task.cancel()", False),
        ("import sys\nif sys.version_info >= (3, 9): task.cancel('late')", False),
    ],
)
def test_a_message_is_told_before_python_3_9(cancelling: str, told: bool) -> None:
    source = f"import asyncio\ntask = asyncio.create_task(f())\n{cancelling}"
    for target, expected in (((3, 8), told), ((3, 9), False)):
        module = module_of(source, Facts(target=target))
        calls = [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
        assert any(gives_message(module, call) for call in calls) == expected
