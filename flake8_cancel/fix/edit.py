"""What a rule's ``fix`` is given: its repair, the marked nodes, and what the file has: names, imports, style."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

import libcst as cst
from libcst import PartialParserConfig
from libcst.helpers import parse_template_expression, parse_template_statement

from flake8_cancel.finding import Repair
from flake8_cancel.fix import splice
from flake8_cancel.fix.constants import Constant
from flake8_cancel.fix.imports import Import
from flake8_cancel.fix.names import Names, Place

if TYPE_CHECKING:
    from flake8_cancel.fix.splice import Replacement

# Outside of every function and class.
_TOP = Place(0, 0)
_Node = TypeVar("_Node", bound=cst.CSTNode)


class NoFixError(Exception):
    """The fix cannot be made here; the message is the reason, in words for the user."""


class Edit:
    """One repair of one pass.

    Attributes:
        repair: what the finding says about it.
        nodes: the nodes of ``repair.marks``, in their order.
        imports: the imports that the fix asked for by now.
        constants: the constants of the module that it asked for.

    Args:
        repair: the repair of the finding.
        nodes: the nodes of its marks.
        names: what the names of the file mean.
        place: where the target begins.
        style: the module that is changed; its newline, indentation and quotes are the file's.
    """

    def __init__(
        self, repair: Repair, nodes: tuple[cst.CSTNode, ...], names: Names, place: Place, style: cst.Module
    ) -> None:
        self.repair = repair
        self.nodes = nodes
        self.imports: set[Import] = set()
        self.constants: set[Constant] = set()
        self._names = names
        self._place = place
        self._style = style

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the repair."""
        return self.repair.words

    @property
    def indent(self) -> str:
        """The indentation that the file uses; new blocks have it by themselves."""
        return self._style.default_indent

    @property
    def newline(self) -> str:
        """The line end that the file uses; new statements have it by themselves."""
        return self._style.default_newline

    def name(self, qualified: str) -> cst.Attribute | cst.Name:
        """Return how this file names a thing at the target; where nothing imports it, the import is asked for.

        Args:
            qualified: ``"asyncio.wait"``, or the bare name of a builtin.

        Raises:
            NoFixError: every name for it means something else here.
        """
        return self._name_at(self._place, qualified)

    def _name_at(self, place: Place, qualified: str) -> cst.Attribute | cst.Name:
        parts = qualified.split(".")
        if len(parts) == 1:
            if self._names.visible(qualified, place) is not None:
                raise NoFixError(f"the name {qualified} means something else here")
            return cst.Name(qualified)
        for length in range(len(parts), 0, -1):
            bound = self._names.bound_to(".".join(parts[:length]), place)
            if bound:
                return _dotted(bound, *parts[length:])
        module, name = ".".join(parts[:-1]), parts[-1]
        if self._names.can_import(parts[0], parts[0], place):
            self.imports.add(Import(module))
            return _dotted(*parts)
        if self._names.can_import(name, qualified, place):
            self.imports.add(Import(module, name))
            return cst.Name(name)
        raise NoFixError(f"the names {parts[0]} and {name} mean something else here")

    def fresh(self, word: str) -> str:
        """Return a name for a new local variable, not in use in the function or the module, and take it.

        Args:
            word: the name if it is free; else a number is added.
        """
        return self._names.fresh(word, self._place)

    def constant(self, word: str, value: str, annotation: str = "", **names: str) -> str:
        """Return the name of a constant of the module; where the module has none like it, it is asked for.

        All edits that ask for the same get the same.

        Args:
            word: its name, if that is free in the whole module; else a number is added.
            value: the expression of its value.
            annotation: its type, with ``{part}`` where a name goes.
            names: the qualified names of those parts.

        Raises:
            NoFixError: a name means something else at the top of the module, or a star import may bind it.
        """
        if self._names.has_star_import():
            raise NoFixError("a star import may bind any name")
        constant, is_there = self._names.constant(word, value)
        if not is_there:
            written = {part: _text(self._name_at(_TOP, name)) for part, name in names.items() if annotation}
            self.constants.add(constant._replace(annotation=annotation.format(**written)))
        return constant.name

    def statement(
        self, template: str, **parts: cst.BaseExpression | str
    ) -> cst.SimpleStatementLine | cst.BaseCompoundStatement:
        """Return a statement made from a template.

        Args:
            template: the code, with ``{part}`` where a part goes and four spaces for a level of indentation.
            parts: expressions, or names.
        """
        return parse_template_statement(template, PartialParserConfig(), **_as_nodes(parts))

    def expression(self, template: str, **parts: cst.BaseExpression | str) -> cst.BaseExpression:
        """Return an expression made from a template, see ``statement``."""
        return parse_template_expression(template, PartialParserConfig(), **_as_nodes(parts))

    def string(self, content: str) -> cst.SimpleString:
        """Return a string in the quotes that the file uses most."""
        code = self._style.code
        quote = "'" if code.count("'") > code.count('"') else '"'
        return cst.SimpleString(quote + content.replace("\\", "\\\\").replace(quote, "\\" + quote) + quote)

    def replace(self, node: _Node, replacements: Mapping[cst.CSTNode, Replacement]) -> _Node:
        """Return a node with nodes inside it replaced, all at once: the result has new nodes, the old are not in it.

        Args:
            node: the node around them.
            replacements: what goes where; a small statement may become several statements, or none.
        """
        return splice.spliced(node, replacements)


def _text(name: cst.Attribute | cst.Name) -> str:
    return cst.Module([]).code_for_node(name)


def _dotted(first: str, *rest: str) -> cst.Attribute | cst.Name:
    expression: cst.Attribute | cst.Name = cst.Name(first)
    for name in rest:
        expression = cst.Attribute(expression, cst.Name(name))
    return expression


def _as_nodes(parts: Mapping[str, cst.BaseExpression | str]) -> dict[str, cst.BaseExpression]:
    return {key: cst.Name(part) if isinstance(part, str) else part for key, part in parts.items()}
