"""How the runs name what the graph knows: the labels of its points, and what a function raises."""

from __future__ import annotations

import ast
import importlib

from flake8_cancel.code.graph import points
from flake8_cancel.code.graph.errors import Error
from flake8_cancel.code.graph.points import State
from tests.flow.events import class_name
from tests.flow.program import NAME, Program, label_of


def label_at(program: Program, state: State) -> int:
    """Return the label of a suspension point or a yield; that of an exit is negative."""
    node = state.point.node
    if isinstance(node, ast.Yield):
        assert isinstance(node.value, ast.Constant)
        assert isinstance(node.value.value, int)
        return node.value.value
    if isinstance(node, ast.withitem):
        label = program.groups.get(state.point.line) or label_of(node.context_expr)
        return -label if state.point.kind == points.ASYNC_EXIT else label
    return label_of(node.iter if isinstance(node, ast.AsyncFor) else node)


def timeout_labels(state: State) -> list[int]:
    """Return the labels of the timeouts around a state, from the inside out."""
    labels: list[int] = []
    frame: points.Frame | None = state.point.frame
    while frame is not None:
        if frame.kind == "with" and isinstance(frame.node, ast.withitem):
            maker = ast.unparse(frame.node.context_expr)
            labels += [label_of(frame.node.context_expr)] if maker.startswith("asyncio.timeout(") else []
        frame = frame.parent
    return labels


def end_name(state: State) -> str:
    """Return what a function raises at its end, named as the runs name it, or ""."""
    error = state.pending[-1].error
    return _error_name(error) if error else ""


def _error_name(error: Error) -> str:
    name = _class_name(error.name)
    return f"{name}[{', '.join(sorted(map(_class_name, error.members)))}]" if error.members else name


def _class_name(name: str) -> str:
    if name.startswith("."):
        return NAME + name
    module, _, kind = name.rpartition(".")
    return class_name(getattr(importlib.import_module(module), kind)) if module else name
