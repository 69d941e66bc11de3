"""Makes the fixture's module for one run, and calls the function under proof with its parameters filled in."""

from __future__ import annotations

import asyncio
import builtins
import functools
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from tests.harness.fakes import Fake
from tests.harness.fixture import Case
from tests.harness.run import Run

_WHOLE_PROTOCOL = ("__aenter__", "__aexit__", "__enter__", "__exit__")
_PLAIN: Mapping[str, object] = {"int": 1, "float": 1.0, "str": "text", "bytes": b"bytes", "bool": True}
# As it is written in the fixture, or as an annotation that was evaluated calls itself: ``_asyncio.Task[None]``.
_ASYNCIO = r"(?:_?asyncio\.(?:\w+\.)*)?"
_REAL = re.compile(rf"{_ASYNCIO}(Lock|Event|Queue|Semaphore|BoundedSemaphore|Condition)(?:\[.*\])?")
_TASK = re.compile(rf"{_ASYNCIO}Task(?:\[.*\])?")
_FUTURE = re.compile(rf"{_ASYNCIO}Future(?:\[.*\])?")
_TASKS = re.compile(rf"(list|set)\[{_ASYNCIO}Task\b.*\]")


def prepare(run: Run, case: Case, proof: ModuleType, fake_modules: tuple[str, ...]) -> None:
    """Give a run its module and its ways to call the function; the loop must be running.

    Args:
        run: what is to be prepared.
        case: the function under proof.
        proof: may define ``arguments`` and ``names``.
        fake_modules: modules that the fixture imports and gets as fakes.
    """
    run.module = _module(run, case, fake_modules)
    vars(run.module).update(_asked(proof, "names", run))
    values = _asked(proof, "arguments", run)
    run.make = functools.partial(_make, run, case, values)
    run.call = functools.partial(_call, run, case, values)


def _asked(proof: ModuleType, name: str, run: Run) -> dict[str, object]:
    function: Callable[[Run], dict[str, object]] | None = getattr(proof, name, None)
    return function(run) if function else {}


def _module(run: Run, case: Case, fake_modules: tuple[str, ...]) -> ModuleType:
    module = ModuleType(f"fixture_{case.path.stem}")
    namespace = vars(module)
    namespace["__builtins__"] = {**vars(builtins), "__import__": _importer(run, fake_modules)}
    # Classes such as dataclasses look their module up; the entry lasts for the import alone.
    sys.modules[module.__name__] = module
    try:
        exec(compile(case.path.read_bytes(), str(case.path), "exec", dont_inherit=True), namespace)
    finally:
        del sys.modules[module.__name__]
    return module


def _importer(run: Run, fake_modules: tuple[str, ...]) -> Callable[..., Any]:
    def import_(name: str, *rest: Any) -> Any:
        top = name.partition(".")[0]
        if top not in fake_modules:
            return __import__(name, *rest)
        module = run.fake(top)
        is_from = len(rest) > 2 and rest[2]
        for part in name.split(".")[1:] if is_from else ():
            module = getattr(module, part)
        return module

    return import_


def _make(run: Run, case: Case, values: Mapping[str, object], **mine: object) -> Any:
    """Return the instance whose method is under proof, made when first asked for."""
    if run.owner is None:
        made = getattr(run.module, case.name.partition(".")[0])
        run.owner = made(**_filled(run, made, {**values, **mine}))
    return run.owner


async def _call(run: Run, case: Case, values: Mapping[str, object], **mine: object) -> Any:
    first, _, method = case.name.partition(".")
    if not method:
        function = getattr(run.module, first)
    elif method in _WHOLE_PROTOCOL:
        return await _consumed(run.make())
    else:
        function = getattr(run.make(), method)
    return await _consumed(function(**_filled(run, function, {**values, **mine})))


def _filled(run: Run, function: Callable[..., Any], values: Mapping[str, object]) -> dict[str, object]:
    filled: dict[str, object] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if name in values:
            filled[name] = values[name]
        elif parameter.default is parameter.empty:
            filled[name] = _by_annotation(run, name, parameter.annotation)
    run.given.update(filled)
    return filled


def _by_annotation(run: Run, name: str, annotation: object) -> object:
    if annotation is inspect.Parameter.empty:
        return run.fake(name)
    words = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    words = words.removesuffix(" | None")
    if words in _PLAIN:
        return _PLAIN[words]
    if real := _REAL.fullmatch(words):
        kind = getattr(asyncio, real[1])
        return kind(1) if real[1].endswith("Semaphore") else kind()
    if _TASK.fullmatch(words):
        return run.spawn()
    if _FUTURE.fullmatch(words):
        return asyncio.get_running_loop().create_future()
    if several := _TASKS.fullmatch(words):
        return {"list": list, "set": set}[several[1]]([run.spawn(), run.spawn()])
    if "Awaitable" in words or "Coroutine" in words:
        return run.work(name) if "Callable" in words else run.work(name)()
    return run.fake(name)


async def _consumed(value: Any) -> Any:
    """Use what a function returned as its caller would."""
    if inspect.isasyncgen(value):
        async for _ in value:
            await asyncio.sleep(0)
        return None
    if isinstance(value, Fake):
        return value
    if inspect.isawaitable(value):
        return await value
    if hasattr(value, "__aenter__"):
        async with value:
            await asyncio.sleep(0)
        return None
    if hasattr(value, "__enter__") and hasattr(value, "gen"):
        with value:
            await asyncio.sleep(0)
        return None
    return value
