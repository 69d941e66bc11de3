"""Functions that a test runner calls: it runs one at a time to its end, and cancels none but to end the whole run."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from flake8_cancel.code.api import TEST_FRAMEWORKS
from flake8_cancel.code.graph import managers
from flake8_cancel.code.tree import verb_of, walk
from flake8_cancel.code.verbs import words

if TYPE_CHECKING:
    from flake8_cancel.code.module import Module

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# What unittest and its kind run before and after the tests of a class.
_SETUPS = frozenset({"asyncSetUp", "asyncTearDown", "setUp", "setUpAsync", "tearDown", "tearDownAsync"})
# How the names of classes begin that stand for others in tests.
_MOCKS = frozenset({"Dummy", "Fake", "Mock", "Stub"})
# What a test may cancel something with.
_CANCELLING = frozenset(
    "TaskGroup cancel create_task_group fail_after move_on_after timeout timeout_at wait_for".split()
)


def runs_in_test(module: Module, function: ast.AST, around: frozenset[ast.AST] = frozenset()) -> bool:
    """Tell whether nobody but a test runner runs a coroutine function: a test, a mock, or what only tests run.

    Args:
        module: the module.
        function: a function.
        around: the functions that are asked about already.
    """
    if not isinstance(function, ast.AsyncFunctionDef) or function in around:
        return False
    if is_test(module, function) or _is_left_alone(module, function) or _is_mock(module, function):
        return True
    uses = module.uses(function) if module.holds_tests or not TEST_FRAMEWORKS.isdisjoint(module.imported) else []
    around = around | {function}
    if module.holds_tests and not any(_may_be_started(module, use, around) for use in uses):
        return True
    return bool(uses) and all(_is_run_by_test(module, use) or _is_part_of_test(module, use, around) for use in uses)


def is_test(module: Module, function: ast.AST) -> bool:
    """Tell whether only a test runner calls a function: a test, a fixture, what goes before and after a test.

    A name alone shows no test, for a client may well have a ``test_connection()``: the file imports what tests are
    written with, the class is named for its tests, or a function without a class asserts something.

    Args:
        module: the module.
        function: a function.
    """
    if not isinstance(function, _FUNCTIONS):
        return False
    if any(is_fixture(module, maker) for maker in function.decorator_list):
        return True
    around = module.parent(function)
    owner = around if isinstance(around, ast.ClassDef) else None
    if function.name in _SETUPS:
        return owner is not None and _is_for_tests(owner)
    if not function.name.startswith("test") or not (owner or isinstance(around, ast.Module)):
        return False
    return _is_known(module, function, owner) and not module.uses(function)


def holds_tests(module: Module) -> bool:
    """Tell whether a file is there for its tests or fixtures: the helpers and fakes beside them are for them alone.

    Args:
        module: the module.
    """
    return any(
        any(_is_for_tests(node) and getattr(part, "name", "").startswith("test") for part in node.body)
        if isinstance(node, ast.ClassDef)
        else is_test(module, node)
        for node in module.tree.body
    )


def is_fixture(module: Module, decorator: ast.expr) -> bool:
    """Tell whether a decorator makes a fixture of a function: pytest's, or one of its plugins'."""
    maker = decorator.func if isinstance(decorator, ast.Call) else decorator
    return (module.name(maker) or "").rpartition(".")[2] == "fixture"


def is_run(module: Module, use: ast.expr) -> bool:
    """Tell whether a function is called for what runs a loop until it ends: ``asyncio.run`` or the like.

    What only hands it to a loop that runs in another thread does not end with it.
    """
    coroutine = module.parent(use)
    runner = module.parent(coroutine) if isinstance(coroutine, ast.Call) and coroutine.func is use else None
    if not isinstance(runner, ast.Call) or coroutine not in runner.args or module.in_coroutine(runner):
        return False
    found = words(verb_of(runner))
    return "run" in found and "threadsafe" not in found


def _is_known(module: Module, function: ast.AST, owner: ast.ClassDef | None) -> bool:
    if not TEST_FRAMEWORKS.isdisjoint(module.imported):
        return True
    if owner:
        return _is_for_tests(owner)
    return any(isinstance(node, ast.Assert) for node in walk(function))


def _is_for_tests(owner: ast.ClassDef) -> bool:
    names = (base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in owner.bases)
    return any("Test" in name for name in (owner.name, *names))


def _is_mock(module: Module, function: ast.AST) -> bool:
    """Tell whether a function belongs to a class that stands for another one in tests: its name says so."""
    owner = module.parent(function)
    is_named = isinstance(owner, ast.ClassDef) and not _MOCKS.isdisjoint(words(owner.name)[:1])
    return is_named and not TEST_FRAMEWORKS.isdisjoint(module.imported)


def _is_left_alone(module: Module, function: ast.AST) -> bool:
    """Tell whether a function stands in a test that cancels nothing: what it is made for alone may cancel it."""
    tests = (node for node in module.ancestors(function) if is_test(module, node))
    test = next(tests, None)
    return test is not None and not any(_last_name(node) in _CANCELLING for node in walk(test))


def _may_be_started(module: Module, use: ast.expr, around: frozenset[ast.AST]) -> bool:
    """Tell whether something may cancel a helper where it is used: it is not only awaited, or named to the runner."""
    if module.function(use) is None:
        return module.starts(use)
    return not _is_run_by_test(module, use) and not _is_part_of_test(module, use, around)


def _last_name(node: ast.AST) -> str | None:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)


def _is_run_by_test(module: Module, use: ast.expr) -> bool:
    return is_run(module, use) and any(is_test(module, node) for node in module.ancestors(use))


def _is_part_of_test(module: Module, use: ast.expr, around: frozenset[ast.AST]) -> bool:
    """Tell whether a function is called where a test awaits it at once, under no deadline that it could see."""
    call = module.parent(use)
    wait = module.parent(call) if isinstance(call, ast.Call) and call.func is use else None
    if isinstance(wait, ast.Call) and module.name(wait.func) == "asyncio.gather":
        wait = module.parent(wait)
    caller = module.function(use)
    if not isinstance(wait, ast.Await) or caller is None or not runs_in_test(module, caller, around):
        return False
    return not has_deadline(module, use)


def has_deadline(module: Module, node: ast.AST) -> bool:
    """Tell whether a node stands in a block that a timeout may cancel."""
    blocks = (around for around in module.ancestors(node) if isinstance(around, ast.AsyncWith))
    return any(managers.scope(module, item) == "timeout" for block in blocks for item in block.items)
