"""What runs as a program: when it is cancelled its process ends."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.graph.programs import ends_program, runs_as_program
from tests.code.asking import function, module_of


@pytest.mark.parametrize(
    "source",
    [
        "async def it(): ...\nasyncio.run(it())",
        "async def it(): ...\ndef main(loop): loop.run_until_complete(it())",
        "async def it(): ...\nasync def root(): print(await it())\nasyncio.run(root())",
        "import click\n@click.command()\nasync def it(): ...",
        "import typer\n@app.command\n@background\nasync def it(): ...",
        "import click\nclass It:\n    async def it(self): await self.view.it()\n"
        "def made(): return It()\n@click.command()\ndef main(): asyncio.run(made().it())",
    ],
)
def test_a_program_is_run_to_its_end(source: str) -> None:
    module = module_of(f"import asyncio\n{source}")
    assert runs_as_program(module, function(module, "it"))


@pytest.mark.parametrize(
    "source",
    [
        "async def it(): ...",
        "async def it(): ...\nasync def root(): await it()",
        "async def it(): ...\nasync def root(): asyncio.create_task(it())\nasyncio.run(root())",
        "async def it(): ...\nasync def root(): await asyncio.wait_for(it(), 1)\nasyncio.run(root())",
        "async def it(): ...\nasync def root():\n    async with asyncio.timeout(1): await it()\nasyncio.run(root())",
        "async def it(): await it()",
        "async def it(): ...\ndef later(loop): asyncio.run_coroutine_threadsafe(it(), loop)",
        # Others call what a class shows them.
        "class It:\n    async def it(self): ...\n    def run(self): asyncio.run(self.it())",
        "import click\nclass It:\n    async def it(self): ...\n"
        "def made(): return It()\ndef main(): asyncio.run(made().it())",
        # A bot has commands too.
        "import bot\n@bot.command()\nasync def it(): ...",
    ],
)
def test_others_may_cancel_it(source: str) -> None:
    module = module_of(f"import asyncio\n{source}")
    assert not runs_as_program(module, function(module, "it"))


@pytest.mark.parametrize(
    ("does", "ends"),
    [
        ("await client.read()", True),
        ("try: await client.read()\n    finally: client.close()", True),
        ("await client.read()\n    await client.close()", False),
        ("async with client: await client.read()", True),
        ("while True: await client.read()", False),
    ],
)
def test_a_program_comes_to_its_last_wait(does: str, ends: bool) -> None:
    module = module_of(
        f"import asyncio\nasync def it(client):\n    {does}\n"
        "async def root(client): print(await it(client))\ndef main(client): asyncio.run(root(client))"
    )
    wait = next(node for node in module.awaits() if module.function(node) is function(module, "it"))
    assert isinstance(wait, ast.Await)
    assert ends_program(module, wait) is ends
