"""What values certainly are."""

from __future__ import annotations

import pytest

from flake8_cancel.code.meaning.values import Kind
from tests.code.asking import asked

PRELUDE = """
import asyncio, contextlib, functools
from dataclasses import dataclass, field
from typing import Optional, Union
async def work(): return 1
async def streams(): return await asyncio.open_connection("host", 1)
async def source(): yield 1
def spawn(coroutine): return asyncio.create_task(coroutine)
def maybe(flag) -> "asyncio.Task[int] | None":
    return unknown(flag)
@unknown
async def decorated(): ...
@contextlib.asynccontextmanager
async def grouped():
    async with asyncio.TaskGroup() as group:
        yield group
class Scope:
    async def __aenter__(self): return asyncio.Lock()
"""


def _kind(body: str, head: str = "async def f(p=None):") -> Kind | None:
    module, expressions = asked(f"{PRELUDE}{head}\n" + "".join(f"    {line}\n" for line in body.splitlines()))
    return module.kind(expressions[-1])


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("asyncio.create_task(work())", Kind.TASK),
        ("asyncio.Queue[int]()", Kind.QUEUE),
        ("Scope[int]()", Kind.INSTANCE),
        ("spawn[int](work())", None),
        ("asyncio.ensure_future(work())", Kind.TASK),
        ("asyncio.ensure_future(asyncio.Future())", Kind.FUTURE),
        ("asyncio.ensure_future(p)", None),
        ("asyncio.get_running_loop().create_task(work())", Kind.TASK),
        ("asyncio.new_event_loop().create_future()", Kind.FUTURE),
        ("asyncio.get_event_loop().call_later(1, print)", Kind.TIMER_HANDLE),
        ("p.create_task(work())", None),
        ("asyncio.gather(work())", Kind.GATHER),
        ("(await asyncio.gather(work(), return_exceptions=True))[0]", Kind.OUTCOME),
        ("(await asyncio.gather(work(), return_exceptions=p))[0]", None),
        ("(await asyncio.gather(work()))[0]", None),
        ("asyncio.shield(work())", Kind.SHIELD),
        ("asyncio.TaskGroup()", Kind.TASK_GROUP),
        ("asyncio.timeout(1)", Kind.TIMEOUT),
        ("asyncio.BoundedSemaphore(1)", Kind.SEMAPHORE),
        ("asyncio.PriorityQueue()", Kind.QUEUE),
        ("asyncio.Queue().get()", Kind.COROUTINE),
        ("asyncio.Queue().get_nowait()", None),
        ("work()", Kind.COROUTINE),
        ("await work()", None),
        ("source()", Kind.ASYNC_GENERATOR),
        ("decorated()", None),
        ("spawn(work())", Kind.TASK),
        ("maybe(1)", Kind.TASK),
        ("await asyncio.create_subprocess_exec('ls')", Kind.PROCESS),
        ("(await asyncio.create_subprocess_exec('ls')).stdin", Kind.STREAM_WRITER),
        ("(await streams())[1]", Kind.STREAM_WRITER),
        ("asyncio.create_task(work()) if p else None", Kind.TASK),
        ("asyncio.create_task(work()) if p else p", None),
        ("(task := asyncio.create_task(work()))", Kind.TASK),
        ("asyncio.current_task()", Kind.TASK),
        ("None", None),
        ("[]", Kind.COLLECTION),
        ("unknown()", None),
    ],
)
def test_of_expressions(expression: str, kind: Kind | None) -> None:
    assert _kind(f"ask({expression})") is kind


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        ("asyncio.Task", Kind.TASK),
        ("asyncio.Task[int]", Kind.TASK),
        ("'asyncio.Task[int]'", Kind.TASK),
        ("Optional['asyncio.Task']", Kind.TASK),
        ("asyncio.Task | None", Kind.TASK),
        ("'asyncio.Task | None'", Kind.TASK),
        ("Union[asyncio.Task, asyncio.Future]", None),
        ("Scope[int]", Kind.INSTANCE),
        ("asyncio.AbstractEventLoop", Kind.LOOP),
        ("list[asyncio.Task]", Kind.COLLECTION),
        ("Unknown", None),
        ("'not an ( annotation'", None),
    ],
)
def test_of_annotated_parameters(annotation: str, kind: Kind | None) -> None:
    assert _kind("ask(p)", f"async def f(p: {annotation}):") is kind


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("t = asyncio.create_task(work())\nask(t)", Kind.TASK),
        ("t, lock = spawn(work()), asyncio.Lock()\nask(lock)", Kind.LOCK),
        ("reader, writer = await asyncio.open_connection()\nask(writer)", Kind.STREAM_WRITER),
        ("t = None\nif p:\n    t = spawn(work())\nask(t)", Kind.TASK),
        ("t = p\nif p:\n    t = spawn(work())\nask(t)", None),
        # The order of statements decides.
        ("t = spawn(work())\nt = await t\nask(t)", None),
        ("t = spawn(work())\nask(t)\nt = await t", Kind.TASK),
        ("t = spawn(work())\nt = asyncio.shield(t)\nask(t)", Kind.SHIELD),
        ("t = spawn(work())\nwhile p:\n    ask(t)\n    t = p", None),
        ("t = p\ntry:\n    t = spawn(work())\nfinally:\n    ask(t)", None),
        ("for t in p:\n    t = spawn(work())\n    ask(t)", Kind.TASK),
        ("p = spawn(work())\nask(p)", Kind.TASK),
        ("t = spawn(work())\ndef g():\n    nonlocal t\n    t = 1\nask(t)", None),
        ("async with asyncio.TaskGroup() as group:\n    ask(group)", Kind.TASK_GROUP),
        ("async with asyncio.TaskGroup() as group:\n    t = group.create_task(work())\n    ask(t)", Kind.TASK),
        ("async with asyncio.timeout(1) as deadline:\n    ask(deadline)", Kind.TIMEOUT),
        ("async with asyncio.Lock() as nothing:\n    ask(nothing)", None),
        ("async with grouped() as group:\n    ask(group)", Kind.TASK_GROUP),
        ("async with Scope() as lock:\n    ask(lock)", Kind.LOCK),
        ("async with contextlib.aclosing(source()) as items:\n    ask(items)", Kind.ASYNC_GENERATOR),
        ("t = t or spawn(work())\nask(t)", Kind.TASK),
    ],
)
def test_of_locals(body: str, kind: Kind | None) -> None:
    assert _kind(body) is kind


@pytest.mark.parametrize(
    "body",
    [
        "for t in [spawn(work()), spawn(work())]:\n    ask(t)",
        "ts = [spawn(work()) for _ in p]\nfor t in ts:\n    ask(t)",
        "ts = []\nfor _ in p:\n    ts.append(spawn(work()))\nask(ts[0])",
        "ts = set()\nts.add(spawn(work()))\nask(ts.pop())",
        "ts = {}\nts['a'] = spawn(work())\nfor key, t in ts.items():\n    ask(t)",
        "ts = {}\nts.setdefault('a', spawn(work()))\nask(ts['a'])",
        "ts = {'a': spawn(work())}\n[ask(t) for t in ts.values()]",
        "ts = []\nts += [spawn(work())]\nask(ts[0])",
        "ts = []\nts.extend(spawn(work()) for _ in p)\nask(ts[0])",
        "ts = [spawn(work())]\nfor number, t in enumerate(list(ts)):\n    ask(t)",
        "ts = [spawn(work())]\nfor t, other in zip(ts, p):\n    ask(t)",
        "ts = [spawn(work())]\ndone, pending = await asyncio.wait(ts)\nfor t in pending:\n    ask(t)",
        "ts = {spawn(work())}\nwhile ts:\n    done, ts = await asyncio.wait(ts)\n    for t in done:\n        ask(t)",
        "ts: list[asyncio.Task] = []\nfill(ts)\nask(ts[0])",
        "for t in asyncio.all_tasks() - {asyncio.current_task()}:\n    ask(t)",
        "t, *rest = spawn(work()), spawn(work())\nask([t][0])",
    ],
)
def test_of_elements_of_collections(body: str) -> None:
    assert _kind(body) is Kind.TASK


@pytest.mark.parametrize(
    "body",
    [
        "ts = [spawn(work()), p]\nask(ts)",
        "ts = []\nask(ts)",
        "ts = [spawn(work())]\nts.append(p)\nask(ts)",
        "ts = []\nts.append(p)\nts.append(spawn(work()))\nask(ts)",
    ],
)
def test_a_collection_that_may_hold_something_else_has_no_element_kind(body: str) -> None:
    module, expressions = asked(PRELUDE + "async def f(p):\n" + "".join(f"    {line}\n" for line in body.splitlines()))
    assert module.element_kind(expressions[0]) is None


def test_of_attributes_over_the_whole_class() -> None:
    source = """
        import asyncio
        from dataclasses import dataclass, field

        @dataclass
        class Entry:
            task: asyncio.Task | None = None
            tasks: list["asyncio.Task[None]"] = field(default_factory=list)

        class Base:
            def __init__(self, loop: asyncio.AbstractEventLoop):
                self.loop = loop
                self.mixed = asyncio.Lock()
                self.mixed = loop

        class Worker(Base):
            def __init__(self):
                self.task = None
                self.tasks = {}
                self.entry = Entry()

            def start(self):
                self.task = self.loop.create_task(x)
                self.tasks["x"] = self.task

            @property
            def current(self):
                return self.task

            def stop(self):
                ask(self.task)
                ask(self.tasks["y"])
                ask(self.entry.task)
                ask(self.entry.tasks[0])
                ask(self.current)
                ask(self.mixed)
                ask(self.missing)
                ask(other.task)
    """
    module, expressions = asked(source)
    assert [module.kind(one) for one in expressions] == [Kind.TASK] * 5 + [None] * 3


def test_the_annotation_of_a_rest_parameter_tells_its_parts() -> None:
    source = """
        import asyncio

        def stop(first: asyncio.Task, *tasks: asyncio.Task, **more: asyncio.Task):
            ask(tasks)
            ask(tasks[0])
            for task in tasks:
                ask(task)
            ask(more)
            ask(more["x"])
    """
    module, expressions = asked(source)
    assert [module.kind(one) for one in expressions] == [Kind.COLLECTION, Kind.TASK, Kind.TASK, None, None]


def test_the_value_of_a_name_is_what_was_assigned_last() -> None:
    module, expressions = asked("def f(p):\n    t = 1\n    t = p.x\n    ask(t), ask(p), ask(t.y)")
    values = [module.value(one) for one in expressions]
    assert getattr(values[0], "attr", None) == "x"
    assert values[1] is None
    assert values[2] is expressions[2]


def test_deep_and_circular_code_has_an_answer() -> None:
    chain = "x" + "".join(f".f({number})" for number in range(300))
    loop = "\n".join(f"    v{number} = v{(number + 1) % 60} or v{(number * 7) % 60}" for number in range(60))
    module, expressions = asked(f"def f():\n{loop}\n    ask(v0), ask({chain})")
    assert [module.kind(one) for one in expressions] == [None, None]


def test_the_loop_of_another_file_is_called_one() -> None:
    source = """
        import asyncio
        from somewhere import app, loop

        async def work(): ...

        ask(app.loop.create_task(work()))
        ask(loop.create_task(work()))
        ask(app.create_task(work()))
    """
    module, expressions = asked(source)
    assert [module.kind(one) for one in expressions] == [Kind.TASK, Kind.TASK, None]
