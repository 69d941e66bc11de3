"""What follows a wait in a cleanup block: whether a ``finally`` of its own can hold it, and whether that is safe."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.cut_short import Cut, following
from flake8_cancel.code.cleanup.framing import forgets, is_log_line, jumps, only_cleans_up
from flake8_cancel.code.cleanup.owed import owed
from flake8_cancel.code.cleanup.taking import key, mentions
from flake8_cancel.code.tree import walk
from flake8_cancel.code.verbs import words

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# The first words of calls by which what is given can be taken again by others.
_HANDS_BACK = frozenset({"append", "checkin", "give", "put", "putconn", "release", "return"})


def can_be_nested(cut: Cut) -> tuple[ast.stmt, ast.stmt] | None:
    """Return the first and last statement behind a wait that a ``finally`` can hold, None where they cannot.

    Args:
        cut: the wait and what it skips.
    """
    rest = _rest(cut)
    if cut.statement not in cut.block or jumps([cut.statement, *rest]):
        return None
    written = {
        node.id for node in walk(cut.statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    if any(isinstance(node, ast.Name) and node.id in written for part in rest for node in walk(part)):
        return None
    return rest[0], rest[-1]


def is_cleanup_alone(cut: Cut, module: Module) -> bool:
    """Tell whether all that follows a wait up to the last cleanup only cleans up, writes a log or forgets something.

    Args:
        cut: the wait and what it skips.
        module: the module.
    """
    return all(
        only_cleans_up(node, module.facts) or is_log_line(node) or forgets(node) or owed(module, node) is not None
        for node in _rest(cut)
    )


def hands_back_unfinished(cut: Cut) -> bool:
    """Tell whether others get what the wait may not have finished with: a connection goes back in a transaction.

    Args:
        cut: the wait and what it skips.
    """
    waited = [method.value for method, _ in _methods([cut.wait])]
    given_back = [
        given
        for method, call in _methods(_rest(cut))
        if not _HANDS_BACK.isdisjoint(words(method.attr)[:1])
        for given in call.args
    ]
    return any(mentions(receiver, key(given)) for receiver in waited for given in given_back)


def _methods(nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.Attribute, ast.Call]]:
    for node in (part for root in nodes for part in walk(root)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func, node


def _rest(cut: Cut) -> tuple[ast.stmt, ...]:
    behind = following(cut.block, cut.statement)
    return tuple(behind[: behind.index(cut.last) + 1])
