"""What is run in another thread, and where that thread has an event loop of its own."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.lost.threads import started_by, starter
from tests.code.asking import asked, module_of

HEADER = """
import asyncio
import functools
import threading
from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor()
"""


@pytest.mark.parametrize(
    ("call", "is_started"),
    [
        ("threading.Thread(target=ask(f))", True),
        ("threading.Thread(None, ask(f))", True),
        ("threading.Thread(name=ask(f))", False),
        ("threading.Timer(5, ask(f))", True),
        ("threading.Timer(ask(f), g)", False),
        ("asyncio.to_thread(ask(f))", True),
        ("loop.run_in_executor(None, ask(f))", True),
        ("pool.submit(ask(f))", True),
        ("queue.submit(ask(f))", False),
        ("loop.call_later(5, ask(f))", False),
    ],
)
def test_some_calls_run_what_they_are_given_in_a_thread(call: str, is_started: bool) -> None:
    module, (expression,) = asked(HEADER + call)
    assert (starter(module, module.parent(expression) or expression) is not None) is is_started


@pytest.mark.parametrize(
    ("body", "is_started"),
    [
        ("task.cancel()", True),
        ("loop.run_until_complete(work()); task.cancel()", False),
        ("task = make(); task.cancel()", False),
    ],
)
@pytest.mark.parametrize("given", ["stop", "functools.partial(stop, 1)"])
def test_a_function_is_run_in_a_thread_unless_it_runs_a_loop(body: str, is_started: bool, given: str) -> None:
    module = module_of(f"{HEADER}def stop(*_):\n    {body}\n\nthreading.Timer(5, {given}).start()")
    (call,) = (node for node in module.calls("cancel") if isinstance(node.func, ast.Attribute))
    assert isinstance(call.func, ast.Attribute)
    assert (started_by(module, call, call.func.value) is not None) is is_started


def test_a_function_that_is_only_called_is_not_run_in_a_thread() -> None:
    module = module_of(f"{HEADER}def stop():\n    task.cancel()\n\nstop()")
    (call,) = module.calls("cancel")
    assert isinstance(call.func, ast.Attribute)
    assert started_by(module, call, call.func.value) is None
