"""Functions that end something, and can do so but once."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.cleanup.once import doors, stays_shut
from tests.code.asking import function, module_of


def once(body: str, name: str = "close") -> bool:
    """Tell whether a wait for what closes something is the last chance to do what follows."""
    source = "class Owner:\n    async def {}(self):\n{}"
    module = module_of(source.format(name, "\n".join(" " * 8 + line for line in body.splitlines())))
    found = function(module, name)
    assert isinstance(found, ast.AsyncFunctionDef)
    flow = module.flow(found)
    assert flow is not None
    waits = flow.suspensions(lambda point: isinstance(point.node, ast.Await))
    return all(stays_shut(flow, state, doors(module, found)) for state in waits)


@pytest.mark.parametrize(
    "body",
    [
        "if self._closed:\n    return\nself._closed = True\nawait self.x.close()",
        "if not self._running:\n    return None\nself._running = False\nawait self.x.close()",
        "if self._closed or self.x is None: return\nself.task.cancel()\nself._closed = True\nawait self.x.close()",
        "if self._closed:\n    print()\n    return\nself._closed = True\ntry: await self.x.close()\nfinally: print()",
        "if self._closed: return\nself._closed = True\ntry: await self.x.close()\nexcept OSError: self._closed = False",
        "if self._closed: return\nasync with self.lock:\n    self._closed = True\n    await self.x.close()",
        "async with self.lock:\n    if self._closed: return\n    self._closed = True\n    await self.x.close()",
        "if self._closed: return\ntry: await self.x.close()\nfinally: self._closed = True",
        "if self.x is None: return\ntry: await self.x.close()\nfinally: self.x = None",
        "if self._closing: return\nself._closing = True\nawait self.x.close()\nself._closing = False",
        "if self._closed.is_set(): return\nself._closed.set()\nawait self.x.close()",
        "if self._closed.done(): return\nself._closed.set_result(None)\nawait self.x.close()",
        "if not self.jobs: return\njobs = list(self.jobs)\nself.jobs.clear()\nawait jobs.close()",
        "if not self._closed:\n    self._closed = True\n    await self.x.close()",
        "if self.x is None: return\nx, self.x = self.x, None\nawait x.close()",
    ],
)
def test_who_is_cut_has_said_that_it_is_done(body: str) -> None:
    assert once(body)


@pytest.mark.parametrize(
    "body",
    [
        "await self.x.close()",
        "if self._closed: return\nawait self.x.close()\nself._closed = True",
        "self._closed = True\nawait self.x.close()",
        "if self._closed: raise ValueError\nself._closed = True\nawait self.x.close()",
        "if self._closed: return\nself._closing = True\nawait self.x.close()",
        "if self._closed: return\nself._closed = self.ask()\nawait self.x.close()",
        "if self._closed: return\nself._closed = False\nawait self.x.close()",
        "if self._closed: return\nself._closed = True\ntry: await self.x.close()\nfinally: self._closed = False",
        "if self._closed: return\ntry: await self.x.close()\nexcept Exception: self._closed = True",
        "if self._closed.is_set(): return\nawait self.x.close()\nself._closed.set()",
        "if self._end.is_set(): return\nself._end.set()\ntry: await self.x.close()\nfinally: self._end.clear()",
        "if self.state: return\nself.state.set(1)\nawait self.x.close()",
        "if self._end.is_set(): return\nself._end.set()\nself._end = self.make()\nawait self.x.close()",
        "await self.x.close()\nif self._closed: return\nself._closed = True",
        "if self.x is None: return\nx, self.x = self.x, self.y\nawait x.close()",
    ],
)
def test_it_can_be_called_again(body: str) -> None:
    assert not once(body)


def test_its_name_says_that_it_ends_something() -> None:
    assert not once("if self._open: return\nself._open = True\nawait self.x.connect()", name="connect")
