"""The wrap repair: statements of one block go into ``try``/``finally`` or ``async with``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, cast

import libcst as cst
from libcst import matchers

from flake8_cancel.fix.edit import NoFixError
from flake8_cancel.fix.lines import Item, alone, block_in_place_of, block_of, comments, lines_of, parted, with_leading
from flake8_cancel.fix.shapes.blocks import block_with, one_by_one
from flake8_cancel.fix.shapes.managers import enclosed
from flake8_cancel.fix.splice import Replacement, spliced

_Node = TypeVar("_Node", bound=cst.CSTNode)


def wrap_in_finally(owner: _Node, first: cst.CSTNode, last: cst.CSTNode, releases: Sequence[cst.CSTNode]) -> _Node:
    """Return a compound statement in which some statements of one block are tried, and others follow in ``finally``.

    Args:
        owner: a statement around the block, as a rule the function.
        first: the first statement to go into the ``try``.
        last: the last one.
        releases: the statements that go into the ``finally``, in their order: between those, or directly behind.
            Behind one that waits the next stands in a ``finally`` again.

    Raises:
        NoFixError: they do not stand in one block in that order, or nothing would be tried.
    """
    block = block_with(owner, first)
    items, (begin, end, *given_back) = one_by_one(block, (first, last, *releases))
    stop = max([end, *given_back]) + 1
    tried = [items[number] for number in range(begin, stop) if number not in given_back]
    if min(given_back) < begin or any(number > end and number not in given_back for number in range(begin, stop)):
        raise NoFixError("other statements stand between")
    if not tried:
        raise NoFixError("nothing stands before the release")
    blank, own = _parted(tried[0])
    final = [items[number] for number in given_back]
    final[0] = final[0].with_changes(leading_lines=_parted(final[0])[1])
    wrapped = cst.Try(
        block_of([tried[0].with_changes(leading_lines=own), *tried[1:]]),
        finalbody=cst.Finally(block_of(_one_whatever_happens_to_another(final))),
        leading_lines=blank,
    )
    return _with_body(owner, block, [*items[:begin], wrapped, *items[stop:]])


def wrap_in_with(
    owner: _Node,
    acquire: cst.CSTNode,
    release: cst.CSTNode,
    manager: cst.BaseExpression,
    name: str = "",
    asynchronous: bool = True,
) -> _Node:
    """Return a compound statement in which a ``with`` takes the place of an acquisition and its release.

    Args:
        owner: a statement around the block, as a rule the function.
        acquire: the statement that acquires; it goes, its comments stay with the ``with``.
        release: the statement that releases; it goes, its comments stay at the end of the ``with`` block.
        manager: the context manager.
        name: what it is called ``as``, if anything.
        asynchronous: whether it is an ``async with``.

    Raises:
        NoFixError: they do not stand in one block in that order, or nothing stands between them.
    """
    block = block_with(owner, acquire)
    items, (begin, end) = one_by_one(block, (acquire, release))
    if end <= begin + 1:
        raise NoFixError("nothing stands between acquisition and release")
    acquired, released = cast(Any, items[begin]), cast(Any, items[end])
    wrapped = enclosed(cast(Any, items[begin + 1 : end]), manager, name, asynchronous)
    body = cst.ensure_type(wrapped.body, cst.IndentedBlock)
    ending = [*comments(released.leading_lines), *_trailing(released)]
    body = body.with_changes(header=_header(acquired), footer=[*body.footer, *ending])
    wrapped = wrapped.with_changes(body=body, leading_lines=acquired.leading_lines)
    return _with_body(owner, block, [*items[:begin], wrapped, *items[end + 1 :]])


def finished(
    owner: _Node, statement: cst.CSTNode, replacement: Replacement | None, first: cst.CSTNode, last: cst.CSTNode
) -> _Node:
    """Return a compound statement in which one statement is replaced, and what follows it stands in ``finally``.

    Args:
        owner: a statement around the block.
        statement: the statement.
        replacement: what takes its place, None for itself; a ``try`` is not put into another, but gets the ``finally``.
        first: the first of the statements directly behind it that go into the ``finally``.
        last: the last one.

    Raises:
        NoFixError: they do not stand in one block.
    """
    block = block_with(owner, statement)
    items, (place, begin, end) = one_by_one(block, (statement, first, last))
    tried = (
        list(replacement) if isinstance(replacement, cst.FlattenSentinel) else [cast(Any, replacement or items[place])]
    )
    tried = with_leading(tried, cast(Any, items[place]).leading_lines)
    final = [cast(Any, items[begin]).with_changes(leading_lines=_parted(items[begin])[1]), *items[begin + 1 : end + 1]]
    only = tried[0]
    if len(tried) == 1 and isinstance(only, cst.Try):
        wrapped = _finished_by(only, final)
    else:
        blank, above = _parted(tried[0])
        tried = [cast(Any, tried[0]).with_changes(leading_lines=above), *tried[1:]]
        final = _one_whatever_happens_to_another(final)
        wrapped = cst.Try(block_of(tried), finalbody=cst.Finally(block_of(final)), leading_lines=blank)
    return _with_body(owner, block, [*items[:place], wrapped, *items[end + 1 :]])


def wrap_in_except(owner: _Node, first: cst.CSTNode, last: cst.CSTNode, handler: cst.ExceptHandler) -> _Node:
    """Return a compound statement in which some statements of one block are tried, with one clause.

    Args:
        owner: a statement around the block.
        first: the first statement to go into the ``try``.
        last: the last one.
        handler: the clause.

    Raises:
        NoFixError: they do not stand in one block.
    """
    block = block_with(owner, first)
    items, (begin, end) = one_by_one(block, (first, last))
    blank, own = _parted(items[begin])
    tried = [cast(Any, items[begin]).with_changes(leading_lines=own), *items[begin + 1 : end + 1]]
    wrapped = cst.Try(block_of(tried), handlers=[handler], leading_lines=blank)
    return _with_body(owner, block, [*items[:begin], wrapped, *items[end + 1 :]])


def _one_whatever_happens_to_another(releases: Sequence[Item]) -> list[Item]:
    """Return releases so that one that waits, and may be cut there, keeps none behind it from being done."""
    done: list[Item] = []
    for number, release in enumerate(releases):
        done.append(release)
        rest = [cast(Any, each) for each in releases[number + 1 :]]
        if rest and matchers.findall(release, matchers.Await() | matchers.Asynchronous()):
            # The blank lines above it parted it from what it stands below no more.
            rest[0] = rest[0].with_changes(leading_lines=_parted(rest[0])[1])
            if isinstance(release, cst.Try):
                return [*done[:-1], _finished_by(release, rest)]
            final = cst.Finally(block_of(_one_whatever_happens_to_another(rest)))
            blank, own = _parted(release)
            waiting = block_of([cast(Any, release).with_changes(leading_lines=own)])
            return [*done[:-1], cst.Try(waiting, finalbody=final, leading_lines=blank)]
    return done


def _finished_by(statement: cst.Try, releases: Sequence[Item]) -> cst.Try:
    """Return a ``try`` that does something more at its end, behind what its own ``finally`` does."""
    final = statement.finalbody
    if final is None:
        return statement.with_changes(finalbody=cst.Finally(block_of(_one_whatever_happens_to_another(releases))))
    done = _one_whatever_happens_to_another([*lines_of(final.body, opening=False), *releases])
    return statement.with_changes(finalbody=final.with_changes(body=block_in_place_of(final.body, done)))


def _with_body(owner: _Node, block: cst.BaseSuite, items: Sequence[Item]) -> _Node:
    if isinstance(block, cst.IndentedBlock):
        return spliced(owner, {block: block.with_changes(body=items)})
    return spliced(owner, {block: block_of(items)})


def _parted(item: Item) -> tuple[Sequence[cst.EmptyLine], Sequence[cst.EmptyLine]]:
    return parted(cast(Any, item).leading_lines)


def _header(line: Item) -> cst.TrailingWhitespace:
    return line.trailing_whitespace if isinstance(line, cst.SimpleStatementLine) else cst.TrailingWhitespace()


def _trailing(line: Item) -> list[cst.EmptyLine]:
    return alone(_header(line))
