"""What can be mended: which statements a ``try`` or ``with`` would hold, which handlers may take a cancellation too."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.api import HARMLESS_CALLS, Facts
from flake8_cancel.code.cleanup.taking import (
    METHOD,
    Key,
    gives_back,
    givings,
    key,
    own_statements,
    root_name,
    statements_of,
    takings,
)
from flake8_cancel.code.graph.evaluate import survey
from flake8_cancel.code.lost.keeping import is_log
from flake8_cancel.code.tree import children, names_of, walk
from flake8_cancel.code.verbs import ends

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_JUMPING_NOWHERE = (*_FUNCTIONS, ast.ClassDef, ast.expr, ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign)
_AROUND = (ast.If, ast.With, ast.AsyncWith, ast.Try)


class Framing(NamedTuple):
    """Statements of one block that are to be wrapped.

    Attributes:
        owner: the statement or handler around the block.
        first: the first statement to be tried.
        last: the last one.
        releases: the statements that follow in the ``finally``.
    """

    owner: ast.AST
    first: ast.stmt
    last: ast.stmt
    releases: tuple[ast.stmt, ...]


def framed(module: Module, taking: ast.stmt, release: ast.stmt, thing: Key | None) -> Framing | None:
    """Return what stands between taking and giving back, when it can be wrapped without changing anything else.

    They are statements of one block, and every normal path passes all from the one to the other: nothing between jumps
    out, and nothing binds the thing to something else.

    Args:
        module: the module.
        taking: what takes.
        release: what gives back.
        thing: what is taken.
    """
    block = block_of(module, taking)
    # A release alone in a ``with suppress(...)`` goes with it.
    last = next((node for node in (release, *module.ancestors(release)) if node in block), None)
    if not isinstance(last, ast.stmt) or (last is not release and _cleanup(last, module.facts) != [release]):
        return None
    between = block[block.index(taking) + 1 : block.index(last)]
    if not between or jumps(between) or _bind(between, thing):
        return None
    if _reads_what_is_bound(last, between):
        return None
    owner = module.parent(taking)
    return Framing(owner, between[0], between[-1], (last,)) if owner and hasattr(owner, "lineno") else None


def framed_teardown(module: Module, function: ast.AsyncFunctionDef, handed_over: ast.Yield) -> Framing | None:
    """Return what a ``try`` around a ``yield`` and a ``finally`` for the cleanup behind it would hold.

    Only for a single ``yield`` that stands in no loop, ``if`` or ``try``, and cleanup in one piece behind it, of what
    was there before the ``try``.

    Args:
        module: the module.
        function: the generator that is made a context manager.
        handed_over: the ``yield``.
    """
    own = list(statements_of(function))
    yields = [node for part in own for node in walk(part) if isinstance(node, (ast.Yield, ast.YieldFrom))]
    if set(yields) != {handed_over}:
        return None
    for block in _blocks_around(module, function, handed_over):
        at = next(number for number, node in enumerate(block) if handed_over in set(walk(node)))
        found = [number for number in range(at + 1, len(block)) if _cleanup(block[number], module.facts)]
        if not found:
            continue
        first, last = found[0], found[-1]
        if found != list(range(first, last + 1)) or jumps(block[at : last + 1]):
            return None
        tried, releases = block[at:first], block[first : last + 1]
        if any(_reads_what_is_bound(node, tried) for node in releases) or _takes(tried, releases, module.facts):
            return None
        owner = module.parent(block[at])
        return Framing(owner, tried[0], tried[-1], tuple(releases)) if owner else None
    return None


def _takes(tried: Sequence[ast.stmt], releases: Sequence[ast.stmt], facts: Facts) -> bool:
    """Tell whether some of the statements take what others give back; where they fail, there is nothing to give."""
    taken = [act for node in own_statements(tried) for act in takings(node)]
    given = [act for node in own_statements(releases) for act in givings(node)]
    return any(gives_back(giving, taking, facts) for giving in given for taking in taken)


def _reads_what_is_bound(release: ast.stmt, tried: Sequence[ast.stmt]) -> bool:
    """Tell whether a statement reads a variable that others bind, and that is not there where they fail."""
    read = {part.id for part in walk(release) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)}
    return any(
        isinstance(part, ast.Name) and part.id in read and not isinstance(part.ctx, ast.Load)
        for node in tried
        if not read.isdisjoint(names_of(node))
        for part in walk(node)
    )


def _cleanup(node: ast.stmt, facts: Facts) -> list[ast.stmt]:
    """Return what a statement that only cleans up does: itself, or what an ``if``, ``with`` or ``try`` holds."""
    parts = list(own_statements([node]))
    compound = [part for part in parts if hasattr(part, "body")]
    if not all(isinstance(part, _AROUND) and not survey(getattr(part, "test", None)).suspends for part in compound):
        return []
    done = [part for part in parts if part not in compound and not isinstance(part, ast.Pass) and not is_log_line(part)]
    return done if all(ends_something(part, facts) for part in done) else []


def only_cleans_up(node: ast.stmt, facts: Facts) -> bool:
    """Tell whether a statement, with those inside it, does nothing but end or give back something, and log."""
    return bool(_cleanup(node, facts))


def ends_something(node: ast.stmt, facts: Facts) -> bool:
    """Tell whether a simple statement ends something, or gives it back."""
    return any(act.form != METHOD or ends(act.verb, facts) for act in givings(node))


def raises_what_it_caught(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler does the same for whatever it takes, and lets just that out.

    It ends with a bare ``raise`` or one of the name it caught, raises nothing else, reads no attribute of the
    exception, and hands over to nobody in between.

    Args:
        handler: the clause.
    """
    for node in own_statements(handler.body):
        if isinstance(node, ast.Return) or (isinstance(node, ast.Raise) and not _raises_again(node, handler)):
            return False
        if any(isinstance(part, (ast.Yield, ast.YieldFrom)) for part in walk(node)):
            return False
        if any(isinstance(part, ast.Attribute) and _is_caught(part.value, handler) for part in walk(node)):
            return False
    return isinstance(handler.body[-1], ast.Raise)


def hands_on_what_it_caught(handler: ast.ExceptHandler, module: Module) -> bool:
    """Tell whether a handler keeps the exception itself or gives it to somebody, who may raise it elsewhere.

    Args:
        handler: the clause.
        module: its module.
    """
    for node in (part for statement in handler.body for part in walk(statement)):
        match node:
            case ast.Call() if not is_log(node) and module.name(node.func) not in HARMLESS_CALLS:
                held = [*node.args, *(keyword.value for keyword in node.keywords)]
            case ast.Assign(value=value):
                held = [value]
            case _:
                continue
        if any(_is_caught(each, handler) for each in held):
            return True
    return False


def does_more_than_clean_up(handler: ast.ExceptHandler, facts: Facts) -> bool:
    """Tell whether a handler logs, counts or tells somebody what it takes the exception for.

    Args:
        handler: the clause.
        facts: what ends something.
    """
    return any(
        not isinstance(part, (ast.Raise, ast.Pass, ast.Delete))
        and not forgets(part)
        and not ends_something(part, facts)
        # What a clause inside logs is how the cleanup fared.
        and (part in handler.body or not is_log_line(part))
        for part in own_statements(handler.body)
        if not hasattr(part, "body")
    )


def is_log_line(node: ast.stmt) -> bool:
    """Tell whether a statement only writes a log."""
    return isinstance(node, ast.Expr) and is_log(node.value)


def _blocks_around(module: Module, function: ast.AsyncFunctionDef, node: ast.AST) -> Iterator[list[ast.stmt]]:
    """Yield the blocks around a node, as long as only ``with`` statements stand between it and the function."""
    statement: ast.AST = node
    while statement is not function:
        parent = module.parent(statement)
        if isinstance(statement, ast.stmt):
            if not isinstance(parent, (ast.With, ast.AsyncWith)) and parent is not function:
                return
            yield block_of(module, statement)
        assert parent is not None
        statement = parent


def block_of(module: Module, statement: ast.stmt) -> list[ast.stmt]:
    """Return the block that a statement stands in."""
    parent = module.parent(statement)
    for field in ("body", "orelse", "finalbody", "handlers"):
        block = getattr(parent, field, None)
        if isinstance(block, list) and statement in block:
            return block
    return [statement]


def jumps(statements: Sequence[ast.AST], besides: ast.AST | None = None) -> bool:
    """Tell whether something in a block leaves it by a jump.

    Args:
        statements: the block.
        besides: a part of it that does not count.
    """
    waiting: list[tuple[ast.AST, bool]] = [(node, False) for node in statements]
    while waiting:
        node, in_loop = waiting.pop()
        if node is besides or isinstance(node, _JUMPING_NOWHERE):
            continue
        if isinstance(node, (ast.Return, ast.Raise)):
            return True
        if isinstance(node, (ast.Break, ast.Continue)) and not in_loop:
            return True
        in_loop = in_loop or isinstance(node, _LOOPS)
        waiting.extend((child, in_loop) for child in children(node))
    return False


def forgets(node: ast.stmt) -> bool:
    """Tell whether a statement sets something to a constant."""
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)


def _bind(statements: Sequence[ast.stmt], thing: Key | None) -> bool:
    name = root_name(thing)
    return any(
        isinstance(node, (ast.Name, ast.Attribute, ast.Subscript))
        and isinstance(node.ctx, (ast.Store, ast.Del))
        and key(node) == thing
        for statement in statements
        if not name or name in names_of(statement)
        for node in walk(statement)
    )


def _raises_again(node: ast.Raise, handler: ast.ExceptHandler) -> bool:
    return node.cause is None and (node.exc is None or _is_caught(node.exc, handler))


def _is_caught(node: ast.expr, handler: ast.ExceptHandler) -> bool:
    return handler.name is not None and isinstance(node, ast.Name) and node.id == handler.name


def waits_for_thread(module: Module, statement: ast.stmt) -> bool:
    """Tell whether a statement waits for a thread, which runs on when its waiter is cancelled.

    Args:
        module: the module.
        statement: the statement.
    """
    calls = (node.func for node in walk(statement) if isinstance(node, ast.Call))
    return any(
        module.name(func) == "asyncio.to_thread" or (isinstance(func, ast.Attribute) and func.attr == "run_in_executor")
        for func in calls
    )
