"""Which states of a function have nothing to do with one task: most of a long function, and asked for each task."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable

from flake8_cancel.code.graph.flow import Flow
from flake8_cancel.code.graph.points import STEP, SUSPEND, State
from flake8_cancel.code.tree import names_of

_Thing = str | ast.AST


def passed_by(flow: Flow, things: Iterable[_Thing]) -> set[State]:
    """Return the states with one way to go where none of some names stands, and that are none of some nodes.

    Args:
        flow: the graph of the function.
        things: the names and nodes.
    """
    plain, about = _states(flow)
    return plain.difference(*(about.get(thing, ()) for thing in things))


@functools.lru_cache(maxsize=8)
def _states(flow: Flow) -> tuple[set[State], dict[_Thing, set[State]]]:
    """Return the states with one way to go, and which of them are about a node or a name."""
    plain: set[State] = set()
    about: dict[_Thing, set[State]] = {}
    for state in flow.every_state():
        point = state.point
        if point.kind not in (STEP, SUSPEND) or isinstance(point.node, ast.If) or len(point.targets) == 2:
            continue
        plain.add(state)
        things: tuple[_Thing, ...] = (point.node, *names_of(point.node))
        for thing in things:
            about.setdefault(thing, set()).add(state)
    return plain, about
