"""Small programs as text, and what the graph says of a cancellation at their await of ``x``."""

from __future__ import annotations

import ast
import textwrap

from flake8_cancel.code.api import Facts
from flake8_cancel.code.graph.flow import Flow
from flake8_cancel.code.module import Module

CANCELLED = "asyncio.CancelledError"
HEADER = "import asyncio, contextlib, os, sys, pytest\nfrom unknown import manager, Unknown, f, cond, x\n"


def flow_of(source: str, name: str = "program") -> Flow:
    tree = ast.parse(HEADER + textwrap.dedent(source))
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    flow = Module(tree, Facts()).flow(next(node for node in functions if node.name == name))
    assert flow is not None
    return flow


def outcomes(body: str, header: str = "") -> set[str]:
    """Cancel at the await of ``x`` and return how the function may end: an error's class, or "returns"."""
    flow = flow_of(
        textwrap.dedent(header) + "\nasync def program():\n" + textwrap.indent(textwrap.dedent(body), "    ")
    )
    here = flow.suspensions(lambda point: ast.unparse(point.node).endswith("await x"))
    assert here, "nothing is cancelled"
    ends = flow.ends([state for _, state in flow.cancelled(here)])
    return {end.error.name if end.error else "returns" for end in ends}


def reaches(body: str, text: str) -> bool:
    """Tell whether a statement can be reached on sure edges from a cancellation at the await of ``x``."""
    flow = flow_of("async def program():\n" + textwrap.indent(textwrap.dedent(body), "    "))
    here = flow.suspensions(lambda point: ast.unparse(point.node).endswith("await x"))
    starts = [state for _, state in flow.cancelled(here)]
    return flow.walk(starts, lambda state: ast.unparse(state.point.node) == text) is not None
