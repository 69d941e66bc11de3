"""The kinds of values, and which calls and annotations give them."""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterable
from typing import NamedTuple


class Kind(enum.Enum):
    """What a value certainly is."""

    TASK = "task"
    FUTURE = "future"
    GATHER = "gather's future"
    OUTCOME = "result or exception"
    SHIELD = "shield's future"
    THREAD_FUTURE = "concurrent future"
    TASK_GROUP = "task group"
    TIMEOUT = "timeout"
    LOCK = "lock"
    SEMAPHORE = "semaphore"
    CONDITION = "condition"
    EVENT = "event"
    BARRIER = "barrier"
    QUEUE = "queue"
    PROCESS = "process"
    STREAM_READER = "stream reader"
    STREAM_WRITER = "stream writer"
    SERVER = "server"
    TRANSPORT = "transport"
    TIMER_HANDLE = "timer handle"
    HANDLE = "handle"
    LOOP = "loop"
    RUNNER = "runner"
    COROUTINE = "coroutine"
    ASYNC_GENERATOR = "async generator"
    COLLECTION = "collection"
    TUPLE = "tuple"
    INSTANCE = "instance"
    NONE = "None"
    NOTHING = "nothing"


class Known(NamedTuple):
    """What is known of a value.

    Attributes:
        kind: what it is.
        element: of a collection its elements (of a dictionary its values), of what can be awaited its result.
        key: of a dictionary its keys.
        parts: of a tuple its parts.
        definition: of an instance of a class of this file that class.
    """

    kind: Kind
    element: Known | None = None
    key: Known | None = None
    parts: tuple[Known | None, ...] = ()
    definition: ast.ClassDef | None = None


# What is certainly None, and what a name that is still being asked for, or an empty collection, adds: nothing.
NONE = Known(Kind.NONE)
NOTHING = Known(Kind.NOTHING)
TASK = Known(Kind.TASK)
COROUTINE = Known(Kind.COROUTINE)
EMPTY = Known(Kind.COLLECTION, NOTHING, NOTHING)
# What gather gives when it returns the exceptions of its children among their results.
OUTCOMES = Known(Kind.COLLECTION, Known(Kind.OUTCOME))

# These hold who waits for them.
PRIMITIVES = frozenset({Kind.BARRIER, Kind.CONDITION, Kind.EVENT, Kind.LOCK, Kind.QUEUE, Kind.SEMAPHORE})
AWAITABLE = frozenset({Kind.TASK, Kind.FUTURE, Kind.GATHER, Kind.SHIELD, Kind.COROUTINE})

# Classes of asyncio, as they are called and as annotations name them.
CLASSES: dict[str, Kind] = {
    "asyncio.AbstractEventLoop": Kind.LOOP,
    "asyncio.AbstractServer": Kind.SERVER,
    "asyncio.Barrier": Kind.BARRIER,
    "asyncio.BaseEventLoop": Kind.LOOP,
    "asyncio.BoundedSemaphore": Kind.SEMAPHORE,
    "asyncio.Condition": Kind.CONDITION,
    "asyncio.Event": Kind.EVENT,
    "asyncio.EventLoop": Kind.LOOP,
    "asyncio.Future": Kind.FUTURE,
    "asyncio.Handle": Kind.HANDLE,
    "asyncio.LifoQueue": Kind.QUEUE,
    "asyncio.Lock": Kind.LOCK,
    "asyncio.PriorityQueue": Kind.QUEUE,
    "asyncio.Queue": Kind.QUEUE,
    "asyncio.Runner": Kind.RUNNER,
    "asyncio.SelectorEventLoop": Kind.LOOP,
    "asyncio.Semaphore": Kind.SEMAPHORE,
    "asyncio.Server": Kind.SERVER,
    "asyncio.StreamReader": Kind.STREAM_READER,
    "asyncio.StreamWriter": Kind.STREAM_WRITER,
    "asyncio.Task": Kind.TASK,
    "asyncio.TaskGroup": Kind.TASK_GROUP,
    "asyncio.Timeout": Kind.TIMEOUT,
    "asyncio.TimerHandle": Kind.TIMER_HANDLE,
    "asyncio.Transport": Kind.TRANSPORT,
    "asyncio.subprocess.Process": Kind.PROCESS,
    "concurrent.futures.Future": Kind.THREAD_FUTURE,
}
_STREAMS = Known(Kind.TUPLE, parts=(Known(Kind.STREAM_READER), Known(Kind.STREAM_WRITER)))
_CONNECTION = Known(Kind.TUPLE, parts=(Known(Kind.TRANSPORT), None))
# Functions whose result does not depend on their arguments.
FUNCTIONS: dict[str, Known] = {
    **{name: Known(kind) for name, kind in CLASSES.items()},
    "asyncio.all_tasks": Known(Kind.COLLECTION, TASK),
    "asyncio.create_subprocess_exec": Known(Kind.COROUTINE, Known(Kind.PROCESS)),
    "asyncio.create_subprocess_shell": Known(Kind.COROUTINE, Known(Kind.PROCESS)),
    "asyncio.current_task": TASK,
    "asyncio.get_event_loop": Known(Kind.LOOP),
    "asyncio.get_running_loop": Known(Kind.LOOP),
    "asyncio.new_event_loop": Known(Kind.LOOP),
    "asyncio.open_connection": Known(Kind.COROUTINE, _STREAMS),
    "asyncio.open_unix_connection": Known(Kind.COROUTINE, _STREAMS),
    "asyncio.run_coroutine_threadsafe": Known(Kind.THREAD_FUTURE),
    "asyncio.sleep": COROUTINE,
    "asyncio.start_server": Known(Kind.COROUTINE, Known(Kind.SERVER)),
    "asyncio.start_unix_server": Known(Kind.COROUTINE, Known(Kind.SERVER)),
    "asyncio.timeout": Known(Kind.TIMEOUT),
    "asyncio.timeout_at": Known(Kind.TIMEOUT),
    "asyncio.to_thread": COROUTINE,
    "asyncio.wrap_future": Known(Kind.FUTURE),
    "collections.defaultdict": EMPTY,
    "weakref.WeakKeyDictionary": EMPTY,
    "weakref.WeakSet": EMPTY,
    "weakref.WeakValueDictionary": EMPTY,
}
# Functions that give a collection of the elements of their first argument; without one it is empty.
SAME_ELEMENTS = frozenset(
    {
        "builtins.dict",
        "builtins.frozenset",
        "builtins.iter",
        "builtins.list",
        "builtins.reversed",
        "builtins.set",
        "builtins.sorted",
        "builtins.tuple",
        "collections.OrderedDict",
        "collections.deque",
    }
)
# Methods whose result does not depend on their arguments; "*" stands for every other method of the kind.
METHODS: dict[Kind, dict[str, Known]] = {
    Kind.LOOP: {
        "call_at": Known(Kind.TIMER_HANDLE),
        "call_later": Known(Kind.TIMER_HANDLE),
        "call_soon": Known(Kind.HANDLE),
        "call_soon_threadsafe": Known(Kind.HANDLE),
        "create_connection": Known(Kind.COROUTINE, _CONNECTION),
        "create_datagram_endpoint": Known(Kind.COROUTINE, _CONNECTION),
        "create_future": Known(Kind.FUTURE),
        "create_server": Known(Kind.COROUTINE, Known(Kind.SERVER)),
        "create_unix_connection": Known(Kind.COROUTINE, _CONNECTION),
        "create_unix_server": Known(Kind.COROUTINE, Known(Kind.SERVER)),
        "run_in_executor": Known(Kind.FUTURE),
    },
    Kind.RUNNER: {"get_loop": Known(Kind.LOOP)},
    Kind.LOCK: {"acquire": COROUTINE},
    Kind.SEMAPHORE: {"acquire": COROUTINE},
    Kind.CONDITION: {"acquire": COROUTINE, "wait": COROUTINE, "wait_for": COROUTINE},
    Kind.EVENT: {"wait": COROUTINE},
    Kind.BARRIER: {"wait": COROUTINE},
    Kind.QUEUE: {"get": COROUTINE, "join": COROUTINE, "put": COROUTINE},
    Kind.PROCESS: {"communicate": COROUTINE, "wait": COROUTINE},
    Kind.STREAM_READER: {"read": COROUTINE, "readexactly": COROUTINE, "readline": COROUTINE, "readuntil": COROUTINE},
    Kind.STREAM_WRITER: {"drain": COROUTINE, "wait_closed": COROUTINE},
    Kind.SERVER: {"serve_forever": COROUTINE, "start_serving": COROUTINE, "wait_closed": COROUTINE},
}
ATTRIBUTES: dict[tuple[Kind, str], Known] = {
    (Kind.PROCESS, "stdin"): Known(Kind.STREAM_WRITER),
    (Kind.PROCESS, "stdout"): Known(Kind.STREAM_READER),
    (Kind.PROCESS, "stderr"): Known(Kind.STREAM_READER),
}


def joined(values: Iterable[Known | None]) -> Known | None:
    """Return what a value is that is one of several; None when they are not certainly of one kind.

    ``None`` objects and what adds nothing are left out, so a task or ``None`` is a task.
    """
    found: Known | None = NOTHING
    for value in values:
        if value is None:
            return None
        if found is None or found.kind is Kind.NOTHING or (found.kind is Kind.NONE and value.kind is not Kind.NOTHING):
            found = value
        elif value.kind not in (Kind.NONE, Kind.NOTHING):
            found = _merged(found, value)
            if found is None:
                return None
    return found


def _merged(first: Known, second: Known) -> Known | None:
    if first == second:
        return first
    pair = {first.kind, second.kind}
    if pair == {Kind.COLLECTION, Kind.TUPLE}:
        return Known(Kind.COLLECTION, joined((elements(first), elements(second))))
    if len(pair) > 1 or first.definition is not second.definition:
        return None
    parts: tuple[Known | None, ...] = ()
    if len(first.parts) == len(second.parts):
        parts = tuple(joined(pair) for pair in zip(first.parts, second.parts, strict=True))
    element = joined((elements(first), elements(second)))
    return Known(first.kind, element, joined((first.key, second.key)), parts, first.definition)


def elements(value: Known | None) -> Known | None:
    """Return what the elements of a collection are, or the result of what can be awaited."""
    if value is None or value.kind is Kind.NOTHING:
        return value
    return joined(value.parts) if value.parts else value.element


def part(value: Known | None, path: Iterable[int]) -> Known | None:
    """Return what a part of an unpacked value is."""
    for position in path:
        if value is None or value.kind is Kind.NOTHING:
            return value
        if value.kind is Kind.TUPLE:
            value = value.parts[position] if position < len(value.parts) else elements(value)
        else:
            value = value.element if value.kind is Kind.COLLECTION else None
    return value
