"""What the random programs define in their own text, where the graph is to see it."""

from __future__ import annotations

PRELUDE = """\
import asyncio
import contextlib

from tests.flow.support import ask, chance, child, cond, items, more, pause, pick, step


class AppError(Exception):
    pass


class SubError(AppError):
    pass


def fail():
    raise AppError()


async def fail_later(label):
    await pause(label)
    if cond():
        raise AppError()
    raise SubError()


def give_up(value):
    try:
        step(value)
    finally:
        fail()


class Ordinary:
    def __init__(self, label):
        self.label = label

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        step(self.label)

    async def __aenter__(self):
        await pause(self.label)
        return self

    async def __aexit__(self, kind, error, trace):
        await pause(-self.label)


class Swallow(Ordinary):
    def __exit__(self, kind, error, trace):
        return True

    async def __aexit__(self, kind, error, trace):
        await pause(-self.label)
        return True


class Convert(Ordinary):
    def __exit__(self, kind, error, trace):
        if error is not None:
            raise AppError() from error

    async def __aexit__(self, kind, error, trace):
        await pause(-self.label)
        if kind is None:
            return None
        raise AppError() from error


class Quiet:
    def __init__(self, label):
        self.label = label

    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, error, trace):
        return kind is not None


@contextlib.contextmanager
def lenient(label):
    try:
        yield
    except asyncio.CancelledError:
        step(label)


@contextlib.contextmanager
def converting(label):
    try:
        yield label
    except BaseException as error:
        raise AppError() from error


@contextlib.asynccontextmanager
async def ordinary(label):
    await pause(label)
    try:
        yield label
    finally:
        await pause(-label)


@contextlib.asynccontextmanager
async def swallowing(label):
    with contextlib.suppress(asyncio.CancelledError, AppError):
        yield label


"""

SYNC_MANAGERS = (
    "contextlib.suppress(asyncio.CancelledError)",
    "contextlib.suppress(BaseException)",
    "contextlib.suppress(AppError)",
    "contextlib.suppress(Exception, asyncio.CancelledError)",
    "Ordinary({})",
    "Swallow({})",
    "Convert({})",
    "lenient({})",
    "converting({})",
)
ASYNC_MANAGERS = ("Ordinary({})", "Swallow({})", "Convert({})", "Quiet({})", "ordinary({})", "swallowing({})")
NEWER_ASYNC_MANAGERS = ("asyncio.timeout({})", "asyncio.TaskGroup() as group")
