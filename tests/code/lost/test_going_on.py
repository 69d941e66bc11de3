"""Which statements of a function go on with its work."""

from __future__ import annotations

import ast

import pytest

from flake8_cancel.code.graph.points import State
from flake8_cancel.code.lost.going_on import returns_value, within, works
from tests.code.asking import function, module_of

TEXT = """
async def f(x):
    global y
    try:
        print(1)
        x.work()
        await x
    finally:
        x.end()
        x.rest()
    async with x:
        pass
    for each in x:
        break
    "text"
    if x:
        return None
    return x
"""


def lines(inside: ast.AST | None = None) -> list[int]:
    module = module_of(TEXT)
    flow = module.flow(function(module, "f"))
    assert flow is not None
    found = inside and next(node for node in ast.walk(module.tree) if ast.dump(node) == ast.dump(inside))
    states: list[State] = [state for state in flow.every_state() if works(state, found)]
    return sorted({state.point.line for state in states})


def test_what_does_something_outside_of_a_finally_goes_on() -> None:
    assert lines() == [6, 7, 11, 13, 16, 18]


def test_the_rest_of_a_finally_goes_on_behind_what_stands_in_it() -> None:
    assert lines(ast.parse("x.end()", mode="eval").body) == [6, 7, 9, 10, 11, 13, 16, 18]


@pytest.mark.parametrize(("statement", "value"), [("return", False), ("return None", False), ("return 0", True)])
def test_a_value_is_returned(statement: str, value: bool) -> None:
    (found,) = (node for node in ast.walk(ast.parse(f"def f(): {statement}")) if isinstance(node, ast.Return))
    assert returns_value(found) == value


def test_a_node_within_a_block() -> None:
    module = module_of(TEXT)
    body = function(module, "f").body
    assert within(body[1], body[1:])
    assert not within(body[0], body[1:])
    assert not within(body[2], body[1:2])


def test_the_decorators_of_a_definition_are_part_of_its_block() -> None:
    (decorated,) = ast.parse("@route(await x)\ndef f(): pass").body
    assert isinstance(decorated, ast.FunctionDef)
    assert within(decorated.decorator_list[0], [decorated])
