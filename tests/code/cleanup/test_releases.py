"""Where a cancellation slips past a release, and what can be done about it."""

from __future__ import annotations

import ast
import textwrap

import pytest

from flake8_cancel.code.api import Facts
from flake8_cancel.code.cleanup.escapes import escapes
from flake8_cancel.code.cleanup.failures import missed_cleanups
from flake8_cancel.code.cleanup.framing import framed
from flake8_cancel.code.cleanup.releases import Skip, held_lock, skipped_releases
from flake8_cancel.code.cleanup.taking import shown, takings
from flake8_cancel.code.module import Module
from tests.code.asking import function, module_of


def skips(body: str) -> list[Skip]:
    header = "import asyncio\nasync def program(client, pool, work):\n"
    source = header + textwrap.indent(body, "    ")
    module = module_of(source)
    return list(skipped_releases(module, coroutine(module)))


def test_the_place_is_the_first_wait_behind_the_taking() -> None:
    (skip,) = skips("await work(0)\nx = await client.open()\nx.write(1)\nawait work(1)\nawait work(2)\nx.close()")
    assert [ast.unparse(node) for node in (skip.taking.node, skip.place, skip.giving.node)] == [
        "x = await client.open()",
        "await work(1)",
        "x.close()",
    ]


@pytest.mark.parametrize(
    "body",
    [
        "x = await client.open()\nx.close()",
        "x = await client.open()\nawait x.close()",
        "x = await client.open()\ntry:\n    await work()\nfinally:\n    x.close()",
        "x = await client.open()\ntry:\n    await work()\nexcept BaseException:\n    x.close()\n    raise\nx.close()",
        "x = await client.open()\nif await work():\n    return\nx.close()",
        "x = await client.open()\nasync with x:\n    await work()\n    x.close()",
        "x = await client.open()\nawait work()\nx.close()\nreturn x",
        "x = await client.open()\nself.x = x\nawait work()\nx.close()",
        "x = await client.open()\nkeep(x)\nawait work()\nx.close()",
        "x = client\nawait work()\nx.close()",
        "await client.start()\nawait work()\nawait client.stop()",
        "x = make()\nawait work()\nx.cancel()",
        "x = asyncio.create_task(work())\nawait work()\nx.stop()",
        "n = 0\nn += 1\nawait work()\nn -= 1",
        "async with pool:\n    client.users.add(1)\nclient.users.discard(1)",
        "try:\n    x = await client.open()\nfinally:\n    await work()\n    x.close()",
        "x = await pool.get()\nawait work(x)\nclient.put_nowait(x)",
        "undo = client.listen()\nclient.undos.append(undo)\nawait work()\nundo()",
        # A cursor ends with its local, and what a block lent with the block.
        "x = await client.execute('select')\nawait work(x)\nawait x.close()",
        "async with client.session() as held:\n    x = await held.get()\n    await work(x)\n    await x.close()",
        "x = await client.open()\nawait work(x)\nawait x.rollback_to(7)",
        # That clause is what is wrong.
        "x = await client.open()\ntry:\n    await work()\nexcept OSError:\n"
        "    x.close()\n    raise\nawait work()\nx.close()",
    ],
)
def test_nothing_is_skipped(body: str) -> None:
    assert skips(body) == []


@pytest.mark.parametrize(
    "body",
    [
        "x = await client.open()\nawait work(x)\nx.close()",
        "x = await client.open()\nprint(x)\nawait work()\nx.close()",
        "x = await client.open()\nasync for row in rows(x):\n    pass\nx.close()",
        "x = None\nif work:\n    x = await client.open()\nawait work()\nif x:\n    x.close()",
        "if work:\n    x = await client.open()\nawait work()\nif work:\n    x.close()",
        "x = await client.open()\nif await work():\n    raise OSError\nx.close()",
        "x = await client.open()\ntry:\n    await work()\nexcept OSError:\n    pass\nx.close()",
        "x = await client.open()\nasync with asyncio.TaskGroup() as group:\n    pass\nx.close()",
        "x = client.make()\nawait x.start()\nawait work()\nawait x.stop()",
        "client.users[work] = 1\nawait work()\nclient.users.pop(work)",
        "await client.__aenter__()\nawait work()\nawait client.__aexit__(None, None, None)",
        "undo = client.listen()\nawait work()\nundo()",
        "x = await pool.get()\nawait work(x)\npool.put_nowait(x)",
        "x = await pool.getconn()\nawait work(x)\nawait pool.putconn(x)",
        "x = await client.open()\nif not await x.login():\n    x.close()\n    return\nawait work()\nx.close()",
        "x = await client.open()\ntry:\n    await work()\nexcept BaseException:\n"
        "    x.close()\n    raise\nawait work()\nx.close()",
        "x = await client.open()\ntry:\n    x.set()\nexcept OSError:\n"
        "    x.close()\n    raise\nawait work()\nx.close()",
    ],
)
def test_something_is_skipped(body: str) -> None:
    assert len(skips(body)) == 1


METHODS = """
class Owner:
    async def program(self, work):
        await self.client.connect()
        await work()
        self.client.disconnect()

    def close(self):
        {}
"""


@pytest.mark.parametrize(("closing", "count"), [("self.client.disconnect()", 0), ("pass", 1)])
def test_what_another_method_gives_back_is_its_owners(closing: str, count: int) -> None:
    module = module_of(METHODS.format(closing))
    assert len(list(skipped_releases(module, coroutine(module)))) == count


LOCKED = "async def program(lock, work):\n    await lock.acquire()\n    await work()\n"


@pytest.mark.parametrize(
    ("rest", "is_held"),
    [
        ("    lock.release()", True),
        ("    await lock.release()", False),
        ("    lock.release(1)", False),
        ("    work.add(lock.release)\n    lock.release()", False),
        ("    work.add(lambda: lock.release())\n    lock.release()", False),
        ("    if work:\n        lock.release()", False),
        ("    lock.release()\ndef other(lock):\n    lock.release()", False),
        ("    lock.release()\nasync def other(lock):\n    await lock.acquire()\n    lock.release()", True),
    ],
)
def test_when_a_lock_is_held(rest: str, is_held: bool) -> None:
    module = module_of(LOCKED + rest)
    program = coroutine(module)
    assert (held_lock(module, program, program.body[0]) is not None) == is_held


@pytest.mark.parametrize(
    ("use", "is_shared"),
    [
        ("await use(x)", False),
        ("await asyncio.wait_for(use(x), 5)", False),
        ("print(x)", False),
        ("log.info('%s', x)", False),
        ("y = x.name", False),
        ("async for row in rows(x): pass", False),
        ("if x is None: pass", False),
        ("y = x", True),
        ("y = x or z", True),
        ("self.x = x", True),
        ("return x", True),
        ("yield x", True),
        ("d[x] = 1", True),
        ("items = [x]", True),
        ("keep(x)", True),
        ("y = Wrapper(x)", True),
        ("asyncio.create_task(use(x))", True),
        ("stack.callback(x.close)", True),
        ("f = lambda: x", True),
    ],
)
def test_what_gets_another_owner(use: str, is_shared: bool) -> None:
    module = module_of(f"import asyncio\nasync def program():\n    x = make()\n    {use}")
    assert escapes(module, coroutine(module), "x") == is_shared


def missed(clauses: str, before: str = "x = await client.open()") -> list[str]:
    text = f"import asyncio\nasync def program(client, work):\n    {before}\n    try:\n        await work(x)\n"
    module = module_of(text + textwrap.indent(clauses, "    "))
    (statement,) = (node for node in ast.walk(module.tree) if isinstance(node, ast.Try))
    return [shown(one.giving) for one in missed_cleanups(module, statement)]


@pytest.mark.parametrize(
    ("clauses", "found"),
    [
        ("except Exception:\n    x.close()\n    raise", ["x.close()"]),
        ("except OSError:\n    x.close()\n    raise", ["x.close()"]),
        ("except Exception:\n    x.close()\n    return None\nreturn x", ["x.close()"]),
        ("except Exception:\n    x.close()\n    return None", []),
        ("except Exception:\n    x.close()", []),
        ("except Exception:\n    client.close()\n    raise", []),
        ("except Exception:\n    x.report()\n    raise", []),
        ("except asyncio.CancelledError:\n    raise\nexcept Exception:\n    x.close()\n    raise", []),
        ("except BaseException:\n    x.close()\n    raise", []),
        ("except Exception:\n    x.close()\n    raise\nfinally:\n    x.abort()", []),
        ("except OSError:\n    x.close()\n    raise\nexcept Exception:\n    x.close()\n    raise", ["x.close()"]),
    ],
)
def test_which_cleanup_a_cancellation_misses(clauses: str, found: list[str]) -> None:
    assert missed(clauses) == found


def test_of_what_the_function_did_not_open_nothing_is_missed() -> None:
    assert missed("except Exception:\n    x.close()\n    raise", before="x = client") == []


@pytest.mark.parametrize(
    ("between", "tried"),
    [
        ("await work()", "await work()"),
        ("await work()\n    for i in x:\n        break", "await work()"),
        ("x = other()", None),
        ("if await work():\n        return", None),
        ("if await work():\n        raise OSError", None),
    ],
)
def test_what_can_be_wrapped(between: str, tried: str | None) -> None:
    module = module_of(f"async def program(work):\n    x = make()\n    {between}\n    x.close()")
    program = coroutine(module)
    (taking,) = (act for act in takings(program.body[0]) if act.form == "made")
    frame = framed(module, program.body[0], program.body[-1], taking.thing)
    assert (ast.unparse(frame.first) if frame else None) == tried


@pytest.mark.parametrize(
    ("release", "is_wrapped"),
    [
        ("with suppress(OSError):\n    x.close()", True),
        ("if x is not None:\n    x.close()", True),
        ("try:\n    x.close()\nexcept OSError:\n    print('failed')", True),
        ("try:\n    await work()\n    x.close()\nexcept OSError:\n    pass", False),
        ("for _ in work:\n    x.close()", False),
        ("if await work():\n    x.close()", False),
    ],
)
def test_what_goes_with_a_release(release: str, is_wrapped: bool) -> None:
    body = textwrap.indent(f"x = make()\nawait work()\n{release}", "    ")
    module = module_of(f"async def program(work):\n{body}")
    program = coroutine(module)
    (close,) = (node for node in ast.walk(program) if isinstance(node, ast.Expr) and ast.unparse(node) == "x.close()")
    (taking,) = (act for act in takings(program.body[0]) if act.form == "made")
    assert (framed(module, program.body[0], close, taking.thing) is not None) == is_wrapped


def coroutine(module: Module) -> ast.AsyncFunctionDef:
    found = function(module, "program")
    assert isinstance(found, ast.AsyncFunctionDef)
    return found


@pytest.mark.parametrize(("makers", "count"), [(frozenset(), 0), (frozenset({"pool.get_client"}), 1)])
def test_the_user_names_what_makes_a_resource(makers: frozenset[str], count: int) -> None:
    source = "async def program(pool, work):\n    x = pool.get_client()\n    await work()\n    x.close()\n"
    module = module_of(source, Facts(resource_makers=makers))
    assert len(list(skipped_releases(module, coroutine(module)))) == count


@pytest.mark.parametrize(
    ("body", "count"),
    [("await work()\n        record.stream = client", 0), ("record.stream = client\n        await work()", 1)],
)
def test_an_empty_record_owes_no_cleanup(body: str, count: int) -> None:
    source = f"""
import dataclasses

@dataclasses.dataclass
class Record:
    stream: object = None

async def program(client, work):
    record = Record()
    try:
        {body}
    except Exception:
        await record.close()
        raise
    return record
"""
    module = module_of(source)
    (statement,) = (node for node in ast.walk(module.tree) if isinstance(node, ast.Try))
    assert len(list(missed_cleanups(module, statement))) == count


@pytest.mark.parametrize(
    ("handler", "count"),
    [
        ("except Exception:\n    del client.users[work]", 1),
        ("except TimeoutError:\n    client.users.pop(work)\n    return None", 1),
        ("except Exception:\n    if work in client.users:\n        del client.users[work]", 1),
        ("except OSError:\n    del client.users[work]", 0),
        ("except Exception:\n    if client.closed:\n        del client.users[work]", 0),
    ],
)
def test_an_entry_outlasts_a_handler_that_does_not_raise(handler: str, count: int) -> None:
    assert len(missed(handler, before="client.users[work] = 1")) == count
