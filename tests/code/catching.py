"""Source texts with one handler that is asked about: the one on the line that ends with ``# here``."""

from __future__ import annotations

import ast
import textwrap

from flake8_cancel.code.graph.catchers import Catcher
from flake8_cancel.code.lost.losses import Loss
from flake8_cancel.code.module import Module
from tests.code.asking import module_of

IMPORTS = "import asyncio, contextlib, sys\nfrom asyncio import CancelledError\n"


def here(source: str) -> tuple[Module, Catcher]:
    """Return the model of a source and the handler, or item, on the line that says so."""
    text = IMPORTS + textwrap.dedent(source)
    module = module_of(text)
    (line,) = (number for number, content in enumerate(text.splitlines(), 1) if content.endswith("# here"))
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler) and node.lineno == line:
            return module, node
        if isinstance(node, (ast.With, ast.AsyncWith)) and node.lineno == line:
            return module, node.items[0]
    raise AssertionError("nothing is here")


def loss(source: str) -> Loss | None:
    module, catcher = here(source)
    return module.loss(catcher)


def handling(*body: str, before: str = "", after: str = "", clause: str = "except CancelledError as e:") -> str:
    """Return a function with a handler of some statements, each with two levels of indentation to spare."""
    lines = [f"async def f(x, y):\n    {before or 'pass'}\n    try:\n        await x()\n    {clause}  # here"]
    lines.extend(textwrap.indent(statement, "        ") for statement in body)
    return "\n".join([*lines, f"    {after}" if after else "", ""])
