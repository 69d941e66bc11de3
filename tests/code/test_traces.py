"""What a text shows before it is parsed: yes wherever something may be given back, no where nothing is."""

from __future__ import annotations

import pytest

from flake8_cancel.code import patterns, traces

OWN = {
    "made": "conn = await connect()\nconn.close()",
    "made, in a tuple": "reader, writer = await connect()\nwriter.close()",
    "made, in a tuple of several lines": "(\n reader,\n writer,\n) = await connect()\nwriter.close()",
    "attribute": "self.conn = await connect()\nawait self.conn.aclose()",
    "with a timeout": "conn = await connect()\nawait asyncio.wait_for(conn.close(), 1)",
    "broken line": "conn = await connect()\nawait conn \\\n  .close()",
    "given": "conn = await connect()\npool.release(conn)",
    "given, behind a string": "conn = await connect()\npool.release(')', conn)",
    "called": "off = subscribe()\noff()",
    "pair": "self.bus.subscribe(key)\nself.bus.unsubscribe(key)",
    "pair by prefix": "loop.add_reader(fd)\nloop.remove_reader(fd)",
    "pair that returns something": "ok = await self.bus.connect()\nawait self.bus.disconnect()",
    "pair by prefix that returns something": "handle = bus.add_listener(cb)\nbus.remove_listener(cb)",
    "made, in a tuple that begins on another line": "(writer,\n reader) = await connect()\nwriter.close()",
    "count of what a call names": "self.n[peer.key()] += 1\nself.n[peer.key()] -= 1",
    "annotated entry": "self.jobs[key]: Job = job\nself.jobs.pop(key)",
    "count": "self.n += 1\nself.n -= 1",
    "entry": "self.jobs[key] = job\nself.jobs.pop(key)",
    "deleted entry": "self.jobs[key] = job\ndel self.jobs[key]",
    "flag": "self.busy = True\nawait f()\nself.busy = False",
    "flag in a loop": "\nwhile work:\n self.busy = False\n await f()\n self.busy = True",
    "one line": "conn = await connect(); await f(); conn.close()",
}
NOT_OWN = {
    "nothing": "conn = await connect()",
    "another's": "self.conn.close()",
    "returned": "conn = await connect()\nreturn conn.close()",
    "bound": "conn = await connect()\nleft = conn.close()",
    "own method": "await self.choose(key)\nself.abort_if_known()",
    "other count": "self.n += 1\nself.m -= 1",
    "flag lowered at once": "self.busy = True\nself.busy = False\nawait f()",
    "flag raised at the end": "self.busy = False\nawait f()\nself.busy = True",
    "bound to no call": "conn = None\nconn.close()",
    "named in a call": "ask(conn=self.conn)\nconn.close()",
    "defined": "conn = connect()\ndef close(conn): pass",
    "parts": "conn = connect()\nreturn (conn)",
    "other flag": "self.busy = True\nself.open = False",
    "popped from elsewhere": "self.jobs.pop(key)",
}


@pytest.mark.parametrize("text", OWN.values(), ids=OWN)
def test_sees_what_is_given_back(text: str) -> None:
    assert traces.gives_back_its_own(text)
    assert traces.gives_back_in_handler("try:\n pass\nexcept E:\n pass\n" + text)


@pytest.mark.parametrize("text", NOT_OWN.values(), ids=NOT_OWN)
def test_is_silent_where_nothing_own_is_given_back(text: str) -> None:
    assert not traces.gives_back_its_own(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("conn = make()\ntry:\n await f()\nexcept E:\n conn.close()", True),
        ("conn = make()\nconn.close()\ntry:\n await f()\nexcept E:\n pass", False),
        ("async def connect(self):\n try:\n  await f()\n except E:\n  self.close()", True),
        ("async def work(self):\n try:\n  await f()\n except E:\n  self.abort()", True),
        ("async def work(self):\n try:\n  await f()\n except E:\n  self.close()", False),
    ],
)
def test_looks_behind_the_first_clause(text: str, expected: bool) -> None:
    assert traces.gives_back_in_handler(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("await asyncio.gather(f())", False),
        ("self.jobs = gather(f())", True),
        ("later = asyncio.gather", True),
        ("from asyncio import gather as all_of", True),
        ("# to gather data from it", False),
        ("run(gather if many else one)", True),
    ],
)
def test_tells_a_gather_that_is_awaited_and_one_in_a_sentence(text: str, expected: bool) -> None:
    assert traces.drops_gather(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("await asyncio.wait([f()])", True),
        ("await asyncio.wait \\\n ({f()})", True),
        ("from asyncio import wait as until", True),
        ("from asyncio import wait", True),
        ("await event.wait()", False),
        ("await event.wait(\n)", False),
        ("# wait for it", False),
    ],
)
def test_tells_a_wait_for_something(text: str, expected: bool) -> None:
    assert patterns.WAIT.is_in(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\n    except E:\n        self.close()", True),
        ("\n    except E:\n        await self.conn.close()", True),
        ("\n    except E:\n        return self.abort()", False),
        ("\n    except E:\n        done = self.close()", False),
        ("\n    except E:\n        if self.close(): self.abort()", True),
    ],
)
def test_what_a_handler_returns_or_binds_ends_nothing(text: str, expected: bool) -> None:
    assert traces.ends_own_in_handler(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("async def connect(self):\n self.sock = make()\n await f()", True),
        ("async def connect(self):\n await self.sock.open()\n await f()", True),
        ("async def connect(self):\n await f()\n self.sock = make()", False),
        ("async def connect(self):\n while True:\n  await f()\n  self.sock = make()", True),
        ("async def connect(self):\n await f()", False),
        ("async def send(self):\n self.sock = make()\n await f()", False),
    ],
)
def test_knows_a_method_that_opens_something_and_waits(text: str, expected: bool) -> None:
    assert traces.defines_opening(text) is expected


def test_a_handler_may_end_things_one_after_the_other() -> None:
    assert traces.gives_back_in_handler("first = open()\nexcept E:\n for one in [first]:\n  one.close()")
    assert not traces.gives_back_in_handler("first = open()\nexcept E:\n for one in [first]:\n  other.close()")


def test_knows_what_opens_and_what_ends() -> None:
    assert traces.opens_connection("await asyncio.open_connection(host)")
    assert traces.opens_connection("await pool.acquire \\\n (1)")
    assert not traces.opens_connection("async_dispatcher_connect(hass)")
    assert not traces.opens_connection("acquire = connect, acquired()")
    assert traces.defines_ending("async def aclose(self): pass")
    assert not traces.defines_ending("async def on_close(self): pass")
    assert traces.gives_back("self.pool.close()")
    assert not traces.gives_back("self.pool.open()")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("await asyncio.gather(*work)", False),
        ("found = await gather(*work)", False),
        ("asyncio.gather(*work)", True),
        ("await wait_for(gather(*work), 1)", True),
        ("from asyncio import gather as all_of", True),
        ("await asyncio.sleep(1)", False),
    ],
)
def test_tells_a_gather_that_is_not_awaited(text: str, expected: bool) -> None:
    assert traces.drops_gather(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("with lock: pass", True),
        ("\nif x:\n    with lock: pass", True),
        ("\nif x: pass; with_lock()", False),
        ("\nasync with lock: pass", False),
    ],
)
def test_tells_a_plain_with_wherever_it_stands(text: str, expected: bool) -> None:
    assert patterns.has_plain_with(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("while x: pass", True), ("\n\twhile x: pass", True), ("# for a while", False), ("\nawhile()", False)],
)
def test_tells_a_loop_from_a_sentence(text: str, expected: bool) -> None:
    assert patterns.has_while(text) is expected
