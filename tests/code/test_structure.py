"""Parents, functions and classes around a node."""

from __future__ import annotations

import ast

from tests.code.asking import asked, function

SOURCE = """
def decorate(value):
    return value

class Worker:
    field = ask(1)

    @decorate(ask(2))
    async def run(self, size=ask(3)):
        ask(4)
        [ask(5) for each in ask(6)]
        call = lambda: ask(7)

        def nested():
            ask(8)

ask(9)
"""


def _names_around(question: str) -> list[str | None]:
    module, expressions = asked(SOURCE)
    return [getattr(getattr(module, question)(one), "name", None) for one in expressions]


def test_decorators_and_defaults_are_the_outer_functions() -> None:
    assert _names_around("function") == [None, None, None, "run", "run", "run", None, "nested", None]


def test_a_lambda_is_a_function() -> None:
    module, expressions = asked(SOURCE)
    assert isinstance(module.function(expressions[6]), ast.Lambda)


def test_only_the_body_of_an_async_def_is_coroutine_code() -> None:
    module, expressions = asked(SOURCE)
    assert [module.in_coroutine(one) for one in expressions] == [False] * 3 + [True] * 3 + [False] * 3


def test_nested_functions_count_as_the_method() -> None:
    assert _names_around("class_around") == ["Worker"] * 8 + [None]


def test_ancestors_run_from_the_inside_out_to_the_module() -> None:
    module, expressions = asked(SOURCE)
    around = list(module.ancestors(expressions[7]))
    assert [type(node) for node in around[-4:]] == [ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module]
    assert module.parent(expressions[7]) is around[0]
    assert module.parent(module.tree) is None


def test_nothing_is_written_to_the_tree() -> None:
    module, expressions = asked(SOURCE)
    before = [dict(vars(node)) for node in ast.walk(module.tree)]
    for one in expressions:
        module.name(one)
        module.kind(one)
        module.awaited(one)
    module.started_only_as_task(function(module, "run"))
    assert [dict(vars(node)) for node in ast.walk(module.tree)] == before
