"""A cancellation skips the release of what the function has taken.

Why:
    Every ``await`` may raise CancelledError, also where nothing can fail: a timeout, a task group whose other task
    failed, a client that went away, Ctrl-C. A release further down is then never reached, and the connection, the
    entry in a dictionary, the counter is never given back. The same goes for what ``__aenter__`` took before it was
    cancelled, since nobody calls ``__aexit__`` then, and for a connection that is still to be handed on, or whatever
    else the function closes if it is cancelled at one step but not if it is at another. Where ``close()`` returns at
    once unless a flag is set, it closes nothing that ``connect()`` had opened when it was cancelled before it set it.

Bad:
    import asyncio


    async def fetch_all(client, urls):
        await client.connect()
        pages = await asyncio.gather(*map(client.fetch, urls))
        await client.disconnect()
        return pages

Good:
    import asyncio


    async def fetch_all(client, urls):
        await client.connect()
        try:
            pages = await asyncio.gather(*map(client.fetch, urls))
        finally:
            await client.disconnect()
        return pages

Fix:
    What stands between taking and giving back goes into a ``try``, the release into its ``finally``. Safe for pairs
    that belong together (``connect()`` and ``disconnect()`` of one receiver, ``n += 1`` and ``n -= 1``), else unsafe:
    an ordinary error releases now too, and a release that was meant for success alone would run. An entry of a
    collection may be meant to stay for another try when what it was made for fails: safe only for what nobody can use
    once the function has ended (a future, an event, a queue, the current task), for a mark that keeps others out, and
    where it is taken out after an error already. Unsafe for an entry too that somebody else cancels or takes out, for
    it may be gone, or another's, by then. None where the two do not stand in one block, or something between them
    returns, raises, jumps or binds what the release is given, and where the function has no release of its own, or
    uses what it takes out of a collection.

Not found:
    What somebody else may give back: the thing is returned, stored, captured by a nested function, passed to a call
    that is not awaited; a helper of this file ends it itself when it is cancelled; or some way through the function
    does not give it back, be it that of a cancellation that the function takes itself. A flag that does not keep others
    out of the function, or that another function resets; a flag that ``close()`` asks for and that is set in several
    places, or compared with a state, or where a task of its own opens what is to be closed. A stopwatch, and what a
    function of this file finds or makes and keeps in a table. What is taken and given back in the two branches of one
    ``if``. An entry of a collection that the function was given; one for which the file calls the function again; one
    of an object whose tasks alone put it in, and that cancels them where it ends. A counter that nobody reads. What
    ends by itself: an async generator, which the event loop closes when it is dropped, a parser, a part of what a
    ``with`` around holds. What an ``except`` clause that raises gives back belongs to CNL403, locks to CNL402, and what
    comes behind another ``await`` in a ``finally`` to CNL404. Tasks and processes have rules of their own. Tests,
    fixtures and what only tests of the file run: nobody cancels them but a deadline of their own. What stands beside
    tests in their file too. Connections and what lives in memory, where the function is only the root of a program
    (``asyncio.run()``, a command of click or typer) or awaited by it, or a method of what only it makes: they end with
    the process.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.committing import may_be_for_success
from flake8_cancel.code.cleanup.entrances import half_entered
from flake8_cancel.code.cleanup.entries import may_be_gone
from flake8_cancel.code.cleanup.frameworks import on_asyncio
from flake8_cancel.code.cleanup.framing import framed
from flake8_cancel.code.cleanup.openings import abandoned
from flake8_cancel.code.cleanup.releases import Skip, skipped_releases
from flake8_cancel.code.cleanup.taking import is_known_pair, shown, taken_out
from flake8_cancel.code.cleanup.unflagged import unflagged
from flake8_cancel.code.patterns import ASYNC_BLOCK
from flake8_cancel.code.traces import defines_opening, gives_back_its_own, opens_connection
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class ReleaseSkippedOnCancel(Rule):
    code = "CNL401"
    needs = (
        ("await", ASYNC_BLOCK),
        ("__aenter__", opens_connection, gives_back_its_own, defines_opening),
    )
    visits = (ast.AsyncFunctionDef,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.AsyncFunctionDef)
        return on_asyncio(module, self._found(node, module))

    def _found(self, node: ast.AsyncFunctionDef, module: Module) -> Iterator[Finding]:
        for skip in skipped_releases(module, node):
            is_for_success = may_be_for_success(module, node, skip)
            message = f"a cancellation skips {shown(skip.giving)}; {_way_out(module, skip, is_for_success)}"
            path = ((skip.taking.node, "taken here"), (skip.place, "cancelled here"))
            yield self.finding(skip.giving.node, message, path, self._mend(skip, module, is_for_success))
        for half in half_entered(module, node):
            message = f"a cancellation here skips {shown(half.giving)} of __aexit__; clean up and raise it again"
            yield self.finding(half.place, message, ((half.taking.node, "taken here"), (half.place, "cancelled here")))
        for lost in abandoned(module, node):
            message = f"a cancellation here leaves {lost.name} open; close it and raise again"
            yield self.finding(lost.place, message, ((lost.taking, "taken here"), (lost.place, "cancelled here")))
        for left in unflagged(module, node):
            why = f"for {left.closer}() asks for {left.flag}"
            message = f"a cancellation here leaves {left.name} open, {why}; close it and raise again"
            yield self.finding(left.place, message, ((left.taking.node, "taken here"), (left.place, "cancelled here")))

    def _mend(self, skip: Skip, module: Module, is_for_success: bool) -> Repair | None:
        if len(skip.releases) > 1 or any(taken_out(skip.giving.node)):
            return None
        frame = framed(module, skip.taking.node, skip.giving.node, skip.taking.thing)
        if frame is None:
            return None
        is_doubtful = is_for_success or may_be_gone(module, skip.giving, skip.taking)
        is_safe = is_known_pair(skip.giving, skip.taking) and not is_doubtful
        return self.repair(frame.owner, is_safe, (frame.first, frame.last, *frame.releases))

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        from flake8_cancel.fix.shapes import wrap_in_finally

        first, last, *releases = edit.nodes
        return wrap_in_finally(node, first, last, releases)


def _way_out(module: Module, skip: Skip, is_for_success: bool) -> str:
    if _is_in_finally(module, skip):
        return "begin its try where the thing is taken"
    return "put it in a finally" + (" unless it is for success alone" if is_for_success else "")


def _is_in_finally(module: Module, skip: Skip) -> bool:
    inside: ast.AST = skip.giving.node
    for parent in module.ancestors(inside):
        if isinstance(parent, ast.Try) and inside in parent.finalbody:
            return True
        inside = parent
    return False
