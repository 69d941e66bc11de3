"""Whether a repair is safe, where that hangs on what stands around."""

from __future__ import annotations

import pytest

from flake8_cancel import registry
from flake8_cancel.check import check_text
from flake8_cancel.code.api import Facts

CONNECTS = """
import asyncio

async def connect(address, loop, greet):
    reader, writer = await asyncio.open_connection(*address)
    try:
        await {waits}
    except Exception:
        writer.close()
        raise
    return reader, writer
"""
LEAVES = """\
import asyncio
import os

async def send(*things, **named):
    await asyncio.sleep(1)

async def work(pool, conns, conn, other):
    try:
        await conn.work()
    finally:
        await {waits}
        {then}
"""
TURNS = """\
import asyncio

async def work(poll):
    {begins}
        while True:
            try:
                await poll()
            except asyncio.CancelledError:
                continue
    {ends}
"""
CALLS_BACK = """
import asyncio

def start(waiter, run):
    def done(task):
        {settles}
        print(task.result())

    task = asyncio.create_task(run())
    task.add_done_callback(done)
    return task
"""
SHARES = """
import asyncio

async def share(results, key, make):
    future = results[key] = asyncio.Future()
    try:
        value = await make()
    except Exception as error:
        {tells}
        del results[key]
        raise
    future.set_result(value)
    return value
"""
WAITS = """
import asyncio

class Answers:
    def __init__(self):
        self.waiters = {{}}

    async def wait(self, key):
        {begins}
        waiter = asyncio.Future()
        self.waiters[key] = waiter
        answer = await waiter
        {ends}
        return answer

    async def wait_twice(self, key):
        self.waiters[key] = asyncio.Future()
        try:
            await self.waiters[key]
        finally:
            self.waiters.pop(key)

    def close(self):
        {closes}
"""
SENDS = """
import asyncio

class Outbox:
    def __init__(self, send):
        self.held = {{}}
        self.send = send

    async def deliver(self, key, message):
        {asks}
        {puts_in}
        await self.send(message)
        self.held.pop(key, None)

    def retry(self, key):
        return {retries}
"""


@pytest.mark.parametrize(
    ("waits", "safe"),
    [
        ("greet(reader)", True),
        ("asyncio.to_thread(greet, writer)", False),
        ("loop.run_in_executor(None, greet)", False),
    ],
)
def test_a_thread_may_still_use_what_the_handler_closes(waits: str, safe: bool) -> None:
    assert _repairs(CONNECTS.format(waits=waits), "CNL403") == [safe]


@pytest.mark.parametrize(("settles", "safe"), [("pass", True), ("waiter.set_result(None)", None)])
def test_a_callback_that_ends_a_wait_must_not_be_left_early(settles: str, safe: bool | None) -> None:
    assert _repairs(CALLS_BACK.format(settles=settles), "CNL409") == [safe]


@pytest.mark.parametrize(
    ("kind", "tells", "safe"),
    [
        ("OSError", "pass", True),
        ("OSError", "self.reader = None", True),
        ("OSError", "log.error('no connection')", False),
        ("OSError", "notify('no connection')", False),
        ("OSError", "self.refused += 1", False),
        ("Exception", "log.error('failed')", True),
    ],
)
def test_what_is_said_of_one_error_is_not_to_be_said_of_a_cancellation(kind: str, tells: str, safe: bool) -> None:
    source = CONNECTS.format(waits="greet(reader)").replace("except Exception:", f"except {kind}:\n        {tells}")
    assert _repairs(source, "CNL403") == [safe]


@pytest.mark.parametrize(
    ("begins", "ends", "safe"),
    [
        ("if poll:", "", True),
        ("try:", "finally:\n        pass", True),
        ("try:\n        await poll()\n    except OSError:", "", False),
    ],
)
def test_what_must_be_over_first_may_be_waited_for_on_purpose(begins: str, ends: str, safe: bool) -> None:
    assert _repairs(TURNS.format(begins=begins, ends=ends), "CNL101") == [safe]


@pytest.mark.parametrize(
    ("waits", "then", "safe"),
    [
        ("conn.rollback()", "pool.release(conn)", False),
        ("conn.transaction.rollback()", "pool.release(conn)", False),
        ("conn.rollback()", "conn.close()", True),
        ("conn.rollback()", "conns.unregister(conn)", True),
        ("other.close()", "pool.release(conn)", True),
        ("other.close()", "pool.shutdown()", False),
        ("other.close()", "pool.shutdown(wait=False)", True),
        ("other.close()", "await pool.shutdown()", True),
        ("send(pool.left[conn])", "del pool.left[conn]", False),
        ("send(left=pool.left)", "pool.left.remove(conn)", False),
        ("send(conn)", "pool.left.discard(conn)", False),
        ("send(conns)", "pool.left.discard(conn)", True),
        ("asyncio.wait_for(send(conn), 5)", "pool.left.discard(conn)", False),
        ("asyncio.wait(pool.left)", "pool.left.discard(conn)", True),
        ("pool.left[conn].wait_closed()", "del pool.left[conn]", True),
        ("other.close(conn)", "pool.left.discard(conn)", True),
        ("send(conn.path)", "os.remove(conn.path)", False),
        ("other.close()", "os.remove(conn.path)", True),
    ],
)
def test_what_a_wait_may_not_have_finished_with_is_used_by_nobody_unasked(waits: str, then: str, safe: bool) -> None:
    assert _repairs(LEAVES.format(waits=waits, then=then), "CNL404") == [safe]


@pytest.mark.parametrize(
    ("tells", "safe"),
    [
        ("pass", True),
        ('print("failed", error)', True),
        ('log(f"failed: {error}")', True),
        ("future.set_exception(error)", False),
        ("make.error = error", False),
        ("make.close(reason=error)", False),
    ],
)
def test_who_is_given_the_exception_is_not_to_be_cancelled_by_it(tells: str, safe: bool) -> None:
    assert _repairs(SHARES.format(tells=tells), "CNL403") == [safe]


@pytest.mark.parametrize(
    ("begins", "ends", "closes", "safe"),
    [
        ("", "del self.waiters[key]", "pass", True),
        ("", "self.waiters.pop(key)", "print(self.waiters)", True),
        ("", "self.waiters.pop(key, None)", "self.waiters.clear()", True),
        ("", "self.waiters.pop(key)", "self.waiters.clear()", False),
        ("", "del self.waiters[key]", "self.waiters = {}", False),
        ("", "del self.waiters[key]", "del self.waiters[0]", False),
        # The one who puts another waiter in its place cancels the first.
        ("self.waiters[key].cancel()", "self.waiters.pop(key, None)", "pass", False),
    ],
)
def test_an_entry_that_others_take_out_may_be_gone(begins: str, ends: str, closes: str, safe: bool) -> None:
    assert _repairs(WAITS.format(begins=begins, ends=ends, closes=closes), "CNL401") == [safe]


@pytest.mark.parametrize(
    ("asks", "puts_in", "safe"),
    [
        ("", "self.held[key] = message", False),
        ("", "self.held[key] = 1", False),
        ("", "self.held[key] = asyncio.Event()", True),
        ("", "self.held[key] = (asyncio.current_task(), message)", True),
        # A task that goes on must not be out of reach.
        ("", "self.held[key] = asyncio.create_task(self.send(key))", False),
        ("if key in self.held:\n            return", "self.held[key] = True", True),
        ("if self.held:\n            return", "self.held[key] = True", False),
        ("if key not in self.held:\n            print(key)", "self.held[key] = True", False),
    ],
)
def test_an_entry_may_be_meant_to_stay_for_another_try(asks: str, puts_in: str, safe: bool) -> None:
    assert _repairs(SENDS.format(asks=asks, puts_in=puts_in, retries="len(self.held)"), "CNL401") == [safe]


@pytest.mark.parametrize(
    ("retries", "safe"),
    [
        ("len(self.held)", True),
        ("self.held.pop(key, None)", True),
        ("key in self.held", True),
        ("list(self.held)", False),
        ("self.held[key]", False),
        ("[key for key in self.held]", False),
    ],
)
def test_a_mark_that_others_read_is_more_than_a_mark(retries: str, safe: bool) -> None:
    asks = "if key in self.held:\n            return"
    source = SENDS.format(asks=asks, puts_in="self.held[key] = True", retries=retries)
    assert _repairs(source, "CNL401") == [safe]


@pytest.mark.parametrize(
    ("first", "second", "safe"),
    [
        ("add_listener", "remove_listener", True),
        ("add_message", "remove_message", False),
        ("create_backup", "delete_backup", False),
        ("register", "unregister", True),
    ],
)
def test_what_was_put_somewhere_may_be_meant_to_stay_too(first: str, second: str, safe: bool) -> None:
    source = f"async def work(store, thing, do):\n    store.{first}(thing)\n    await do()\n    store.{second}(thing)\n"
    assert _repairs(source, "CNL401") == [safe]


def _repairs(source: str, code: str) -> list[bool | None]:
    found = check_text(source, Facts(), registry.chosen(strict=False))
    return [finding.repair.safe if finding.repair else None for finding in found if finding.code == code]
