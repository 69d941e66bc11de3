"""Fixes compose: many mistakes in one function, behind each other, inside of each other, on one line."""

from __future__ import annotations

import io
import tokenize
from collections import Counter

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from flake8_cancel import registry
from flake8_cancel.finding import Finding
from flake8_cancel.fix.engine import Repaired, repair
from tests.fix.proving.patterns import FIXABLE
from tests.fix.proving.stacking import Layer, stackable, stacked
from tests.harness import fixture

# All but the strict ones that only tell: they find fault with a repair as with what stood there.
RULES = tuple(
    entry.rule for entry in registry.entries() if entry in FIXABLE or not entry.code.startswith(registry.STRICT)
)
UNCOVERED = frozenset().union(*(rule.uncovers for rule in RULES))
# 20 functions in the usual profile, 800 in the long one.
SOME = settings(
    max_examples=settings().max_examples // 5,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
LAYERS = st.lists(
    st.builds(Layer, st.deferred(lambda: st.sampled_from(stackable())), st.integers(0, 30), st.booleans()),
    min_size=2,
    max_size=4,
)


@SOME
@given(layers=LAYERS)
def test_fixes_compose(layers: list[Layer]) -> None:
    text = stacked(layers)
    assume(compiles(text))
    found = fixture.checker(text, RULES)(text)
    assume(sum(finding.repair is not None for finding in found) > 1)
    result = repaired(text)
    after = result.data.decode()
    compile(after, "after", "exec", dont_inherit=True)
    assert result.fixed or result.refused
    assert repaired(text) == result
    assert repaired(after).data == result.data
    # What can be repaired and was not has a reason.
    refused = [finding for finding, _ in result.refused]
    assert [finding for finding in result.left if finding.repair and finding not in refused] == []
    assert not codes(result.left) - codes(found) or (codes(result.left) - codes(found)).keys() <= UNCOVERED
    assert Counter(comments(text)) - Counter(comments(after)) == Counter()


def repaired(text: str) -> Repaired:
    return repair(text.encode(), fixture.checker(text, RULES), fixture.every, RULES)


def codes(found: list[Finding] | tuple[Finding, ...]) -> Counter[str]:
    return Counter(finding.code for finding in found)


def comments(text: str) -> list[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    # What tells a tool of a line goes with that line.
    return [token.string for token in tokens if token.type == tokenize.COMMENT and "pragma" not in token.string]


def compiles(text: str) -> bool:
    try:
        compile(text, "stacked", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True
