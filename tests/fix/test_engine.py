"""The engine: passes, the guard, what is taken back, and that no other byte changes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import libcst as cst
import pytest

from flake8_cancel.check import check_text
from flake8_cancel.code.api import Facts
from flake8_cancel.finding import Finding, Repair, mark
from flake8_cancel.fix.edit import Edit, NoFixError
from flake8_cancel.fix.engine import UnparsableError, repair
from flake8_cancel.fix.splice import Replacement
from flake8_cancel.fix.text import parse
from flake8_cancel.rule import Module, Rule
from tests.fix.driving import mend, run


def renamed(name: str) -> Rule:
    return mend("old", lambda node, edit: edit.replace(node, {node.value.func: cst.Name(name)}))


def to(template: str, called: str = "old", code: str = "CNL199") -> Rule:
    """Return a rule that puts a template in the place of ``called(argument)``."""

    def fix(node: cst.CSTNode, edit: Edit) -> Replacement:
        return edit.statement(template, argument=node.value.args[0].value)

    return mend(called, fix, code)


def raw(text: str) -> cst.Expr:
    """Return what libcst would not let a rule make."""
    name = cst.Name("x")
    object.__setattr__(name, "value", text)
    return cst.Expr(name)


# --- what is changed, and what is not ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"def f():\n    old()\n",
        b"def f():\r\n\told()\r\n",
        b"def f():\n    old()",
        b"\xef\xbb\xbfdef f():\r\n    old()\r\n",
        "# -*- coding: latin-1 -*-\nx = 'é'\nold()\n".encode("latin-1"),
        "\ufeff# coding: utf-8\nx = 'é'; old(); y = 'ü'\n".encode(),
        b"def f():\n    pass\n\f\ndef g():\n    old()\n",
        b"def f():\n    pass\n\fdef g():\n    x = '\f'\n    old()\n\fold()\n",
        b"def f():\n  if x:\n  \told()  # c\n  # d\n\n\n# e",
        b"def f():\r\n\told()\n\tx = '''\r\n'''\r\n",
        b"old()\rx = 1\r",
        b"x = [  1,2 ]  ;  old( )\n\n\n\n",
        b"if x: old()\nelse : y ;\n",
        b"@d\nclass A :\n   async  def f( self ) :\n      old()   # noqa\n",
    ],
)
def test_no_other_byte_changes(data: bytes) -> None:
    result = run(data, renamed("new"))
    assert result.data == data.replace(b"old", b"new")
    assert len(result.fixed) == data.count(b"old")
    assert (result.refused, result.left) == ((), ())


def test_nothing_to_fix_leaves_the_bytes_alone() -> None:
    data = b"def f():\n    x = 1\n"
    assert run(data, renamed("new")) == (data, (), (), ())


def test_what_is_not_wanted_stays() -> None:
    rule = renamed("new")
    data = b"old()\n"
    found = next(rule.check(ast.parse(data).body[0], Module(ast.parse(data))))
    result = repair(data, lambda text: [found], lambda finding: False, [rule])
    assert result == (data, (), (), (found,))


def test_bytes_that_are_no_text_are_said_to_be_so() -> None:
    with pytest.raises(UnparsableError, match="invalid or missing encoding"):
        repair(b"\xff", lambda text: [], lambda finding: True, [])


def test_what_libcst_cannot_parse_is_said_in_one_line() -> None:
    with pytest.raises(UnparsableError, match=r"libcst cannot parse line \d+: [^\n]+$"):
        parse("def f():\n    x = )\n")


def test_text_that_encodes_otherwise_is_left_alone() -> None:
    data = b"# coding: utf-7\nx = '+AGE-'\n"
    with pytest.raises(UnparsableError, match="other bytes"):
        repair(data, lambda text: [], lambda finding: True, [])


class Branches(Rule):
    """Finds every ``if old``, also as ``elif``."""

    code = "CNL198"
    needs = ()
    visits = (ast.If,)

    def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
        match node:
            case ast.If(test=ast.Name(id="old")):
                yield self.finding(node, "old", repair=Repair(mark(node), safe=True))

    def fix(self, node: cst.CSTNode, edit: Edit) -> Replacement:
        return cst.FlattenSentinel([edit.statement("first()"), edit.statement("second()")])


def test_an_elif_becomes_an_else() -> None:
    before = "if a:\n    b\n# c\nelif old:\n    d\ne\n"
    after = "if a:\n    b\n# c\nelse:\n    first()\n    second()\ne\n"
    assert run(before.encode(), Branches()).data.decode() == after


def test_inner_targets_go_before_outer_ones_and_both_are_mended() -> None:
    before = "# x\nif old:\n    if old:\n        d\n    e\nif old: f\n"
    result = run(before.encode(), Branches())
    assert result.data == b"# x\nfirst()\nsecond()\nfirst()\nsecond()\n"
    assert [finding.span.line for finding in result.fixed] == [3, 6, 2]


# --- the guard -----------------------------------------------------------------------------------------------------


def test_a_wrong_fix_among_right_ones_is_taken_back_alone() -> None:
    right, wrong = to("new({argument})"), to("new({argument}); old({argument})", "bad", "CNL198")
    before = "".join(f"def f{number}():\n    {'bad' if number == 5 else 'old'}({number})\n" for number in range(11))
    result = run(before.encode(), right, wrong)
    assert result.data.decode() == before.replace("old", "new")
    assert len(result.fixed) == 10
    assert [(finding.code, finding.span.line, reason) for finding, reason in result.refused] == [
        ("CNL198", 12, "CNL199 would be found in f5 instead")
    ]
    assert [finding.code for finding in result.left] == ["CNL198"]


def test_a_wrong_fix_among_many_is_found_with_few_checks() -> None:
    rules = to("new({argument})"), to("new({argument}); old({argument})", "bad", "CNL198")
    before = "".join(f"def f{number}():\n    {'bad' if number == 41 else 'old'}({number})\n" for number in range(60))
    checked: list[str] = []

    def check(text: str) -> list[Finding]:
        checked.append(text)
        return check_text(text, Facts(), rules)

    result = repair(before.encode(), check, lambda finding: True, rules)
    assert result.data.decode() == before.replace("old", "new")
    assert [reason for _, reason in result.refused] == ["CNL199 would be found in f41 instead"]
    # As it is; with all; with all but that one; with that one alone, on top of the others.
    assert len(checked) == 4


def test_two_wrong_fixes_are_taken_back_each_by_itself() -> None:
    before = "".join(f"def f{number}(): {'bad' if number in {2, 3} else 'old'}({number})\n" for number in range(7))
    result = run(before.encode(), to("new({argument})"), to("bad(-{argument})", "bad", "CNL198"))
    assert result.data.decode() == before.replace("old", "new")
    assert [reason for _, reason in result.refused] == [
        "CNL198 would still be found in f2",
        "CNL198 would still be found in f3",
    ]


def test_a_fix_that_gives_no_python_is_taken_back() -> None:
    def unclosed(node: cst.CSTNode, edit: Edit) -> Replacement:
        return raw("a b")

    result = run(b"old()\nbad()\nold()\n", renamed("new"), mend("bad", unclosed, "CNL198"))
    assert result.data == b"new()\nbad()\nnew()\n"
    assert [reason for _, reason in result.refused] == ["the result does not parse: invalid syntax (line 2)"]


def test_a_fix_that_parses_and_is_no_code_is_taken_back() -> None:
    def leaves(node: cst.CSTNode, edit: Edit) -> Replacement:
        return cst.Break()

    before = b"for x in y:\n    bad()\nbad()\n"
    result = run(before, mend("bad", leaves, "CNL198"))
    assert result.data == b"for x in y:\n    break\nbad()\n"
    assert [reason for _, reason in result.refused] == ["the result is no valid code: 'break' outside loop (line 3)"]


def test_a_try_without_its_last_clause_is_taken_back() -> None:
    class Clauses(Rule):
        code = "CNL198"
        needs = ()
        visits = (ast.ExceptHandler,)

        def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
            yield self.finding(node, "clause", repair=Repair(mark(node), safe=True))

        def fix(self, node: cst.CSTNode, edit: Edit) -> Replacement:
            return cst.RemoveFromParent()

    result = run(b"try: x\nexcept A: a\nexcept B: b\n", Clauses())
    assert result.data == b"try: x\nexcept B: b\n"
    assert [reason.split(":")[0] for _, reason in result.refused] == ["the result is no valid code"]


def test_a_fix_that_swallows_what_follows_is_taken_back() -> None:
    def string(node: cst.CSTNode, edit: Edit) -> Replacement:
        return raw("'''")

    before = b"def f():\n    bad()\n    a\n    # '''\n    b\n"
    result = run(before, mend("bad", string, "CNL198"))
    assert result.data == before
    assert [reason for _, reason in result.refused] == ["it would change the meaning of line 3"]


def test_a_fix_that_takes_statements_out_of_their_function_is_taken_back() -> None:
    def leaves(node: cst.CSTNode, edit: Edit) -> Replacement:
        return raw("x\nclass A:\n    y")

    before = b"def f():\n    bad()\n    a()\n    b()\n"
    result = run(before, mend("bad", leaves, "CNL198"))
    assert result.data == before
    assert [reason for _, reason in result.refused] == ["it would change the meaning of line 3"]


def test_what_cannot_be_fixed_says_why_and_the_rest_is_fixed() -> None:
    def fix(node: cst.CSTNode, edit: Edit) -> Replacement:
        if node.value.args:
            raise NoFixError("it has an argument")
        return edit.statement("new()")

    result = run(b"old(1)\nold()\nold(2)\n", mend("old", fix))
    assert result.data == b"old(1)\nnew()\nold(2)\n"
    assert [(finding.span.line, reason) for finding, reason in result.refused] == [
        (1, "it has an argument"),
        (3, "it has an argument"),
    ]


def test_an_inner_edit_that_is_refused_does_not_hold_up_the_outer_one() -> None:
    def refuse(node: cst.CSTNode, edit: Edit) -> Replacement:
        raise NoFixError("no")

    assert run(b"if old:\n    old()\n", mend("old", refuse), Branches()).data == b"first()\nsecond()\n"


def test_a_mark_that_libcst_does_not_have_is_no_fix() -> None:
    class Elements(Rule):
        code = "CNL198"
        needs = ()
        visits = (ast.Slice,)

        def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
            yield self.finding(node, "slice", repair=Repair(mark(node)._replace(node="Try"), safe=True))

    result = run(b"a[1:2]\n", Elements())
    assert [reason for _, reason in result.refused] == ["libcst finds no Try at line 1, column 3"]


def test_a_mistake_in_a_rule_is_let_out() -> None:
    def broken(node: cst.CSTNode, edit: Edit) -> Replacement:
        raise KeyError("bug")

    with pytest.raises(KeyError, match="bug"):
        run(b"old()\n", mend("old", broken))
