"""Cleanup waits, and a cancellation that strikes there skips the cleanup that follows.

Why:
    A ``finally`` block and a handler for CancelledError can be cancelled like any other code: a timeout passes while
    the block closes a connection, Ctrl-C comes after the task group has already cancelled the task, or the first
    cancellation comes just when the work is done. The ``await`` in the cleanup raises then, or fails with an error of
    its own, and what stands behind it is never done: the second connection stays open, the process runs on, whoever
    waits for the event waits for ever. ``__aexit__``, and the ``close()`` that it awaits, are such blocks too,
    a ``_shutdown()`` that a ``finally`` of the file awaits, and what returns at once when it is called again, for a
    flag is set by then.

Bad:
    async def forward(source, target):
        try:
            await source.copy_to(target)
        finally:
            await source.close()
            await target.close()

Good:
    async def forward(source, target):
        try:
            await source.copy_to(target)
        finally:
            try:
                await source.close()
            finally:
                await target.close()

Fix:
    What waits goes into a ``try`` of its own, what follows into its ``finally``, up to the last cleanup. Safe where
    that only cleans up, writes a log or sets a constant; unsafe where other work stands between, and where what the
    wait may not have finished with goes to others, a connection back to its pool in the middle of a rollback, or may
    hold up the event loop, as the ``shutdown()`` of a pool of threads. Unsafe too where the wait is given what is taken
    out of a collection or removed behind it: it may be meant to stay until it is sent or saved. None where something
    jumps out, or what follows uses a name that is bound by the statement that waits.

Not found:
    The turns of a loop that follow (``for item in items: await item.close()``). A ``close()`` that can be called again,
    or whose flag is set when it is through. Cleanup of what lives in memory alone: local collections, attributes that
    are set to None. What the statement that waits makes itself, or what is made behind it, and what is only given back
    if its result says so. An iterator that is closed if it can be. A wait that only another file knows to be one: of
    methods of other things than the one that is given back next, only ``close()``, ``flush()`` and their like count,
    and what is named for its waiting; no function that another file has, and least of all one that cancels others,
    which may well keep the cancellation to itself. What is awaited under ``asyncio.shield`` or in a shielded scope.
    Where the CancelledError of a task that was cancelled here ends the cleanup, CNL505 speaks. What a ``try`` holds
    with the wait that forgives every Exception and ends something in its ``finally``. What an object that ends takes
    out of a collection of its own, for all that is there. Tests, fixtures, mocks and what stands beside them, which
    nobody cancels.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.blocks import LEAVING, cleanup_blocks, waits_behind
from flake8_cancel.code.cleanup.cut_short import Cut, cuts
from flake8_cancel.code.cleanup.frameworks import on_asyncio
from flake8_cancel.code.cleanup.nesting import (
    can_be_nested,
    hands_back_unfinished,
    is_cleanup_alone,
    may_block,
    passes_on,
)
from flake8_cancel.code.cleanup.taking import shown
from flake8_cancel.code.graph.catchers import BROAD_WORDS, NAMING_WORDS
from flake8_cancel.code.patterns import ASYNC_BLOCK
from flake8_cancel.code.traces import defines_ending, gives_back
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class CleanupCutShort(Rule):
    code = "CNL404"
    needs = (
        ("await", ASYNC_BLOCK),
        ("finally", "except", "__aexit__", defines_ending, LEAVING),
        (".set(", ".set_exception(", ".set_result(", "rmdir", gives_back),
    )
    file_needs = (("finally", "__aexit__", *NAMING_WORDS, *BROAD_WORDS, defines_ending),)
    visits = (ast.Try, ast.AsyncFunctionDef)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        return on_asyncio(module, self._found(node, module))

    def _found(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        # Most clauses do not wait, and what is asked after that takes a model of the file.
        if isinstance(node, ast.Try) and not (waits_behind(node) and module.in_coroutine(node)):
            return
        for block in cleanup_blocks(module, node):
            for cut in cuts(module, block):
                message = f"a cancellation here skips {shown(cut.skipped)}; put it in a finally of its own"
                yield self.finding(cut.wait, message, ((cut.wait, "cancelled here"),), self._mend(cut, module))

    def _mend(self, cut: Cut, module: Module) -> Repair | None:
        parts = (cut, *cut.further)
        owner = module.parent(parts[-1].statement)
        marks: list[ast.AST] = []
        for part in parts:
            nested = can_be_nested(part)
            if nested is None:
                return None
            marks.extend((part.statement, *nested))
        if owner is None or not hasattr(owner, "lineno"):
            return None
        safe = all(is_cleanup_alone(part, module) for part in parts)
        safe = safe and not any(hands_back_unfinished(part) or may_block(part, module) for part in parts)
        safe = safe and not any(passes_on(part, module) for part in parts)
        return self.repair(owner, safe, marks)

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        from flake8_cancel.fix.shapes import finished

        changed: Replacement | None = None
        for number in range(0, len(edit.nodes), 3):
            statement, first, last, *further = edit.nodes[number:]
            changed = finished(further[0] if further else node, statement, changed, first, last)
        assert changed is not None
        return changed
