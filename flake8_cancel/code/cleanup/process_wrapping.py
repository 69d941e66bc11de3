"""Where a clause goes that ends a process: around the waiting for it, or below the clauses that are there."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from flake8_cancel.code.cleanup.processes import Left
from flake8_cancel.code.cleanup.taking import own_statements
from flake8_cancel.code.graph.evaluate import header, survey
from flake8_cancel.code.tree import named, walk

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_BLOCKS = ("body", "orelse", "finalbody")


class Wrapping(NamedTuple):
    """What is to be put around the waiting.

    Attributes:
        owner: a statement around the block; the ``try`` itself where it only gets one more clause.
        tried: the first and the last statement to be tried, none where there is a ``try`` already.
        is_inside: whether clauses that are there now come behind the new one.
    """

    owner: ast.AST
    tried: tuple[ast.stmt, ...] = ()
    is_inside: bool = False


def wrapping(module: Module, left: Left) -> Wrapping | None:
    """Return how the waiting for a process can get a clause that ends it, None where it stands in several blocks.

    Args:
        module: the module.
        left: the process.
    """
    block, index = _block(module, left.statement)
    statement: ast.AST = left.statement
    while not any(set(left.waits) & set(own_statements([node])) for node in block[index + 1 :]):
        statement = module.parent(statement) or statement
        if not isinstance(statement, (ast.Try, ast.With, ast.AsyncWith)):
            return None
        block, index = _block(module, statement)
    behind = block[index + 1 :]
    holding = [number for number, node in enumerate(behind) if set(left.waits) & set(own_statements([node]))]
    waits = {wait for number in holding for wait in set(left.waits) & set(own_statements([behind[number]]))}
    if waits != set(left.waits):
        return None
    first = next(number for number, node in enumerate(behind) if number >= holding[0] or _suspends(node))
    tried = behind[first : holding[-1] + 1]
    if any(_binds(node, left.name) for node in tried):
        return None
    only = tried[0]
    if len(tried) == 1 and isinstance(only, ast.Try) and only.handlers:
        if left.is_late:
            return Wrapping(only, (only.body[0], only.body[-1]), is_inside=True)
        if left.place in {node for part in only.body for node in walk(part)}:
            return Wrapping(only)
    owner = module.parent(only)
    return Wrapping(owner, (only, tried[-1])) if owner else None


def _block(module: Module, statement: ast.AST) -> tuple[list[ast.stmt], int]:
    parent = module.parent(statement)
    blocks = (getattr(parent, field, None) for field in _BLOCKS)
    found = next((block for block in blocks if isinstance(block, list) and statement in block), [])
    return found, found.index(statement) if found else 0


def _suspends(statement: ast.stmt) -> bool:
    nodes = own_statements([statement])
    return any(isinstance(node, (ast.AsyncFor, ast.AsyncWith)) or survey(*header(node)).suspends for node in nodes)


def _binds(statement: ast.stmt, name: str) -> bool:
    return any(not isinstance(node.ctx, ast.Load) for node in named(statement, name))
