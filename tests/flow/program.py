"""A random program: its text, compiled, and which of its lines a trace must show."""

from __future__ import annotations

import ast
import dis
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from types import CodeType
from typing import Any, NamedTuple

COROUTINE, GENERATOR, MANAGER = "coroutine", "generator", "manager"
NAME = "program"

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_JUMPS = (ast.Return, ast.Break, ast.Continue)
_TRIES = (ast.Try, ast.TryStar) if hasattr(ast, "TryStar") else (ast.Try,)
# What tidies up after a block, and is reported under the line of any statement in it: see _tidying.
_TIDYING = frozenset(
    """
    CLEANUP_THROW COPY DUP_TOP JUMP_ABSOLUTE JUMP_BACKWARD JUMP_FORWARD NOP POP_BLOCK POP_EXCEPT POP_TOP PUSH_EXC_INFO
    RERAISE ROT_FOUR ROT_THREE ROT_TWO SWAP
    """.split()
)
_MISREPORTS = sys.version_info >= (3, 12)
# Where the headers of these are reported differs between versions of Python.
_SILENT = (*_TRIES, ast.With, ast.AsyncWith)


class Program(NamedTuple):
    """A program under test.

    Attributes:
        text: the whole module.
        kind: COROUTINE, GENERATOR or MANAGER.
        tree: the module's syntax tree.
        node: the function under test.
        function: the same function, callable.
        code: its code object.
        lines: the lines that every version of Python reports when it comes to them.
        before: for the line of a jump, the line of the statement before it in the same block. A jump through
            ``finally`` may be reported again after it, and is told by this from one that is really reached.
        tidying: the instructions of the code that begin no statement, whatever line they are reported under.
        groups: for the line of an ``async with TaskGroup()``, its label.
    """

    text: str
    kind: str
    tree: ast.Module
    node: ast.AsyncFunctionDef
    function: Callable[[], Any]
    code: CodeType
    lines: frozenset[int]
    before: Mapping[int, int]
    tidying: frozenset[int]
    groups: Mapping[int, int]


def load(text: str, kind: str) -> Program:
    """Compile a program and look through it.

    Args:
        text: a module that defines the function ``program``.
        kind: COROUTINE, GENERATOR or MANAGER.
    """
    tree = ast.parse(text)
    node = next(part for part in tree.body if isinstance(part, ast.AsyncFunctionDef) and part.name == NAME)
    space: dict[str, Any] = {"__name__": NAME}
    with warnings.catch_warnings():
        # From Python 3.14 on a return in a finally block is warned of.
        warnings.simplefilter("ignore", SyntaxWarning)
        exec(compile(text, f"<{NAME}>", "exec"), space)
    function = space[NAME]
    function = getattr(function, "__wrapped__", function)
    blocks = list(_blocks(node))
    return Program(
        text,
        kind,
        tree,
        node,
        function,
        function.__code__,
        frozenset(statement.lineno for block in blocks for statement in block if _is_reported(statement)),
        {
            jump.lineno: previous.lineno
            for block in blocks
            for previous, jump in pairwise(block)
            if isinstance(jump, _JUMPS)
        },
        frozenset(_tidying(function.__code__, node)),
        {
            statement.lineno: label_of(statement.body[0])
            for block in blocks
            for statement in block
            if isinstance(statement, ast.AsyncWith) and ast.unparse(statement.items[0]).startswith("asyncio.TaskGroup")
        },
    )


def is_misreported(program: Program) -> bool:
    """Tell whether Python misses a line of a program, as 3.12 and later do in very few.

    Where an ``async for`` ends, it compares the line that comes next with that of the instruction that happens to stand
    before the one that ends the loop, and reports nothing when they are the same.
    """
    if not _MISREPORTS:
        return False
    instructions = list(dis.get_instructions(program.code))
    lines = [getattr(getattr(instruction, "positions", None), "lineno", None) for instruction in instructions]
    return any(
        instructions[index].opname == "END_ASYNC_FOR"
        and lines[index - 1] == lines[index + 1]
        and lines[index + 1] in program.lines
        and instructions[index + 1].offset not in program.tidying
        for index in range(1, len(instructions) - 1)
    )


def label_of(node: ast.AST) -> int:
    """Return the label in a call: its first argument, however deep."""
    for part in ast.walk(node):
        match part:
            case ast.Call(args=[ast.Constant(value=int(label)), *_]):
                return label
    raise AssertionError(f"no label in {ast.unparse(node)}")


def _blocks(statement: ast.AST) -> Iterator[Sequence[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(statement, name, [])
        if block:
            yield block
        for part in block:
            if not isinstance(part, _FUNCTIONS):
                yield from _blocks(part)
    for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield from _blocks(part)


def _tidying(code: CodeType, function: ast.AsyncFunctionDef) -> Iterator[int]:
    """Yield the offsets of instructions that begin no statement, save a jump.

    Leaving a ``with`` or a ``finally`` takes instructions of no line of their own; they go by that of a statement near
    them. No statement of a program but a jump begins by loading None, as leaving a ``with`` normally does. The end of
    the function, which several ways may jump to, goes by the line of the last statement of one of them.
    """
    returns = {node.lineno for node in ast.walk(function) if isinstance(node, ast.Return)}
    for instruction in dis.get_instructions(code):
        if instruction.opname in _TIDYING or (instruction.opname == "LOAD_CONST" and instruction.argval is None):
            yield instruction.offset
        line = getattr(getattr(instruction, "positions", None), "lineno", None)
        if instruction.opname == "RETURN_CONST" and line not in returns:
            yield instruction.offset


def _is_reported(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.While) and isinstance(statement.test, ast.Constant):
        return False
    return not isinstance(statement, _SILENT)
