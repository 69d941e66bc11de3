"""What single statements take and give back."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.api import Facts
from flake8_cancel.code.cleanup.taking import (
    gives_back,
    givings,
    lowered_flag,
    raised_flag,
    root_name,
    shown,
    taken_out,
    takings,
)

FACTS = Facts(cleanup_calls=frozenset({"hand_back", "pkg.drop"}))


def undoes(taking: str, giving: str, facts: Facts = FACTS) -> bool:
    """Tell whether the one statement gives back what the other takes."""
    first, second = (ast.parse(text).body[0] for text in (taking, giving))
    given = [*givings(second), *taken_out(second)]
    return any(gives_back(act, taken, facts) for taken in takings(first) for act in given)


@pytest.mark.parametrize(
    ("taking", "giving"),
    [
        ("x = await connect()", "x.close()"),
        ("x = connect()", "await x.aclose()"),
        ("x: X = await make()", "await x.shutdown()"),
        ("r, w = await connect()", "w.close()"),
        ("self.x = await connect()", "self.x.close_connection()"),
        ("x = await asyncio.wait_for(connect(), 5)", "x.close()"),
        ("x = await pool.acquire()", "await pool.release(x)"),
        ("path = tempfile.mkdtemp()", "shutil.rmtree(path)"),
        ("x = make()", "x.hand_back()"),
        ("x = make()", "pkg.drop(x)"),
        ("await x.connect()", "await x.disconnect()"),
        ("await x.connectAsync()", "await x.disconnectAsync()"),
        ("await x.connect_async()", "await x.disconnect()"),
        ("loop.addReader(fd, f)", "loop.removeReader(fd)"),
        ("x = given or await connect()", "x.closeAll()"),
        ("await self.client.open()", "self.client.close()"),
        ("sid = bus.subscribe(topic)", "bus.unsubscribe(sid)"),
        ("bus.subscribe(topic, callback)", "bus.unsubscribe(topic)"),
        ("loop.add_reader(fd, f)", "loop.remove_reader(fd)"),
        ("await self._start_scanner()", "await self._stop_scanner()"),
        ("n += 1", "n -= 1"),
        ("self.count[key] += size", "self.count[key] -= size"),
        ("d[k] = v", "del d[k]"),
        ("self.d[k] = v", "self.d.pop(k, None)"),
        ("self.d[k] = v", "found = self.d.pop(k).value"),
        ("self.d[k] = v", "return self.d.pop(k, None)"),
        ("s.add(x)", "s.discard(x)"),
        ("q.append(x)", "q.remove(x)"),
        ("await x.__aenter__()", "await x.__aexit__(None, None, None)"),
        ("y = await x.__aenter__()", "await x.__aexit__(*error)"),
        ("x = pool.get_conn()", "pool.release(x)"),
        ("x = await pool.getconn()", "await pool.putconn(x)"),
        ("x = await queue.get()", "queue.put_nowait(x)"),
        ("bus.on(topic, f)", "bus.off(topic, f)"),
        ("undo = bus.subscribe(topic)", "undo()"),
        ("remove_listener = bus.listen(topic)", "remove_listener()"),
    ],
)
def test_what_gives_back(taking: str, giving: str) -> None:
    assert undoes(taking, giving)


@pytest.mark.parametrize(
    ("taking", "giving"),
    [
        ("x = await connect()", "y.close()"),
        ("x = await connect()", "x.closing()"),
        ("x = await connect()", "x.close_callback()"),
        ("x = await connect()", "await x.wait_closed()"),
        ("x = d.get(k)", "x.close()"),
        ("x = d.pop(k)", "x.close()"),
        ("x = 1", "x.close()"),
        ("await x.connect()", "await y.disconnect()"),
        ("x = await connect()", "x.closeCallback()"),
        ("loop.addReader(fd, f)", "loop.removeWriter(fd)"),
        ("x = x or await connect()", "x.close()"),
        ("x = find() or await connect()", "x.close()"),
        ("bus.subscribe(topic)", "bus.unsubscribe(other)"),
        ("loop.add_reader(fd, f)", "loop.remove_writer(fd)"),
        ("n += 1", "n -= 2"),
        ("n += 1", "m -= 1"),
        ("n = 1", "n -= 1"),
        ("d[k] = v", "del d[j]"),
        ("d[k] = v", "found = d.pop(k)"),
        ("self.d[k] = v", "found = self.d.pop(j)"),
        ("self.d[k] = v", "found = self.d.pop()"),
        ("d[k] = v", "v.pop(k)"),
        ("s.add(x)", "s.discard(y)"),
        ("s.add(x)", "s.clear()"),
        ("await x.begin()", "await x.__aexit__(None, None, None)"),
        ("f = make()", "f()"),
        ("undo = make()", "undo(1)"),
        ("undo = make()", "other.undo()"),
    ],
)
def test_what_does_not_give_back(taking: str, giving: str) -> None:
    assert not undoes(taking, giving)


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("await x.close()", "x.close()"),
        ("pool.release(x)", "pool.release(x)"),
        ("del d[k]", "del d[k]"),
        ("n -= 1", "n -= 1"),
        ("x.close(first_long_argument, second_long_argument, third_long_argument)", "x.close(...)"),
    ],
)
def test_how_a_release_is_named(statement: str, text: str) -> None:
    (act,) = givings(ast.parse(statement).body[0])
    assert shown(act) == text


@pytest.mark.parametrize(
    ("statement", "raises", "lowers"),
    [
        ("self.busy = True", True, False),
        ("self.busy = False", False, True),
        ("self.busy = 1", False, False),
        ("self.busy = None", False, False),
        ("busy = True", False, False),
        ("self.busy = self.full = True", False, False),
    ],
)
def test_flags_of_objects(statement: str, raises: bool, lowers: bool) -> None:
    node = ast.parse(statement).body[0]
    assert (bool(list(raised_flag(node))), bool(list(lowered_flag(node)))) == (raises, lowers)


@pytest.mark.parametrize(
    ("statement", "name"),
    [("x = f()", "x"), ("self.a.b = f()", "self"), ("super().a()", "super"), ("d[k].add(1)", "d")],
)
def test_where_a_thing_begins(statement: str, name: str) -> None:
    assert [root_name(act.thing) for act in takings(ast.parse(statement).body[0])][:1] == [name]
