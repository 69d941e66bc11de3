"""Which loops can turn for ever without a suspension, and what stays as it is meanwhile."""

from __future__ import annotations

import ast
import textwrap

import pytest

from flake8_cancel.code.timeouts.spinning import Spin, spins
from flake8_cancel.code.timeouts.steady import Changes, changes, is_harmless, is_open, is_steady, references
from tests.code.asking import asked, function, module_of

GIVEN = """
import asyncio, time
running = True
class Worker:
    async def f(self, job, queue: asyncio.Queue, task: asyncio.Task, event: asyncio.Event, flag):
{body}
"""


def spin(body: str) -> Spin | None:
    module = module_of(GIVEN.format(body=textwrap.indent(textwrap.dedent(body).strip("\n"), " " * 8)))
    return spins(module, next(node for node in ast.walk(module.tree) if isinstance(node, ast.While)))


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "while True: job()",
        "while not self.stopped: time.sleep(1)",
        "while running: print(1)",
        "while not task.done(): pass",
        "while not event.is_set(): continue",
        "while queue.empty() and not self.stopped: time.sleep(1)",
        "while len(self.jobs) > 3: time.sleep(1)",
        "while True: self.jobs and await self.jobs",
        "while True: x = await self.jobs if self.jobs else None",
        "while True:\n  for one in job: print(one)",
        "while True:\n  if job(): print(1)\n  else: print(2)",
        "while True:\n  with job: pass",
        "while True:\n  if self.state == 1: await job()\n  elif self.state == 2: return\n",
        "while True:\n  try: job()\n  except ValueError: print(1)",
        "while True:\n  try: queue.get_nowait()\n  except asyncio.QueueEmpty: continue\n  await job()",
    ],
)
def test_it_can_turn_for_ever(body: str) -> None:
    assert spin(body)


@pytest.mark.parametrize(
    "body",
    [
        "while True: await job()",
        "while True: yield 1",
        "while True:\n  async with job: pass",
        "while True:\n  async for one in job: pass",
        "while True: x = [one async for one in job]",
        "while True: break",
        "while True:\n  if job(): break",
        "while self.jobs: self.jobs.pop()",
        "while self.jobs: job()",
        "while self.count: self.count -= 1",
        "while flag is None: flag = job",
        "while job(): print(1)",
        "while time.monotonic() < 5: pass",
        "while True:\n  if time.monotonic() > 5: break",
        "while True:\n  for one in job: await one",
        "while True:\n  if self.jobs: await job()\n  if not self.jobs: await job()",
        "while True:\n  if self.jobs == 1: await job()\n  if self.jobs != 1: await job()",
        "while True:\n  if self.a != 1: await job()\n  if self.a != 2: await job()",
        "n = 0\nwhile True:\n  try: job[n].get_nowait()\n  except asyncio.QueueEmpty: n += 1\n  else: await job()",
        "while True:\n  try: queue.get_nowait()\n  except asyncio.QueueEmpty: break",
        "while True:\n  try: job()\n  except ValueError: return",
        "try:\n  while True: job()\nexcept ValueError: pass",
        "while True:\n  match job():\n    case 1: break\n    case _: pass",
        "page = 1\nwhile self.pages:\n  while page is not None:\n    page = await job()",
        "while (found := job()): pass",
        "while True:\n  del self.jobs[0]\n  if self.jobs: await job()",
    ],
)
def test_it_surely_suspends_or_may_end(body: str) -> None:
    assert spin(body) is None


def test_where_such_turns_end() -> None:
    found = spin(
        """
        while True:
            if self.paused:
                print(1)
                continue
            await job()
        """
    )
    assert found is not None
    assert isinstance(found.last, ast.Continue)
    assert (found.jumps, found.ends) == ((found.last,), False)
    at_end = spin("while True: print(1)")
    assert at_end is not None
    assert (at_end.jumps, at_end.ends) == ((), True)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("a.b = c[0] = d = 1", Changes(frozenset({"a.b", "c[0]", "d"}), True)),
        ("for x, y in z: other()", Changes(frozenset({"x", "y"}), False)),
        ("print(a)", Changes(frozenset(), False)),
        ("a()", Changes(frozenset(), True)),
        ("del a", Changes(frozenset({"a"}), True)),
        ("with a: b = 1", Changes(frozenset(), True)),
        ("if (a := b): c = 1", Changes(frozenset({"a"}), False)),
    ],
)
def test_what_a_statement_changes(statement: str, expected: Changes) -> None:
    module = module_of(statement)
    assert changes(module, module.tree.body) == expected


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("print(1)", True),
        ("len(x)", True),
        ("time.sleep(1)", True),
        ("asyncio.Event().is_set()", True),
        ("log.warning('x')", True),
        ("next(x)", False),
        ("x()", False),
        ("x.is_set()", False),
        ("asyncio.Event().is_set(1)", False),
    ],
)
def test_what_is_harmless(call: str, expected: bool) -> None:
    module, (expression,) = asked(f"import asyncio, time\nask({call})")
    assert isinstance(expression, ast.Call)
    assert is_harmless(module, expression) == expected


NOTHING, ANYTHING = Changes(frozenset(), False), Changes(frozenset(), True)


@pytest.mark.parametrize(
    ("test", "changed", "expected"),
    [
        ("a.b", NOTHING, True),
        ("not a.b and c[0] > 1", NOTHING, True),
        ("len(a) == 0", NOTHING, True),
        ("a.b", Changes(frozenset({"a"}), False), False),
        ("a.b", Changes(frozenset({"a.b"}), False), False),
        ("a.b", ANYTHING, False),
        ("a()", NOTHING, False),
        ("(a := b)", NOTHING, False),
        ("[x for x in a]", NOTHING, False),
    ],
)
def test_what_is_steady(test: str, changed: Changes, expected: bool) -> None:
    module, (expression,) = asked(f"ask({test})")
    assert is_steady(module, expression, changed) == expected


@pytest.mark.parametrize(
    ("test", "outcome", "expected"),
    [
        ("self.x", True, True),
        ("given", True, True),
        ("len(given) > 1", True, True),
        ("somewhere", True, True),
        ("local", True, False),
        ("local.x", True, True),
        ("len(local)", True, False),
        ("rebound", True, False),
        ("constant", True, True),
        ("constant", False, False),
        ("constant > 1", True, False),
        ("shared", True, True),
    ],
)
def test_what_is_open(test: str, outcome: bool, expected: bool) -> None:
    source = f"""
        async def f(self, given, rebound):
            local = rebound = given()
            constant = 1
            shared = False
            def stop():
                nonlocal shared
                shared = True
            ask({test})
        """
    module, (expression,) = asked(source)
    assert is_open(module, expression, outcome) == expected


def test_what_a_test_looks_at() -> None:
    _, (expression,) = asked("ask(a.b.c and not d[0] or len(e) > f and g.h())")
    assert references(expression) == {"a.b.c", "d[0]", "e", "f", "g.h"}


def test_an_inner_loop_is_asked_for_itself() -> None:
    module = module_of("async def f(self, job):\n  while True:\n    await job()\n    while self.x: pass\n")
    outer, inner = (node for node in ast.walk(function(module, "f")) if isinstance(node, ast.While))
    assert spins(module, outer) is None
    assert spins(module, inner) is not None
