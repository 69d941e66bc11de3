"""Qualified names by Python's scoping."""

from __future__ import annotations

import pytest

from flake8_cancel.code.api import Facts
from tests.code.asking import asked, module_of

CANCELLED = "asyncio.CancelledError"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import asyncio\nask(asyncio.CancelledError)", CANCELLED),
        ("import asyncio as aio\nask(aio.CancelledError)", CANCELLED),
        ("from asyncio import CancelledError as Stop\nask(Stop)", CANCELLED),
        ("from asyncio.exceptions import CancelledError\nask(CancelledError)", CANCELLED),
        ("import asyncio.subprocess\nask(asyncio.CancelledError)", CANCELLED),
        ("import asyncio.tasks as tasks\nask(tasks.Task)", "asyncio.Task"),
        ("from asyncio import locks\nask(locks.Lock)", "asyncio.Lock"),
        ("from asyncio import *\nask(create_task)", "asyncio.create_task"),
        ("import asyncio.subprocess as sub\nask(sub.Process)", "asyncio.subprocess.Process"),
        ("import asyncio\nask(asyncio.Task.cancel)", "asyncio.Task.cancel"),
        ("from concurrent.futures import CancelledError\nask(CancelledError)", "concurrent.futures.CancelledError"),
        ("import concurrent.futures._base as b\nask(b.CancelledError)", "concurrent.futures.CancelledError"),
        ("import asyncio\nCancelled = asyncio.CancelledError\nask(Cancelled)", CANCELLED),
        ("import asyncio\nA = asyncio\nB = A.CancelledError\nask(B)", CANCELLED),
        ("from .errors import Gone\nask(Gone)", ".errors.Gone"),
        ("from .. import errors\nask(errors.Gone)", "..errors.Gone"),
        ("ask(BaseException)", "builtins.BaseException"),
        ("ask(IOError)", "builtins.OSError"),
        ("import socket\nask(socket.timeout)", "builtins.TimeoutError"),
        ("import asyncio\nask(asyncio.TimeoutError)", "asyncio.TimeoutError"),
        ("from exceptiongroup import ExceptionGroup\nask(ExceptionGroup)", "builtins.ExceptionGroup"),
    ],
)
def test_imports_aliases_and_constants_are_followed(source: str, name: str) -> None:
    module, expressions = asked(source)
    assert module.name(expressions[0]) == name


@pytest.mark.parametrize(
    "source",
    [
        "def f(asyncio):\n    ask(asyncio.CancelledError)",
        "import asyncio\nasyncio = fake()\nask(asyncio.CancelledError)",
        "import asyncio\ndef f():\n    asyncio = fake()\n    ask(asyncio.CancelledError)",
        "import asyncio\ndef f():\n    global asyncio\n    asyncio = fake()\nask(asyncio.sleep)",
        "import asyncio\ndef f():\n    [asyncio for asyncio in x if ask(asyncio.sleep)]",
        "from asyncio import sleep\nfor sleep in x:\n    ask(sleep)",
        "from asyncio import sleep\ndef sleep(): ...\nask(sleep)",
        "BaseException = 1\nask(BaseException)",
        "def f():\n    from asyncio import sleep\nask(sleep)",
        "class C:\n    from asyncio import sleep\n    def f(self):\n        ask(sleep)",
        "from somewhere import *\nask(create_task)",
        "a = b\nb = a\nask(a)",
        "ask(f().x)",
    ],
)
def test_a_name_that_may_be_something_else_has_no_name(source: str) -> None:
    module, expressions = asked(source)
    assert module.name(expressions[0]) is None


def test_imports_in_functions_and_under_type_checking_are_seen() -> None:
    source = """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from asyncio import Task
        def f():
            from asyncio import create_task
            def g():
                return ask(create_task), ask(Task)
    """
    module, expressions = asked(source)
    assert [module.name(one) for one in expressions] == ["asyncio.create_task", "asyncio.Task"]


def test_the_first_iterable_of_a_comprehension_is_evaluated_outside_it() -> None:
    module, expressions = asked("import asyncio\n[ask(asyncio) for asyncio in ask(asyncio.x)]")
    assert [module.name(one) for one in expressions] == [None, "asyncio.x"]


@pytest.mark.parametrize(
    "other",
    ["from async_timeout import timeout", "timeout = None", "from elsewhere import timeout"],
)
def test_of_a_guarded_import_asyncios_own_is_preferred(other: str) -> None:
    source = f"try:\n    from asyncio import timeout\nexcept ImportError:\n    {other}\nask(timeout)"
    module, expressions = asked(source)
    assert module.name(expressions[0]) == "asyncio.timeout"


def test_a_fallback_that_the_target_needs_and_nobody_knows_leaves_the_name_open() -> None:
    guarded = "try:\n    from asyncio import timeout\nexcept ImportError:\n    from elsewhere import timeout\n"
    module, expressions = asked(f"{guarded}ask(timeout)", Facts(target=(3, 10)))
    assert module.name(expressions[0]) is None


def test_classes_of_a_clause_are_flattened() -> None:
    source = """
        import asyncio
        ERRORS = (OSError, asyncio.CancelledError)
        class Gone(Exception):
            class Further(Exception): ...
        ask((*ERRORS, ValueError, unknown, Gone, Gone.Further))
        ask(ERRORS + (KeyError,))
        ask(OSError | ERRORS)
    """
    module, expressions = asked(source)
    assert [module.names(one) for one in expressions] == [
        ("builtins.OSError", CANCELLED, "builtins.ValueError", None, ".Gone", ".Gone.Further"),
        ("builtins.OSError", CANCELLED, "builtins.KeyError"),
        ("builtins.OSError", "builtins.OSError", CANCELLED),
    ]
    assert module.names(None) == ()


def test_anyio_names_the_cancellation_by_a_function() -> None:
    module, expressions = asked("import anyio\nask(anyio.get_cancelled_exc_class())\nask(anyio.other())")
    assert [module.names(one) for one in expressions] == [(CANCELLED,), (None,)]


@pytest.mark.parametrize(
    ("source", "framework"),
    [
        ("import asyncio", "asyncio"),
        ("def f():\n    from asyncio.tasks import Task", "asyncio"),
        ("import asyncio, anyio", "anyio"),
        ("import anyio, trio, asyncio", "other"),
        ("from twisted.internet import defer", "other"),
        ("import os", "none"),
        ("from . import trio", "none"),
    ],
)
def test_the_framework_is_told_by_the_imports(source: str, framework: str) -> None:
    assert module_of(source).framework() == framework


@pytest.mark.parametrize(
    ("name", "bases"),
    [
        (CANCELLED, ("builtins.BaseException",)),
        ("builtins.ConnectionError", ("builtins.OSError", "builtins.Exception", "builtins.BaseException")),
        ("asyncio.IncompleteReadError", ("builtins.EOFError", "builtins.Exception", "builtins.BaseException")),
        (
            "builtins.ExceptionGroup",
            ("builtins.BaseExceptionGroup", "builtins.Exception", "builtins.BaseException"),
        ),
        ("builtins.BaseExceptionGroup", ("builtins.BaseException",)),
        (".Own", ("builtins.EOFError", "builtins.Exception", "builtins.BaseException")),
        (".Further", (".Own", "builtins.EOFError", "builtins.Exception", "builtins.BaseException")),
        (".Foreign", ("pkg.Error", None)),
        (".Open", (None,)),
        ("pkg.Error", None),
        (".Missing", None),
    ],
)
def test_base_classes_are_known(name: str, bases: tuple[str | None, ...] | None) -> None:
    source = """
        import pkg
        class Own(EOFError): ...
        class Further(Own): ...
        class Foreign(pkg.Error): ...
        class Open(make()): ...
    """
    assert module_of(source).bases(name) == bases


def test_asyncios_timeout_error_is_the_builtin_since_3_11() -> None:
    old, new = (module_of("", Facts(target=target)).bases("asyncio.TimeoutError") for target in ((3, 10), (3, 11)))
    assert old == ("builtins.Exception", "builtins.BaseException")
    assert new is not None
    assert new[:2] == ("builtins.TimeoutError", "builtins.OSError")


def test_a_class_that_derives_from_itself_is_no_trap() -> None:
    assert module_of("class A(B): ...\nclass B(A): ...").bases(".A") == (".B",)
