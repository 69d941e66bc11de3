"""What the calls of this file give for a parameter, or for a field of a record."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from flake8_cancel.code.meaning.kinds import Kinds

_Def = ast.FunctionDef | ast.AsyncFunctionDef

# Functions that call the function among their arguments with the arguments after it.
_PASSING_ON = frozenset(
    {"call_at", "call_later", "call_soon", "call_soon_threadsafe", "partial", "run_in_executor", "to_thread"}
)
_RECORD_MAKERS = frozenset({"attr.define", "attr.s", "attrs.define", "attrs.frozen", "dataclasses.dataclass"})
_RECORD_BASES = frozenset({"typing.NamedTuple", "typing_extensions.NamedTuple"})


class _Given(NamedTuple):
    """The arguments of one call."""

    positional: Sequence[ast.expr]
    keywords: Sequence[ast.keyword]


class Arguments:
    """Answers what is given for parameters and fields.

    Args:
        kinds: the kinds of the module.
    """

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds
        self._calls: dict[ast.AST, list[_Given]] = {}

    def given(self, parameter: ast.arg, by: ast.Call | None = None) -> Iterator[ast.expr]:
        """Yield the arguments that the calls of this file give for a parameter.

        Args:
            parameter: a parameter of a ``def``; nothing is known of those of a lambda.
            by: the one call to look at; all of them when left out.
        """
        arguments = self._kinds.survey.parents[parameter]
        function = self._kinds.survey.parents[arguments]
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return
        positional = [*function.args.posonlyargs, *function.args.args]
        position = positional.index(parameter) if parameter in positional else None
        if position is not None and self._kinds.definitions.is_method(function):
            position -= 1
        for call in [_Given(by.args, by.keywords)] if by else self._of(function, function.name):
            yield from _picked(call, position, parameter.arg)

    def of_field(self, owner: ast.ClassDef, field: str) -> Iterator[ast.expr]:
        """Yield what the calls of a class without a constructor of its own give for a field that it declares.

        Args:
            owner: a class of this file.
            field: an attribute.
        """
        family = (owner, *self._kinds.definitions.local_bases(owner))
        fields = [
            statement.target.id
            for one in reversed(family)
            for statement in one.body
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
        ]
        if field not in fields or self._kinds.definitions.member(owner, "__init__"):
            return
        position = fields.index(field) if any(map(self._is_record, family)) else None
        for one in (owner, *self._kinds.definitions.derived(owner)):
            for call in self._of(one, one.name):
                yield from _picked(call, position, field)

    def _is_record(self, owner: ast.ClassDef) -> bool:
        makers = [one.func if isinstance(one, ast.Call) else one for one in owner.decorator_list]
        names = self._kinds.names
        return any(names.name(one) in _RECORD_MAKERS for one in makers) or any(
            names.name(one) in _RECORD_BASES for one in owner.bases
        )

    def _of(self, definition: _Def | ast.ClassDef, word: str) -> list[_Given]:
        """Return what the calls of a function or class give, those included that somebody else makes later."""
        if definition not in self._calls:
            self._calls[definition] = list(self._find(definition, word))
        return self._calls[definition]

    def _find(self, definition: _Def | ast.ClassDef, word: str) -> Iterator[_Given]:
        survey = self._kinds.survey
        owner = survey.scopes[definition].node
        if word == "__init__" and isinstance(owner, ast.ClassDef):
            for one in (owner, *self._kinds.definitions.derived(owner)):
                if self._kinds.definitions.member(one, word) is definition:
                    yield from self._of(one, one.name)
        for use in (*survey.names.get(word, ()), *survey.attributes.get(word, ())):
            function: ast.AST = use
            parent = survey.parents[use]
            if isinstance(parent, ast.Subscript) and isinstance(definition, ast.ClassDef):
                function, parent = parent, survey.parents[parent]
            if not isinstance(parent, ast.Call):
                continue
            passes_on = use in parent.args and _word(parent.func) in _PASSING_ON
            if parent.func is function and self._kinds.called(parent) is definition:
                yield _Given(parent.args, parent.keywords)
            elif passes_on and self._kinds.definitions.definition(use) is definition:
                yield _Given(parent.args[parent.args.index(use) + 1 :], parent.keywords)


def _picked(call: _Given, position: int | None, word: str) -> Iterator[ast.expr]:
    before = call.positional[: position + 1] if position is not None and position >= 0 else []
    if before and len(before) - 1 == position and not any(isinstance(one, ast.Starred) for one in before):
        yield before[-1]
    yield from (keyword.value for keyword in call.keywords if keyword.arg == word)


def _word(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
