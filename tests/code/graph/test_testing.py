"""What only a test runner runs, so that nobody cancels it."""

from __future__ import annotations

import pytest

from flake8_cancel.code.graph.testing import is_test, runs_in_test
from tests.code.asking import function, module_of

FRAMEWORK = "import asyncio, pytest, pytest_asyncio\n"


def runs(source: str, name: str, head: str = FRAMEWORK) -> bool:
    module = module_of(head + source)
    return runs_in_test(module, function(module, name))


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("async def test_it(x): ...", "test_it"),
        ("@pytest.mark.slow\nasync def test_it(x): ...", "test_it"),
        ("class It:\n    async def test_it(self): ...", "test_it"),
        ("@pytest.fixture\nasync def it(): yield 1", "it"),
        ("@pytest_asyncio.fixture(scope='module')\nasync def it(): yield 1", "it"),
        ("class TestIt:\n    async def asyncSetUp(self): ...", "asyncSetUp"),
        ("class It(util.TestCase):\n    async def tearDown(self): ...", "tearDown"),
    ],
)
def test_a_test_runner_calls_it(source: str, name: str) -> None:
    assert runs(source, name)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("async def test_it(x): assert x", "test_it"),
        ("class TestIt:\n    async def test_it(self): ...", "test_it"),
        ("class It(ServerTestCase):\n    async def test_it(self): ...", "test_it"),
    ],
)
def test_a_test_is_known_without_an_import(source: str, name: str) -> None:
    assert runs(source, name, head="")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("async def test_connection(x): ...", "test_connection"),
        ("class Client:\n    async def test_connection(self): assert self.x", "test_connection"),
        ("async def test_it(x): assert x\nasync def others(x): await test_it(x)", "test_it"),
        ("class Client:\n    async def setUp(self): ...", "setUp"),
        ("def make():\n    async def test_it(x): assert x\n    return test_it", "test_it"),
        ("async def it(x): assert x", "it"),
    ],
)
def test_others_may_call_it_too(source: str, name: str) -> None:
    assert not runs(source, name, head="")


@pytest.mark.parametrize(
    "test",
    [
        "async def test_it(): assert await helper()",
        "async def test_it(): await asyncio.gather(helper(), helper())",
        "async def between(): await helper()\nasync def test_it(): await between()",
        "def test_it(): asyncio.run(helper())",
        "def test_it(loop): loop.run_until_complete(helper())",
        "async def test_it():\n    with pytest.raises(ValueError): await helper()",
    ],
)
def test_only_tests_run_it(test: str) -> None:
    assert runs(f"async def helper(): ...\n{test}", "helper")


@pytest.mark.parametrize(
    "test",
    [
        "",
        "async def test_it(): asyncio.create_task(helper())",
        "async def test_it(): await asyncio.wait_for(helper(), 1)",
        "async def test_it():\n    async with asyncio.timeout(1): await helper()",
        "async def between(): await helper()",
        "async def test_it(client): client.on('it', helper)",
        "def between(): asyncio.run(helper())",
        "async def helper_too(): await helper()\nhelper = helper_too",
    ],
)
def test_something_else_may_cancel_it(test: str) -> None:
    assert not runs(f"async def helper(): ...\n{test}", "helper")


def test_helpers_that_wait_for_each_other_are_asked_about_once() -> None:
    assert not runs("async def one(): await other()\nasync def other(): await one()", "one")


@pytest.mark.parametrize(
    ("does", "alone"),
    [
        ("task = asyncio.create_task(inner())\n    await task", True),
        ("client.on('it', inner)", True),
        ("task = asyncio.create_task(inner())\n    task.cancel()", False),
        ("await asyncio.wait_for(inner(), 1)", False),
        ("async with asyncio.TaskGroup() as group: group.create_task(inner())", False),
    ],
)
def test_a_part_of_a_test_is_cancelled_by_the_test_alone(does: str, alone: bool) -> None:
    assert runs(f"async def test_it(client):\n    async def inner(): ...\n    {does}", "inner") is alone


def test_a_plain_function_may_be_a_test() -> None:
    module = module_of(FRAMEWORK + "def test_it(): ...")
    assert is_test(module, function(module, "test_it"))
    assert not runs_in_test(module, function(module, "test_it"))


@pytest.mark.parametrize(
    "source",
    [
        "async def helper(): ...\nasync def test_it(): assert await helper()",
        "async def helper(): ...\n@pytest.fixture(params=[helper])\nasync def it(request): ...",
        "class Fake:\n    async def helper(self): ...\nasync def test_it(x): assert x",
        "class TestIt(Base):\n    async def test_it(self): await self.helper()\n    async def helper(self): ...",
    ],
)
@pytest.mark.parametrize("head", ["", FRAMEWORK])
def test_what_stands_beside_tests_is_for_them(source: str, head: str) -> None:
    if not head and "fixture" in source:
        head = "import pytest\n"
    assert runs(source, "helper", head)


@pytest.mark.parametrize(
    "source",
    [
        "async def helper(): ...\nasync def test_it(x): assert asyncio.create_task(helper())",
        "async def helper(): ...\nasync def test_it(x): assert await asyncio.wait_for(helper(), 1)",
        "async def helper(): ...\nasync def test_connection(x): ...\nasync def others(): await test_connection(helper)",
        "class Client:\n    async def test_connection(self): ...\n    async def helper(self): ...",
    ],
)
def test_it_may_be_for_others_too(source: str) -> None:
    assert not runs(source, "helper", "import asyncio\n")
