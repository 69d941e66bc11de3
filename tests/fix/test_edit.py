"""What an edit gives to a fix: names, imports, fresh names, the style of the file."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import libcst as cst
import pytest

from flake8_cancel.finding import Finding, Repair, mark
from flake8_cancel.fix.edit import Edit
from flake8_cancel.fix.splice import Replacement
from flake8_cancel.rule import Module, Rule
from tests.fix.driving import code, mend, run

# --- imports -------------------------------------------------------------------------------------------------------


def waits(node: cst.CSTNode, edit: Edit) -> Replacement:
    return edit.statement("{wait}()", wait=edit.name("asyncio.wait"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import asyncio\ndef f(): old()\n", "import asyncio\ndef f(): asyncio.wait()\n"),
        ("import asyncio as aio\ndef f(): old()\n", "import asyncio as aio\ndef f(): aio.wait()\n"),
        ("from asyncio import wait as w\nold()\n", "from asyncio import wait as w\nw()\n"),
        ("import asyncio.subprocess\nold()\n", "import asyncio.subprocess\nasyncio.wait()\n"),
        ("def f():\n    import asyncio\n    old()\n", "def f():\n    import asyncio\n    asyncio.wait()\n"),
        ("old()\nold()\n", "import asyncio\n\nasyncio.wait()\nasyncio.wait()\n"),
        ("def f(): old()\n", "import asyncio\n\n\ndef f(): asyncio.wait()\n"),
        ("import os\nimport ast\n\nold()\n", "import asyncio\nimport os\nimport ast\n\nasyncio.wait()\n"),
        ("import ast\nimport os\n\nold()\n", "import ast\nimport asyncio\nimport os\n\nasyncio.wait()\n"),
        ("import ast\nfrom os import a\nold()\n", "import ast\nimport asyncio\nfrom os import a\nasyncio.wait()\n"),
        ("# c\nimport os\nold()\n", "# c\nimport os\nimport asyncio\nasyncio.wait()\n"),
        ("import other\n\nold()\n", "import asyncio\n\nimport other\n\nasyncio.wait()\n"),
        ('"""Doc."""\nold()\n', '"""Doc."""\n\nimport asyncio\n\nasyncio.wait()\n'),
        ('"""Doc."""\n\n\nold()\n', '"""Doc."""\n\nimport asyncio\n\n\nasyncio.wait()\n'),
        (
            "from __future__ import annotations\n\nold()\n",
            "from __future__ import annotations\n\nimport asyncio\n\nasyncio.wait()\n",
        ),
        ("#!/usr/bin/python\n# coding: utf-8\nold()\n", None),
        (
            "if TYPE_CHECKING:\n    import asyncio\ndef f():\n    old()\n",
            "import asyncio\n\nif TYPE_CHECKING:\n    import asyncio\ndef f():\n    asyncio.wait()\n",
        ),
        (
            "import asyncio\ndef f(asyncio):\n    old()\n",
            "import asyncio\nfrom asyncio import wait\ndef f(asyncio):\n    wait()\n",
        ),
        (
            "try:\n    import asyncio\nexcept ImportError:\n    asyncio = None\nold()\n",
            "from asyncio import wait\n\ntry:\n    import asyncio\nexcept ImportError:\n    asyncio = None\nwait()\n",
        ),
        (
            "class A:\n    asyncio = 1\n    def f(self): old()\nimport asyncio\n",
            "class A:\n    asyncio = 1\n    def f(self): asyncio.wait()\nimport asyncio\n",
        ),
        (
            "def f():\n    old()\n    import asyncio\n",
            "from asyncio import wait\n\n\ndef f():\n    wait()\n    import asyncio\n",
        ),
        ("import a; import asyncio\nold()\n", "import a; import asyncio\nasyncio.wait()\n"),
    ],
)
def test_how_a_thing_is_named(before: str, after: str | None) -> None:
    expected = after or "#!/usr/bin/python\n# coding: utf-8\n\nimport asyncio\n\nasyncio.wait()\n"
    assert run(before.encode(), mend("old", waits)).data.decode() == expected


def test_the_import_has_the_line_end_of_the_file() -> None:
    data = b"\xef\xbb\xbfimport sys\r\n\r\nold()\r\n"
    assert run(data, mend("old", waits)).data == b"\xef\xbb\xbfimport asyncio\r\nimport sys\r\n\r\nasyncio.wait()\r\n"


def test_where_every_name_means_something_else_there_is_no_fix() -> None:
    result = run(b"def f(asyncio, wait):\n    old()\n", mend("old", waits))
    assert [reason for _, reason in result.refused] == ["the names asyncio and wait mean something else here"]


def test_an_import_asked_for_by_an_edit_that_is_taken_back_is_not_added() -> None:
    def wrong(node: cst.CSTNode, edit: Edit) -> Replacement:
        return edit.statement("old({name})", name=edit.name("contextlib.suppress"))

    assert run(b"old()\nbad()\n", mend("old", waits), mend("bad", wrong, "CNL198")).data == (
        b"import asyncio\n\nasyncio.wait()\nbad()\n"
    )


def test_the_name_of_a_builtin() -> None:
    def fix(node: cst.CSTNode, edit: Edit) -> Replacement:
        return edit.statement("{name}()", name=edit.name("TimeoutError"))

    assert run(b"old()\n", mend("old", fix)).data == b"TimeoutError()\n"
    hidden = run(b"from asyncio import TimeoutError\nold()\n", mend("old", fix))
    assert [reason for _, reason in hidden.refused] == ["the name TimeoutError means something else here"]


# --- what else an edit gives ---------------------------------------------------------------------------------------


def test_a_fresh_name_is_used_nowhere_and_given_once() -> None:
    def fix(node: cst.CSTNode, edit: Edit) -> Replacement:
        return edit.statement("{name} = 1", name=edit.fresh("task"))

    before = code(
        """
        task_3 = 1
        def f(task):
            def g(): old()
            old()
        def h():
            old()
        """
    )
    after = code(
        """
        task_3 = 1
        def f(task):
            def g(): task_2 = 1
            task_4 = 1
        def h():
            task = 1
        """
    )
    assert run(before, mend("old", fix)).data == after


def test_the_style_of_the_file() -> None:
    def fix(node: cst.CSTNode, edit: Edit) -> Replacement:
        return edit.statement("{s}", s=edit.string(repr((edit.indent, edit.newline))))

    assert run(b"def f():\r\n\told()\r\n", mend("old", fix)).data == b"def f():\r\n\t\"('\\\\t', '\\\\r\\\\n')\"\r\n"
    assert run(b"x = 'a'\nold()\n", mend("old", fix)).data == b"x = 'a'\n'(\\'    \\', \\'\\\\n\\')'\n"


def test_an_expression_keeps_its_parentheses() -> None:
    class Attributes(Rule):
        code = "CNL198"
        needs = ()
        visits = (ast.Attribute,)

        def check(self, node: ast.AST, module: Module) -> Iterator[Finding]:
            if node.attr == "old":
                yield self.finding(node, "old", repair=Repair(mark(node), safe=True))

        def fix(self, node: cst.CSTNode, edit: Edit) -> Replacement:
            return node.with_changes(attr=cst.Name("new"), lpar=(), rpar=())

    before = "x = (\n    await ( a\n      .old  # c\n    ).old\n)\n"
    assert run(before.encode(), Attributes()).data.decode() == before.replace("old", "new")
