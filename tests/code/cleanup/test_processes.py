"""Which processes are a function's own, what is done with them, and where they are left running."""

from __future__ import annotations

import ast
import textwrap

import pytest

from flake8_cancel.code.cleanup.process_uses import ENDS, KEEPS, LOOKS, READS, WAITS, made, uses
from flake8_cancel.code.cleanup.process_wrapping import Wrapping, wrapping
from flake8_cancel.code.cleanup.processes import Left, left_running
from flake8_cancel.code.module import Module
from tests.code.asking import module_of

HEADER = """
import asyncio, logging, os, psutil
from asyncio import create_subprocess_exec as start
from asyncio.subprocess import DEVNULL, PIPE

async def run(work):
"""
HELPERS = """
async def pump(it):
    async for line in it.stdout:
        print(line)

async def end(it):
    it.terminate()

async def keep(it):
    jobs.append(it)

def show(it):
    print(it.returncode)

def stop(it):
    os.kill(it.pid, 9)

async def fresh():
    return await start("true", stdout=PIPE)

async def fresh_by_name():
    p = await start("true")
    print(p.pid)
    return p

async def shared():
    p = await start("true")
    jobs.append(p)
    return p

async def either(quiet):
    if quiet:
        return None
    return await start("true")
"""


def program(body: str) -> Module:
    return module_of(HEADER + textwrap.indent(body, "    ") + HELPERS)


def coroutine(module: Module) -> ast.AsyncFunctionDef:
    return next(node for node in module.tree.body if isinstance(node, ast.AsyncFunctionDef))


def left(body: str) -> list[Left]:
    module = program(body)
    return list(left_running(module, coroutine(module)))


@pytest.mark.parametrize(
    ("use", "done"),
    [
        ("await p.wait()", WAITS),
        ("await asyncio.wait_for(p.communicate(), 3)", WAITS),
        ("await p.stdout.read()", READS),
        ("await p.stdout.read(100)", LOOKS),
        ("while True:\n    await p.stdout.read(100)", READS),
        ("await p.stdout.readline()", LOOKS),
        ("async for line in p.stderr: print(line)", READS),
        ("[line async for line in p.stdout]", READS),
        ("p.stdin.write(b'')", LOOKS),
        ("p.stdin.close()", ENDS),
        ("p.kill()", ENDS),
        ("p.send_signal(2)", ENDS),
        ("p._transport.close()", ENDS),
        ("os.killpg(os.getpgid(p.pid), 9)", ENDS),
        ("psutil.Process(p.pid).kill()", ENDS),
        ("stack.callback(p.kill)", KEEPS),
        ("task = asyncio.create_task(watch(p))", KEEPS),
        ("await unknown(p)", ENDS),
        ("unknown(p)", KEEPS),
        ("kill_tree(p)", ENDS),
        ("async with unknown(p): pass", ENDS),
        ("logging.info('%s', p.pid)", LOOKS),
        ("print(f'{p.pid} has ended')", LOOKS),
        ("assert p is not None", LOOKS),
        ("return p", LOOKS),
        ("yield p", KEEPS),
        ("self.p = p", KEEPS),
        ("both = [p, 1]", KEEPS),
        ("await pump(p)", READS),
        ("await asyncio.gather(pump(p), work())", READS),
        ("task = asyncio.create_task(pump(p))", LOOKS),
        ("await end(p)", ENDS),
        ("asyncio.create_task(end(p))", KEEPS),
        ("await keep(p)", KEEPS),
        ("show(p)", LOOKS),
        ("stop(p)", ENDS),
        ("def on_signal():\n    p.terminate()", KEEPS),
        ("async def lines():\n    return await p.stdout.read()", LOOKS),
    ],
)
def test_each_use_does_one_thing(use: str, done: str) -> None:
    module = program(use)
    assert [what for _, what in uses(module, coroutine(module), "p")] == [done]


@pytest.mark.parametrize(
    ("value", "shell", "piped"),
    [
        ("await start('ls')", False, False),
        ("await asyncio.create_subprocess_exec('ls', stdin=DEVNULL, stderr=None)", False, False),
        ("await asyncio.create_subprocess_exec('ls', stderr=PIPE)", False, True),
        ("await start('ls', stdout=log)", False, True),
        ("await start('ls', **options)", False, True),
        ("await asyncio.subprocess.create_subprocess_shell('ls')", True, False),
        ("await asyncio.wait_for(start('ls'), 3)", False, False),
        ("await start('ls') if work else await asyncio.create_subprocess_shell('ls', stdout=PIPE)", True, True),
        ("await fresh()", False, True),
        ("await fresh_by_name()", False, False),
    ],
)
def test_it_is_known_how_a_process_is_made(value: str, shell: bool, piped: bool) -> None:
    found = making(value)
    assert found is not None
    assert (found.is_shell, found.is_piped) == (shell, piped)


@pytest.mark.parametrize(
    "value",
    ["start('ls')", "await shared()", "await either(True)", "await unknown()", "await start('ls') if work else None"],
)
def test_nothing_is_known_of_a_process_that_others_may_have(value: str) -> None:
    assert making(value) is None


def making(value: str):  # type: ignore[no-untyped-def]
    module = program(f"p = {value}")
    (statement,) = coroutine(module).body
    assert isinstance(statement, ast.Assign)
    return made(module, statement.value)


@pytest.mark.parametrize(
    ("body", "place", "is_cancelled", "is_late"),
    [
        ("p = await start('ls')\nawait p.wait()", "await p.wait()", True, False),
        ("p = await start('ls')\nawait work()\nawait p.wait()", "await work()", True, False),
        (
            "p = await start('ls')\nawait asyncio.wait_for(p.wait(), 1)",
            "await asyncio.wait_for(p.wait(), 1)",
            True,
            True,
        ),
        (
            "p = await start('ls')\ntry:\n    await asyncio.wait_for(p.wait(), 1)\n"
            "except asyncio.TimeoutError:\n    p.kill()",
            "await asyncio.wait_for(p.wait(), 1)",
            True,
            False,
        ),
        (
            "p = await start('ls')\ntry:\n    await asyncio.wait_for(p.wait(), 1)\n"
            "except asyncio.CancelledError:\n    p.kill()\n    raise",
            "await asyncio.wait_for(p.wait(), 1)",
            False,
            True,
        ),
        ("p = await start('ls')\nt = asyncio.create_task(p.wait())\nawait t", "await t", True, False),
        ("p: object = await start('ls')\nawait p.wait()\nsave(p)", "await p.wait()", True, False),
    ],
)
def test_the_place_is_the_first_from_which_it_is_left(body: str, place: str, is_cancelled: bool, is_late: bool) -> None:
    (found,) = left(body)
    assert (ast.unparse(found.place), found.is_cancelled, found.is_late) == (place, is_cancelled, is_late)


@pytest.mark.parametrize(
    "body",
    [
        "p = await start('ls')",
        "p = await start('ls')\nawait p.stdout.readline()",
        "p = await start('ls')\nif work:\n    await p.wait()",
        "self.p = await start('ls')\nawait self.p.wait()",
        "p = await start('ls')\nsave(p)\nawait p.wait()",
        "p = await start('ls')\nawait asyncio.shield(p.wait())",
        "p = await start('ls')\ntry:\n    await p.wait()\nfinally:\n    p.kill()",
        "p = await start('ls')\ntry:\n    await p.wait()\nfinally:\n    if work:\n        p.kill()",
        "p = await start('ls')\ntry:\n    await p.wait()\nexcept Exception:\n    p.kill()\n    raise",
        "p = await start('ls')\ntry:\n    await work()\nfinally:\n    await p.wait()",
        "p = await start('ls')\np.terminate()\nawait p.wait()",
        "for p in [await start('ls')]:\n    await p.wait()",
        "global p\np = await start('ls')\nawait p.wait()",
        "p = work.p or None\nif not p:\n    p = await start('ls')\nawait p.wait()",
    ],
)
def test_nothing_is_said_where_it_may_be_ended(body: str) -> None:
    assert left(body) == []


def test_a_wait_belongs_to_the_process_it_waits_for() -> None:
    first, second = left("p = await start('a')\nawait p.wait()\np = await start('b')\nawait p.communicate()")
    assert [[ast.unparse(wait) for wait in found.waits] for found in (first, second)] == [
        ["await p.wait()"],
        ["await p.communicate()"],
    ]


@pytest.mark.parametrize(
    ("body", "tried"),
    [
        ("p = await start('ls')\nprint(1)\nawait p.wait()\nprint(2)", ["await p.wait()"]),
        ("p = await start('ls')\nawait work()\nprint(1)\nawait p.wait()", ["await work()", "await p.wait()"]),
        ("try:\n    p = await start('ls')\nexcept OSError:\n    return\nawait p.wait()", ["await p.wait()"]),
        (
            "p = await start('ls')\ntry:\n    await asyncio.wait_for(p.wait(), 1)\n"
            "except OSError:\n    p.kill()\n    raise",
            [],
        ),
    ],
)
def test_the_waiting_is_wrapped_or_its_try_gets_a_clause(body: str, tried: list[str]) -> None:
    found = wrapped(body)
    assert found is not None
    if not tried and found.tried:
        # A timeout that a clause swallows would pass by a clause below it.
        assert found.is_inside
        return
    shown = [ast.unparse(node) for node in dict.fromkeys(found.tried)]
    assert shown == tried


def test_what_stands_in_several_blocks_is_not_wrapped() -> None:
    assert wrapped("if work:\n    p = await start('ls')\nelse:\n    p = await start('ls')\nawait p.wait()") is None
    assert wrapped("p = await start('ls')\nawait p.wait()\np = None\nawait work()") is not None


def wrapped(body: str) -> Wrapping | None:
    module = program(body)
    found = next(iter(left_running(module, coroutine(module))))
    return wrapping(module, found)


def test_a_process_outlives_the_run_of_the_tests() -> None:
    start = "p = await asyncio.create_subprocess_exec('ls')"
    source = f"import asyncio, pytest\nasync def test_it():\n    {start}\n    await p.wait()"
    module = module_of(source)
    assert list(left_running(module, coroutine(module)))
