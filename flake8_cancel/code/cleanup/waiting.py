"""What a cleanup block waits for: whether that surely takes time, and whether nobody can cut it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from flake8_cancel.code.cleanup.certain import is_shielded
from flake8_cancel.code.cleanup.taking import Act, Key, key
from flake8_cancel.code.meaning.values import Kind
from flake8_cancel.code.verbs import words

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

# Methods that have to wait for the other side, as a rule.
_WAITING = frozenset(
    """
    __aexit__ aclose close commit disconnect drain execute flush join logout quit rollback shutdown stop terminate
    unsubscribe wait wait_closed wait_for
    """.split()
)


def is_kept_off(module: Module, node: ast.AST) -> bool:
    """Tell whether a cancellation that comes in here leaves what is waited for alone, or is kept off.

    Args:
        module: the module.
        node: what waits.
    """
    if is_shielded(module, node):
        return True
    if not isinstance(node, ast.Await):
        return False
    call = node.value
    if isinstance(call, ast.Call) and module.name(call.func) == "asyncio.wait_for" and call.args:
        call = call.args[0]
    return module.kind(call) is Kind.SHIELD


def is_known_to_wait(module: Module, node: ast.AST, acts: Collection[Act]) -> bool:
    """Tell whether a wait is one of this file or of asyncio's, or one of another file that commonly waits.

    So does whatever else is asked of the thing that has to be given back behind it. Where a function of this file has
    one of another cancel something and wait for that, nobody knows what becomes of its own cancellation.

    Args:
        module: the module.
        node: what waits.
        acts: the cleanup behind it.
    """
    call = node.value if isinstance(node, ast.Await) else None
    if not isinstance(call, ast.Call) or (module.name(call.func) or "").startswith("asyncio."):
        return True
    helper = module.called(call)
    if helper is not None:
        return not _has_others_cancel(module, helper)
    if not isinstance(call.func, ast.Attribute) or any(map(_forbids_waiting, call.keywords)):
        return False
    is_known = module.kind(call.func.value) is not None or call.func.attr in _WAITING or "wait" in words(call.func.attr)
    return is_known or key(call.func.value) in _things(call.func.attr, acts)


def _things(method: str, acts: Collection[Act]) -> Iterator[Key | None]:
    """Yield what has to be given back behind a method: where that method does it too, what it is given."""
    for act in acts:
        yield from act.given
        if act.verb != method or not act.given:
            yield act.thing


def _has_others_cancel(module: Module, helper: ast.AST) -> bool:
    """Tell whether all that a function of this file waits for are functions of other files that cancel something."""
    waits = [node for node in module.awaits() if module.function(node) is helper]
    return bool(waits) and all(
        isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and "cancel" in words(node.value.func.id)
        and module.called(node.value) is None
        for node in waits
    )


def _forbids_waiting(keyword: ast.keyword) -> bool:
    """Tell whether a call is told not to wait: ``nowait=True``, ``wait=False``."""
    value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
    return (keyword.arg == "nowait" and value is True) or (keyword.arg in ("block", "wait") and value is False)
