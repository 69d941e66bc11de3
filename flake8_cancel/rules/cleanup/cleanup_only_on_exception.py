"""Cleanup stands in an ``except`` clause that a cancellation does not enter.

Why:
    Since Python 3.8 CancelledError is a BaseException and no Exception. A function that is cancelled, or runs into a
    timeout around it, is left in the middle just as by an error, but ``except Exception`` lets it pass: what was opened
    stays open, what was registered stays registered.

Bad:
    import asyncio


    async def connect(address):
        reader, writer = await asyncio.open_connection(*address)
        try:
            await greet(reader, writer)
        except Exception:
            writer.close()
            raise
        return reader, writer

Good:
    import asyncio


    async def connect(address):
        reader, writer = await asyncio.open_connection(*address)
        try:
            await greet(reader, writer)
        except BaseException:
            writer.close()
            raise
        return reader, writer

Fix:
    Safe, but where the ``try`` waits for a thread, which runs on, where the handler gives the exception to others,
    who would take it for a cancellation of their own, and where a clause for one kind of error does more than clean
    up: it would log or count a cancellation as that error. ``except Exception`` becomes ``except
    BaseException``; in an async generator CancelledError is added instead, since a consumer that stops early raises
    GeneratorExit there, and where the handler waits, since no coroutine that is closed may wait. A narrower class gets
    CancelledError beside it. None where the handler raises something else or does not raise, where it looks into the
    exception, holds a ``yield``, or would take what a clause below it takes now. None in a file that uses anyio, where
    what waits in the handler is cut again, unless it is shielded.

Not found:
    A ``try`` with a clause of its own for CancelledError, or one around it that ends the same. Cleanup that only mends
    what the error broke: of what the function neither made nor opened and the ``try`` does not wait for, in a clause
    for one kind of error, or under a condition that asks the error. An attribute that the clause sets back to None, a
    task that is one, and what the object opens in a task of its own: who cancels that closes it. What is only cleaned
    up if it says itself that it is there, or was to be opened by a method that is abstract here. What a helper of this
    file that is given the thing ends itself when it is cancelled. A wait for what is done by then. A file that imports
    no asyncio and steps through its coroutines itself (``coroutine.send(None)``). In a file that uses anyio, what waits
    in a shielded scope, and clauses for one kind of error. Where such a clause ends a process, CNL405 speaks.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.certain import is_shielded
from flake8_cancel.code.cleanup.failures import RAISES, Missed, missed_cleanups
from flake8_cancel.code.cleanup.frameworks import on_asyncio
from flake8_cancel.code.cleanup.framing import (
    does_more_than_clean_up,
    hands_on_what_it_caught,
    raises_what_it_caught,
    waits_for_thread,
)
from flake8_cancel.code.cleanup.owing import is_wide
from flake8_cancel.code.cleanup.processes import left_running
from flake8_cancel.code.cleanup.taking import own_statements, shown
from flake8_cancel.code.graph.evaluate import header, survey
from flake8_cancel.code.patterns import ASYNC_BLOCK
from flake8_cancel.code.traces import ends_own_in_handler, gives_back_in_handler, opens_connection
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement

_EXCEPTION = "builtins.Exception"
_CANCELLED = "asyncio.CancelledError"


class CleanupOnlyOnException(Rule):
    code = "CNL403"
    needs = ("except", ("await", ASYNC_BLOCK), (ends_own_in_handler, gives_back_in_handler, opens_connection))
    visits = (ast.Try,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.Try)
        found = self._found(node, module)
        return found if module.framework() == "anyio" else on_asyncio(module, found)

    def _found(self, node: ast.Try, module: Module) -> Iterator[Finding]:
        is_anyio = module.framework() == "anyio"
        for missed in missed_cleanups(module, node):
            if _is_process(missed, node, module) or (is_anyio and not _is_certain_of_anyio(missed, module)):
                continue
            is_wide = _EXCEPTION in module.names(missed.handler.type)
            reason = "none of these" if isinstance(missed.handler.type, ast.Tuple) else f"no {_named(missed)}"
            if missed.way_out != RAISES or not raises_what_it_caught(missed.handler):
                # What this handler does with an error would replace the cancellation.
                way_out = "clean up in a clause of its own too, and raise it again"
            elif is_anyio:
                way_out = "catch BaseException" + (", and shield the cleanup" if _waits(missed.handler) else "")
            else:
                way_out = "catch it too" if not is_wide or _waits(missed.handler) else "catch BaseException"
            message = f"a cancellation skips {shown(missed.giving)}, for CancelledError is {reason}; {way_out}"
            yield self.finding(missed.handler, message, missed.path, self._mend(missed, node, module))

    def _mend(self, missed: Missed, statement: ast.Try, module: Module) -> Repair | None:
        handler = missed.handler
        if missed.way_out != RAISES or not raises_what_it_caught(handler) or module.framework() == "anyio":
            return None
        function = module.function(handler)
        is_generator = function is not None and bool(module.yields(function))
        # A thread runs on when its waiter is cancelled, and may still use what the handler gives back.
        safe = not any(waits_for_thread(module, part) for part in own_statements(statement.body))
        # Whoever is given the exception would be cancelled by it, though nobody cancelled them.
        safe = safe and not hands_on_what_it_caught(handler, module)
        is_wide = module.names(handler.type) == (_EXCEPTION,)
        # What is said of an error of one kind is not true of a cancellation.
        safe = safe and (is_wide or not does_more_than_clean_up(handler, module.facts))
        # GeneratorExit comes into what is closed: a generator that is left early, a coroutine that is not awaited on.
        if not is_wide or is_generator or _waits(handler):
            return self.repair(handler, safe, words=("add",))
        return self.repair(handler, safe, words=("widen",)) if handler is statement.handlers[-1] else None

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        handler = cst.ensure_type(node, cst.ExceptHandler)
        if edit.words == ("widen",):
            return handler.with_changes(type=edit.name("BaseException"))
        added = cst.Element(edit.name(_CANCELLED))
        if isinstance(handler.type, cst.Tuple):
            *before, last = handler.type.elements
            spaced = last.with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
            return handler.with_changes(type=handler.type.with_changes(elements=[*before, spaced, added]))
        assert handler.type is not None
        return handler.with_changes(type=cst.Tuple([cst.Element(handler.type), added]))


def _is_certain_of_anyio(missed: Missed, module: Module) -> bool:
    """Tell whether a cancellation of anyio surely misses a cleanup that every error is to do."""
    place, _ = missed.path[-1]
    return is_wide(module, missed.handler) and not is_shielded(module, place)


def _is_process(missed: Missed, statement: ast.Try, module: Module) -> bool:
    """Tell whether the handler ends a process that runs on: the process is what is spoken of then."""
    function = module.function(statement)
    assert isinstance(function, ast.AsyncFunctionDef)
    running = {left.thing for left in left_running(module, function)}
    return not running.isdisjoint({missed.giving.thing, *missed.giving.given})


def _named(missed: Missed) -> str:
    assert missed.handler.type is not None
    return ast.unparse(missed.handler.type)


def _waits(handler: ast.ExceptHandler) -> bool:
    return any(
        isinstance(part, (ast.AsyncFor, ast.AsyncWith)) or survey(*header(part)).suspends
        for part in own_statements(handler.body)
    )
