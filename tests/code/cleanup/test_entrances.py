"""What stays taken when an ``__aenter__`` is cut, and nobody calls ``__aexit__``."""

from __future__ import annotations

import ast
import textwrap

import pytest

from flake8_cancel.code.cleanup.entrances import half_entered
from flake8_cancel.code.cleanup.taking import shown
from tests.code.asking import module_of


def left(enter: str, leave: str, more: str = "") -> list[tuple[str, str]]:
    """Return what an ``__aenter__`` leaves taken, and where it is cut."""
    blocks = (("async def __aenter__(self)", enter), ("async def __aexit__(self, *_)", leave))
    methods = "".join(f"    {head}:\n{textwrap.indent(body, ' ' * 8)}\n" for head, body in blocks)
    module = module_of(f"import asyncio\nclass Owner:\n{methods}{textwrap.indent(more, '    ')}\n")
    functions = [node for node in ast.walk(module.tree) if isinstance(node, ast.AsyncFunctionDef)]
    return [
        (shown(skip.giving), ast.unparse(skip.place))
        for function in functions
        for skip in half_entered(module, function)
    ]


@pytest.mark.parametrize(
    ("enter", "leave", "skipped", "place"),
    [
        (
            "await self.c.connect()\nawait self.c.login()",
            "await self.c.close()",
            "self.c.close()",
            "await self.c.login()",
        ),
        ("self.s = Session()\nawait self.login()", "await self.s.close()", "self.s.close()", "await self.login()"),
        ("self.s = await open_it()\nawait f()", "self.s.close()", "self.s.close()", "await f()"),
        ("await self.lock.acquire()\nawait f()", "self.lock.release()", "self.lock.release()", "await f()"),
        ("self.n += 1\nawait f()", "self.n -= 1", "self.n -= 1", "await f()"),
        ("await super().__aenter__()\nawait f()", "await super().__aexit__(*_)", "super().__aexit__()", "await f()"),
        ("await self.c.connect()\nawait f()", "await self.close()", "self.c.close()", "await f()"),
        (
            "await self.st.enter_async_context(a)\nawait self.st.enter_async_context(b)",
            "await self.st.aclose()",
            "self.st.aclose()",
            "await self.st.enter_async_context(b)",
        ),
    ],
)
def test_what_stays_taken(enter: str, leave: str, skipped: str, place: str) -> None:
    ((found, where),) = left(enter, leave, "async def close(self):\n    self.c.close()")
    assert (found.replace("*_", ""), where) == (skipped, place)


@pytest.mark.parametrize(
    ("enter", "leave"),
    [
        ("await self.c.connect()", "await self.c.close()"),
        ("await self.c.connect()\nawait f()", "pass"),
        ("await self.c.connect()\nawait f()", "await self.d.close()"),
        (
            "await self.c.connect()\ntry:\n    await f()\nexcept BaseException:\n    self.c.close()\n    raise",
            "self.c.close()",
        ),
        (
            "await self.c.connect()\ntry:\n    await f()\nexcept BaseException:\n    self.close()\n    raise",
            "self.c.close()",
        ),
        # That clause is what is wrong.
        (
            "await self.c.connect()\ntry:\n    await f()\nexcept Exception:\n    self.c.close()\n    raise",
            "self.c.close()",
        ),
        ("self.c = Client()\nawait self.c.connect()", "await self.c.close()"),
        ("self.c = find(self)\nawait f()", "await self.c.close()"),
        ("self.t = asyncio.create_task(f())\nawait f()", "self.t.cancel()"),
        ("self.t = scope = begin()\nawait scope.__aenter__()", "await self.t.__aexit__(*_)"),
        ("self.t = self.c.begin()\nawait self.t.__aenter__()", "await self.t.__aexit__()\nawait self.c.__aexit__()"),
        ("await self.st.__aenter__()\nawait self.st.enter_async_context(a)", "await self.st.aclose()"),
    ],
)
def test_what_is_given_back_or_was_never_taken(enter: str, leave: str) -> None:
    assert left(enter, leave) == []
