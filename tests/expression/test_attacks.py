"""Built attacks: each ends by its budget, in modest memory. Time is counted in steps, never by a clock."""

import tracemalloc
from typing import Any

import pytest

from relay.expression.environment import Environment
from relay.expression.errors import ExpressionError
from relay.expression.output import dumps

MEBIBYTE = 1 << 20
MOST = 120 * MEBIBYTE


def deep(levels: int) -> Any:
    made: Any = []
    for _ in range(levels):
        made = [made]
    return made


BODY = {
    "l": list(range(9_000)),
    "s": "a" * 1_000_000,
    "t": "a" * 999_999 + "b",
    "w": ["a" * 1_000] * 1_000,
    "m": {f"k{number:06d}": number for number in range(50_000)},
    "d": deep(900),
    "pairs": "[[],[" * 100_000,
    "nested": "[" * 900 + "]" * 900,
    "clauses": "%s" * 100_000,
    "patterns": [f"(a{{1,{number % 100 + 1}}}b?){{1,9}}{number}" for number in range(2_000)],
    "zones": [f"Zone/{number}" for number in range(5_000)],
    "big": 10**5_000,
}


def doubled(start: str, step: str, last: str, times: int = 28) -> str:
    """`x0` is `start`, each next one is `step` of the one before, and `last` is of the last."""
    text = last.format(f"x{times}")
    for number in range(times, 0, -1):
        text = f"cel.bind(x{number}, {step.format(f'x{number - 1}')}, {text})"
    return f"cel.bind(x0, {start}, {text})"


def nested(macro: str, test: str, times: int = 3) -> str:
    """A macro within a macro, all over the same list."""
    text = test
    for number in range(times):
        text = f"body.l.{macro}(v{number}, {text})"
    return text


ENDLESS = [
    nested("map", "v0"),
    nested("exists", "v0 < 0"),
    nested("all", "v0 >= 0"),
    nested("exists", "1 / 0 == v0"),
    nested("exists", "body.s == body.t", 1),
    nested("exists", "body.s > body.t", 1),
    nested("exists", "body.t in body.w", 1),
    nested("map", "v0 in body.l", 1),
    nested("map", "body.s + body.t", 1),
    nested("map", "body.s.split('')", 1),
    nested("map", "body.s.reverse()", 1),
    nested("map", "body.s.upperAscii()", 1),
    nested("map", "strings.quote(body.s)", 1),
    nested("map", "body.s.lastIndexOf('b' + body.s.substring(500000))", 1),
    nested("map", "body.s.indexOf('aaaaaaaaaaaaaaaaaaaaaaaaab')", 1),
    nested("map", "body.s.contains('aaaaaaaaaaaaaaaaaaaaaaaaab')", 1),
    nested("map", "body.s.matches('(a?b?){50}c')", 1),
    nested("map", "body.s.matches('[ab]*b[ab]{300}c')", 1),
    nested("map", "body.m == body.m", 1),
    nested("map", "body.w.join(body.s)", 1),
    nested("map", "encode(body.s)", 1),
    nested("map", "base64.encode(bytes(body.s))", 1),
    nested("map", "json(body.nested)", 1),
    nested("map", "'%.1000f'.format([1e300])", 1),
    nested("map", "'%s'.format([body.m])", 1),
    nested("map", "'%x'.format([body.s])", 1),
    nested("map", "math.greatest(body.l)", 1),
    nested("map", "flatten(body.w.map(w, body.l))", 1),
    nested("map", "body.m", 1),
    nested("map", "body.s", 1),
    nested("map", "link({'link': body.s}, 'next')", 1),
    nested("map", "body.s.matches(string(v0) + body.s)", 1),
    "body.patterns.exists(p, body.s.matches(p))",
    "body.zones.exists(z, timestamp(0).getHours(z) == 30)",
    "body.s.replace('a', body.s)",
    "body.s.replace('', body.s)",
    "(body.clauses + '%s').format(body.w.map(w, body.s))",
    "[body.s, body.s, body.s, body.s, body.s, body.s, body.s, body.s, body.s]",
    "'%s'.format([body.d])",
    "body.d == body.d",
    "body.d",
    doubled("'x'", "{0} + {0}", "{0}"),
    doubled("b'x'", "{0} + {0}", "{0}"),
    doubled("[1]", "{0} + {0}", "{0}"),
    doubled("[1]", "[{0}, {0}]", "{0}"),
    doubled("[1]", "[{0}, {0}]", "{0} == {0}"),
    doubled("[1]", "{{'a': {0}, 'b': {0}}}", "{0}"),
    doubled("[1]", "[{0}, {0}]", "'%s'.format([{0}])"),
    doubled("[1, 2]", "{0}.map(y, {0})", "{0}"),
    doubled("[1, 2]", "flatten([{0}, {0}])", "{0}"),
    doubled("'a'", "{0}.replace('a', {0} + {0})", "{0}"),
    doubled("'a'", "[{0}, {0}].join({0})", "{0}"),
]
"""Each would take hours, or gigabytes, if it were let."""


HUNGRY = (
    nested("map", "body.s + body.t", 1),
    nested("map", "json(body.nested)", 1),
    "json(body.pairs)",
    doubled("'x'", "{0} + {0}", "{0}"),
    doubled("[1]", "{0} + {0}", "{0}"),
    "body.s.split('')",
)
"""What takes the most memory of them."""


def end(text: str) -> bool:
    """Whether it ended because it was too much work."""
    program = Environment({"body": "dyn"}).compile(text)
    try:
        dumps(program.json({"body": BODY}))
    except ExpressionError as error:
        return error.exhausted
    return False


def peak(text: str) -> int:
    """The bytes that evaluating it takes at most, beside the document."""
    tracemalloc.start()
    try:
        end(text)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("text", ENDLESS, ids=range(len(ENDLESS)))
def test_an_attack_ends(text: str) -> None:
    """By its budget or its depth, with an error that says so."""
    assert end(text)


@pytest.mark.parametrize("text", HUNGRY, ids=range(len(HUNGRY)))
def test_an_attack_takes_little_memory(text: str) -> None:
    """It is charged for what it makes, before it makes it."""
    assert peak(text) < MOST


@pytest.mark.slow
@pytest.mark.parametrize("text", ENDLESS, ids=range(len(ENDLESS)))
def test_no_attack_takes_much_memory(text: str) -> None:
    """The same of each of them."""
    assert peak(text) < MOST


def test_a_number_without_end_is_not_written() -> None:
    """An int of thousands of digits, which takes the square of them to write, is an error."""
    with pytest.raises(ExpressionError):
        dumps(Environment({"body": "dyn"}).compile("body.big").json({"body": BODY}))
