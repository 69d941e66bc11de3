"""What functions and classes of the file an expression refers to."""

from __future__ import annotations

import ast

import pytest

from tests.code.asking import asked

PRELUDE = """
import functools
from typing import overload
from elsewhere import Foreign

def free(): ...

class Base:
    def inherited(self): ...
    def overridden(self): ...

class Worker(Base):
    def own(self): ...
    def replaced(self): ...
    @property
    def size(self): ...
    def overridden(self): ...
    @overload
    def many(self, a: int): ...
    @overload
    def many(self, a: str): ...
    def many(self, a): ...
    @staticmethod
    def still(self):
        ask(self.own)  # 0
    @classmethod
    def make(cls):
        ask(cls.own)  # 1
    def run(this, other):
        this.replaced = free
        ask(this.own)  # 2
        ask(this.inherited)  # 3
        ask(this.replaced)  # 4
        ask(this.size)  # 5
        ask(this.many)  # 6
        ask(super().overridden)  # 7
        ask(other.own)  # 8
        def nested():
            ask(this.own)  # 9

class Derived(Worker):
    def own_of_derived(self): ...
    def inherited(self): ...

class Unknown(Foreign, Base):
    def run(self):
        ask(self.inherited)  # 10

alias = free
part = functools.partial(free, 1)
if alias:
    def either(): ...
else:
    def either(): ...
ask(free)  # 11
ask(alias)  # 12
ask(part)  # 13
ask(either)  # 14
ask(Worker.own)  # 15
ask(Worker)  # 16
ask(Foreign)  # 17
"""


@pytest.mark.parametrize(
    ("question", "line"),
    [
        (0, None),
        (1, "    def own(self): ..."),
        (2, "    def own(self): ..."),
        (3, None),  # a class of this file overrides it
        (4, None),
        (5, None),
        (6, "    def many(self, a): ..."),
        (7, "    def overridden(self): ..."),
        (8, None),
        (9, "    def own(self): ..."),
        (10, None),
        (11, "def free(): ..."),
        (12, "def free(): ..."),
        (13, "def free(): ..."),
        (14, None),
        (15, "    def own(self): ..."),
        (16, "class Worker(Base):"),
        (17, None),
    ],
)
def test_only_what_is_certain_has_a_definition(question: int, line: str | None) -> None:
    module, expressions = asked(PRELUDE)
    definition = module.definition(expressions[question])
    assert _line(definition) == line


def test_super_finds_the_method_of_the_base() -> None:
    module, expressions = asked(PRELUDE)
    definition = module.definition(expressions[7])
    assert definition is not None
    around = module.class_around(definition)
    assert around is not None
    assert around.name == "Base"


def _line(definition: ast.AST | None) -> str | None:
    if definition is None:
        return None
    return PRELUDE.splitlines()[definition.lineno - 1]  # type: ignore[attr-defined]
