"""What work costs, in steps: the same on every machine."""

from contextlib import suppress
from typing import Any

import pytest

from relay.expression.compiler import compile_tree
from relay.expression.environment import Environment
from relay.expression.errors import ErrorValue, ExpressionError
from relay.expression.frame import BUDGET, Frame
from relay.expression.nulls import Typed
from relay.expression.output import to_json
from relay.expression.tree import read_tree

MILLION = 1_000_000
BODY = {
    "s": "a" * MILLION,
    "t": "a" * (MILLION - 1) + "b",
    "l": list(range(1_000)),
    "m": {f"{number:0160d}": number for number in range(1_000)},
    "p": "a+",
}
ENVIRONMENT = Environment({"body": "dyn"})


def cost(text: str) -> int:
    """What an evaluation takes from the budget, its output as JSON included."""
    tree = read_tree(ENVIRONMENT._checker.check(Typed(text))[0])
    compiled = compile_tree(tree.root, {"body"})
    frame = Frame({"body": BODY}, compiled.slots)
    with suppress(ErrorValue):
        to_json(frame, compiled.run(frame))
    return BUDGET - frame.left


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("body.l[5] + 1", 0, 0),
        ("body.l.map(x, x).size()", 2_000, 2_000),
        ("body.l.map(x, size(body.s)).size()", 11_000, 11_000),
        ("body.l.exists(x, x == 9)", 40, 40),
        ("body.l == body.l", 1_000, 1_000),
        ("5 in body.l", 1_000, 1_000),
        ("size(body.l + body.l)", 2_000, 2_000),
        ("body.l", 1_000, 1_000),
        ("body.m", 12_000, 13_000),
        ("body.s", MILLION >> 4, MILLION >> 4),
        ("body.s == body.t", MILLION >> 7, MILLION >> 7),
        ("body.s == body.p", 0, 0),
        ("body.s < body.t", MILLION >> 7, MILLION >> 7),
        ("body.s in body.m", MILLION >> 7, MILLION >> 7),
        ("body.s.startsWith('a')", 0, 0),
        ("body.s.contains('ab')", MILLION >> 7, 9_000),
        ("size(body.s.replace('b', ''))", MILLION >> 7, 9_000),
        ("size(body.s.substring(0))", MILLION >> 4, MILLION >> 4),
        ("size(body.s + 'x')", MILLION >> 4, (MILLION >> 4) + 1),
        ("body.s.matches('^b')", 4 + (MILLION >> 4), 4 + (MILLION >> 4)),
        ("body.p.matches(body.p)", 5_000, 5_010),
        ("timestamp(0).getHours(body.p)", 500, 500),
        ("json(body.s)", MILLION >> 2, MILLION >> 2),
        ("size('%s'.format([body.s]))", MILLION >> 4, MILLION >> 2),
    ],
)
def test_work_costs(text: str, least: int, most: int) -> None:
    """A list what it is long, a text what is made or searched of it, a loop's body its nodes."""
    assert least <= cost(text) <= most


def test_a_large_pattern_costs_more() -> None:
    """RE2 may take a step of each of its instructions for each character."""
    assert cost("'aaaaaaaaaaaaaaaa'.matches('(a|b)*b[ab]{300}c')") > 5 * cost(
        "'aaaaaaaaaaaaaaaa'.matches('b')"
    )


def test_a_bound_name_is_evaluated_once() -> None:
    """Where it is first used; not at all where it is not; and one that fails is not tried again."""
    once = cost("body.l.map(x, x)[0] / 0")
    assert cost("cel.bind(a, body.l.map(x, x).size(), a + a + a)") < 2 * once
    assert cost("cel.bind(a, body.l.map(x, x).size(), 1)") == 0
    failing = cost("cel.bind(a, body.l.map(x, x).size() / 0, [1, 2, 3, 4, 5, 6, 7].exists(y, a > 0))")
    assert failing < 2 * once


def given(number: int) -> dict[str, Any]:
    return {"body": [1] * number}


def test_the_budget_is_what_it_says() -> None:
    """A loop's step costs 1 and its body's nodes: with two of them 166,666 steps are had, no more."""
    program = Environment({"body": "dyn"}).compile("body.map(x, -x)")
    assert len(program.value(given(BUDGET // 3))) == BUDGET // 3
    with pytest.raises(ExpressionError, match="too much work"):
        program.value(given(BUDGET // 3 + 1))


@pytest.mark.parametrize("text", ["{} || true", "{} && false", "[1].exists(x, {})", "[1].all(x, {})"])
def test_nothing_absorbs_too_much_work(text: str) -> None:
    """`||`, `&&` and the quantifiers do without an error's value, never without the end of the budget."""
    program = Environment({"body": "dyn"}).compile(text.format("body.map(x, body.map(y, y)).size() == 0"))
    with pytest.raises(ExpressionError) as raised:
        program.value({"body": [0] * 9_000})
    assert raised.value.exhausted
