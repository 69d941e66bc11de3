"""The word filter is sound: what is one function for Python is whole in one part, and nothing outside is lost."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from flake8_cancel import parts
from flake8_cancel.code.patterns import Before, Matching, implied_names
from flake8_cancel.registry import entries
from flake8_cancel.rule import Rule, Word
from flake8_cancel.source import split_lines
from tests import index

# Statements that look like something else, or lie where one would not expect them.
SIMPLE = (
    "pass",
    "x = 1; y = 2",
    "'def a(): pass'",
    '"""\ndef inner():\n    pass\n@decorated\n"""',
    "'''\nclass C:\n\n# \"\"\"\n'''",
    "r'\\'; z = '#'",
    'f"{x!r:#>{y}}"',
    "# '''",
    '# def a(): """',
    "call(\nx,\n  y)",
    "x = (a\n@ b)",
    "total = a + \\\nb",
    "x = '\\\ndef b(): pass'",
    "f = lambda x: (yield)",
    '"it\'s"; x = \'"""\'',
    "x = '''a''' \"\"\"b\"\"\" 'c'",
    "# ä ö 'ü",
)
HEADERS = (
    "def {}(): pass",
    "async def {}(): return [\n1]",
    "def {}():",
    "async  def {}(a,\nb='''x\n'''):",
    "@deco(\n'x',\n)\nasync def {}():",
    "@a\n@b # def c\n\ndef {}(\n) -> int:",
)
BLOCKS = ("class C:", "@deco\nclass C(B):", "if x:", "with a as b, \\\nc:", "while (a and\nb):")
INDENTS = (" ", "  ", "    ", "\t")


@st.composite
def blocks(draw: st.DrawFn, depth: int = 0) -> str:
    """Return statements, each function of another name."""
    lines: list[str] = []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(("simple", "function", "block")))
        if kind == "simple" or depth == 3:
            lines.append(draw(st.sampled_from(SIMPLE)))
            continue
        name = f"f{draw(st.integers(0, 10**9))}"
        header = draw(st.sampled_from(HEADERS)).format(name) if kind == "function" else draw(st.sampled_from(BLOCKS))
        if not header.endswith(":"):
            lines.append(header)
            continue
        inner = draw(blocks(depth + 1))
        lines.append(header + "\n" + indented(inner + "\npass", draw(st.sampled_from(INDENTS))))
        lines.extend([""] * draw(st.integers(0, 2)))
    return "\n".join(lines)


def indented(text: str, indent: str) -> str:
    """Indent the lines that begin a statement: those inside of brackets and strings stay where they are."""
    starts: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.stmt, ast.ExceptHandler)):
            starts.add(node.lineno)
        starts.update(one.lineno for one in getattr(node, "decorator_list", ()))
    lines = text.split("\n")
    return "\n".join(indent + line if number in starts else line for number, line in enumerate(lines, 1))


def programs() -> st.SearchStrategy[str]:
    def ended(text: str, end: str, last: bool) -> str:
        return (text + "\n" * last).replace("\n", end)

    return st.builds(ended, blocks(), st.sampled_from(("\n", "\r\n", "\r")), st.booleans())


@given(text=programs())
def test_every_outermost_function_is_whole_in_one_part(text: str) -> None:
    lines = split_lines(text)
    functions, outside = list(parts.functions(text)), parts.outside(text)
    waiting: list[ast.AST] = [ast.parse(text)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            whole = "".join(lines[first - 1 : node.end_lineno]).rstrip("\r\n")
            assert any(whole in part for part in (*functions, outside))
            continue
        if isinstance(node, ast.stmt) and not any(True for _ in ast.iter_child_nodes(node) if isinstance(_, ast.stmt)):
            assert ast.get_source_segment(text, node) in outside
        waiting.extend(ast.iter_child_nodes(node))


def test_functions_are_taken_apart() -> None:
    text = textwrap.dedent(
        '''
        import a

        @deco
        async def first():
            """
        def no():
            """
            def inner(): pass

        class C:
            x = 1

            def second(
                self,
            ): pass

        last = 2
        '''
    )
    first, second = parts.functions(text)
    outside = parts.outside(text)
    assert first.startswith("\n@deco")
    assert "inner" in first
    assert "second" not in first
    assert "last" not in outside.partition("last = 2")[2]
    assert "first" not in second
    assert "import a" in outside
    assert "x = 1" in outside
    assert "self" not in outside


def test_the_index_is_what_the_rules_say() -> None:
    assert index.INDEX.read_text(encoding="utf-8") == index.text(), "python -m tests.index writes it anew"


def test_what_speaks_of_names_says_no_without_them() -> None:
    asked = 0
    for path in (index.INDEX.parents[1] / "fixtures").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for word in {word for entry in entries() for need in _needs(entry.rule) for word in need}:
            if isinstance(word, Before) or not implied_names(word):
                continue
            is_there = word.is_in(text) if isinstance(word, Matching) else callable(word) and word(text)
            asked += is_there
            # It may well stand in a longer word, in a sentence.
            assert not is_there or any(name in text for name in implied_names(word)), (path, word)
    assert asked > 300


def _needs(rule: Rule) -> Iterator[tuple[Word, ...]]:
    for need in (*rule.needs, *rule.file_needs):
        yield need if isinstance(need, tuple) else (need,)
