"""A cancellation leaves a process running that the function has started and waits for.

Why:
    A subprocess knows nothing of the task that waits for it. When that is cancelled, or its ``wait_for()`` runs out,
    the wait ends and the process runs on, with its memory, its files and its pipes; nobody else has it, so nobody will
    end it, and asyncio itself does not.

Bad:
    import asyncio


    async def convert(source, target):
        process = await asyncio.create_subprocess_exec("ffmpeg", "-i", source, target)
        if await process.wait():
            raise RuntimeError("ffmpeg failed")

Good:
    import asyncio


    async def convert(source, target):
        process = await asyncio.create_subprocess_exec("ffmpeg", "-i", source, target)
        try:
            if await process.wait():
                raise RuntimeError("ffmpeg failed")
        except BaseException:
            if process.returncode is None:
                process.kill()
                await process.wait()
            raise

Fix:
    A clause that kills the process around the waiting, or below the clauses of the ``try`` that is there. It waits for
    the killed process where no pipe was asked for; with one that would be waiting for everybody who holds the pipe.
    Safe for ``create_subprocess_exec()``; unsafe for ``create_subprocess_shell()`` and for a process that leads a
    session or group of its own, or is prepared by a ``preexec_fn``: it dies, what it started may not. None where the
    waiting stands in several blocks.

Not found:
    A process that somebody else may end: it is stored, yielded, or given to a call that may keep it or end it; its
    ``kill`` is passed on, its ``pid`` too. One that some way through the function does not wait for, so that it may
    well be meant to run on, or whose wait is shielded. A program that ends at once: it is asked for its version or its
    help, or sends a signal to another one. Where an ``except Exception`` kills it, that is CNL403.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.certain import is_shielded
from flake8_cancel.code.cleanup.process_wrapping import wrapping
from flake8_cancel.code.cleanup.processes import Left, left_running
from flake8_cancel.code.patterns import ASYNC_BLOCK
from flake8_cancel.rule import Finding, Module, Repair, Rule

if TYPE_CHECKING:
    import libcst

    from flake8_cancel.fix.edit import Edit
    from flake8_cancel.rule import Replacement


class ProcessLeftRunning(Rule):
    code = "CNL405"
    needs = (("await", ASYNC_BLOCK),)
    file_needs = (("create_subprocess_exec", "create_subprocess_shell"),)
    visits = (ast.AsyncFunctionDef,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        assert isinstance(node, ast.AsyncFunctionDef)
        if module.framework() == "other":
            return
        for left in left_running(module, node):
            if is_shielded(module, left.place):
                continue
            what = "a cancellation" if left.is_cancelled else "a timeout"
            way_out = "kill it in an except BaseException"
            if left.made.is_shell:
                way_out += ", though what the shell started may run on"
            elif left.made.leads_group:
                way_out += ", though the others of its group may run on"
            message = f"{what} leaves this process running; {way_out}"
            path = (
                (left.statement, "started here"),
                (left.place, "cancelled here" if left.is_cancelled else "late here"),
            )
            yield self.finding(left.made.call, message, path, self._mend(left, module))

    def _mend(self, left: Left, module: Module) -> Repair | None:
        found = wrapping(module, left)
        if found is None:
            return None
        words = (left.name, "" if left.made.is_piped or found.is_inside else "wait")
        is_alone = not (left.made.is_shell or left.made.leads_group)
        return self.repair(found.owner, is_alone, found.tried, words)

    def fix(self, node: libcst.CSTNode, edit: Edit) -> Replacement:
        import libcst as cst

        from flake8_cancel.fix.shapes import clause_below, wrap_in_except

        name, waits = edit.words
        lines = f"    if {name}.returncode is None:\n        {name}.kill()\n"
        lines += f"        await {name}.wait()\n" if waits else ""
        template = f"try:\n    pass\nexcept {{error}}:\n{lines}    raise\n"
        made = cst.ensure_type(edit.statement(template, error=edit.name("BaseException")), cst.Try)
        if not edit.nodes:
            return clause_below(cst.ensure_type(node, cst.Try), made.handlers[0])
        first, last = edit.nodes
        return wrap_in_except(node, first, last, made.handlers[0])
