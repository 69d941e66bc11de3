"""What follows a wait in a cleanup block: whether a ``finally`` of its own can hold it, and whether that is safe."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.cut_short import Cut, following
from flake8_cancel.code.cleanup.framing import forgets, is_log_line, jumps, only_cleans_up
from flake8_cancel.code.cleanup.owed import owed
from flake8_cancel.code.cleanup.taking import ENTRY, Key, key, mentions, own_statements
from flake8_cancel.code.tree import verb_of, walk
from flake8_cancel.code.verbs import TAKES_OUT, ends_argument, words

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# The first words of calls by which what is given can be taken again by others.
_HANDS_BACK = frozenset({"append", "checkin", "give", "put", "putconn", "release", "return"})
# Methods of pools and threads that return when their threads have ended.
_JOINS = frozenset({"join", "shutdown"})
_REMOVES = TAKES_OUT | {"rmdir", "rmtree", "unlink"}


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


def may_block(cut: Cut, module: Module) -> bool:
    """Tell whether what is skipped may wait for threads, and all tasks with it, that the wait had not seen through.

    Args:
        cut: the wait and what it skips.
        module: the module.
    """
    return any(
        method.attr in _JOINS
        and not call.args
        and not isinstance(module.parent(call), ast.Await)
        and not any(keyword.arg == "wait" for keyword in call.keywords)
        for method, call in _methods(_rest(cut))
    )


def passes_on(cut: Cut, module: Module) -> bool:
    """Tell whether the wait is given what is taken out or removed behind it: sent or saved first, and else to stay.

    What the wait ends is another matter, and so is what asyncio itself waits for.

    Args:
        cut: the wait and what it skips.
        module: the module.
    """
    calls = [
        call
        for call in walk(cut.wait)
        if isinstance(call, ast.Call)
        and not (module.name(call.func) or "").startswith("asyncio.")
        and not ends_argument(verb_of(call), module.facts)
    ]
    given = [argument for call in calls for argument in (*call.args, *(keyword.value for keyword in call.keywords))]
    removed = [thing for node in own_statements(_rest(cut)) for thing in _removed(module, node)]
    written = [expression for argument in given for expression in (argument, module.value(argument))]
    return any(mentions(expression, thing) for expression in written for thing in removed)


def _removed(module: Module, statement: ast.stmt) -> Iterator[Key]:
    """Yield what a statement takes out of a collection, with that, or removes from the disk."""
    act = owed(module, statement)
    if act is None or not (act.form == ENTRY or act.verb in _REMOVES):
        return
    for thing in (act.thing, *act.given[:1]):
        if thing is not None and thing[0] in ("Attribute", "Name", "Subscript"):
            yield thing


def _methods(nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.Attribute, ast.Call]]:
    for node in (part for root in nodes for part in walk(root)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func, node


def _rest(cut: Cut) -> tuple[ast.stmt, ...]:
    behind = following(cut.block, cut.statement)
    return tuple(behind[: behind.index(cut.last) + 1])
