"""Random programs and random documents: expressions over `body`, most of which load, many of which fail."""

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any


def _listed(text: str) -> tuple[str, ...]:
    """Templates, with a semicolon between one and the next."""
    return tuple(re.split(r";\s+", text.strip()))


KEYS = ("a", "b", "items", "name", "n", "é")
TEXTS = (
    "",
    "a",
    "abc",
    "a,b,,c",
    "ÀÉ😀",
    " x ",
    "2024-05-06T07:08:09.5Z",
    "90s",
    "12",
    "-3",
    "1.5",
    "true",
    "(",
    "%s|%d",
)
NUMBERS = (0, 1, -1, 2, 7, 255, 2**53 + 1, 2**63 - 1, -(2**63), 0.0, -0.0, 0.5, 1.5, -2.5, 1e20, 1e300, 3.0)
UNARY = _listed("""
!{}; -{}; size({}); int({}); uint({}); double({}); string({}); bytes({}); bool({}); timestamp({});
duration({}); type({}); dyn({}); {}.size(); {}.a; {}.b.a; {}.items; {}.?a; has({}.a); has({}.b.n);
{}.?n.orValue(1); {}.?a.?b.hasValue(); {}.trim(); {}.lowerAscii(); {}.upperAscii(); {}.reverse();
strings.quote({}); {}.join(); math.abs({}); math.ceil({}); math.floor({}); math.round({});
math.trunc({}); math.sign({}); math.sqrt({}); math.isNaN({}); math.bitNot({});
base64.encode(bytes({})); base64.decode({}); {}.getFullYear(); {}.getMonth(); {}.getHours();
{}.getSeconds(); {}.getMilliseconds(); {}.getDayOfYear('+01:30'); optional.of({}).value();
optional.ofNonZeroValue({}).hasValue(); [{}]; {{'k': {}}}; {{'a': 1, ?'o': optional.of({})}}; [1,
?optional.ofNonZeroValue({})]; {}.optMap(o, o).orValue(0); {}.matches('^a.?b'); '%s'.format([{}]);
'%d'.format([{}]); '%x'.format([{}]); '%.2f'.format([{}]); '%e'.format([{}]); '%b'.format([{}])
""")
BINARY = _listed("""
{} + {}; {} - {}; {} * {}; {} / {}; {} % {}; {} == {}; {} != {}; {} < {}; {} <= {}; {} > {}; {} >=
{}; {} && {}; {} || {}; {} in {}; {}[{}]; {}[?{}].hasValue(); {}.contains({}); {}.startsWith({});
{}.endsWith({}); {}.indexOf({}); {}.lastIndexOf({}); {}.charAt({}); {}.substring({}); {}.split({});
{}.join({}); {}.matches({}); math.greatest({}, {}); math.least({}, {}); math.bitAnd({}, {});
math.bitOr({}, {}); math.bitXor({}, {}); math.bitShiftLeft({}, {}); math.bitShiftRight({}, {}); [{},
{}]; {{'k': {}, 'l': {}}}; {}.orValue({}); optional.none().or(optional.of({})) == optional.of({});
{}.format([{}])
""")
TERNARY = _listed("""
{} ? {} : {}; {}.replace({}, {}); {}.substring({}, {}); {}.indexOf({}, {}); {}.split({}, {})
""")
LOOPS = _listed("""
{0}.map({2}, {1}); {0}.filter({2}, {1}); {0}.exists({2}, {1}); {0}.all({2}, {1});
{0}.exists_one({2}, {1}); {0}.map({2}, {1}, {2}); cel.bind({2}, {0}, {1})
""")
OWN = _listed("""
get({}, 'a.b', 1); get({}, 'n'); last({}); flatten({}); ts({}); unix(ts({})); unix_ms({});
rfc3339({}); date({}); json({}); encode({}); raw({}); link({}, 'next')
""")


def document(random: Random, depth: int = 3) -> Any:
    """A JSON value, three levels deep."""
    kind = random.randrange(9 if depth else 5)
    if kind < 2:
        return random.choice(TEXTS)
    if kind < 4:
        return random.choice(NUMBERS)
    if kind == 4:
        return random.choice((None, True, False))
    if kind < 7:
        return {key: document(random, depth - 1) for key in random.sample(KEYS, random.randrange(5))}
    return [document(random, depth - 1) for _ in range(random.randrange(4))]


def program(random: Random, depth: int = 4, own: Sequence[str] = ()) -> str:
    """An expression of at most so many levels."""
    return _Writer(random, own).expression(depth, ())


class _Writer:
    def __init__(self, random: Random, own: Sequence[str]) -> None:
        self.random = random
        self.unary = UNARY + tuple(own) * 2
        self.kinds: Sequence[Callable[[int, tuple[str, ...]], str]] = (
            self.atom, self.one, self.one, self.two, self.two, self.two, self.three, self.loop, self.loop,
        )  # fmt: skip

    def expression(self, depth: int, names: tuple[str, ...]) -> str:
        if not depth:
            return self.atom(depth, names)
        return f"({self.random.choice(self.kinds)(depth - 1, names)})"

    def atom(self, depth: int, names: tuple[str, ...]) -> str:
        kind = self.random.randrange(10)
        if kind < 5:
            return self.random.choice(
                (*names * 3, "body", "body.a", "body.items", "body.b", "body.n", "body.?a")
            )
        if kind < 7:
            return f"dyn({self.literal()})"
        return self.literal()

    def literal(self) -> str:
        kind = self.random.randrange(8)
        if kind < 3:
            return repr(self.random.choice(TEXTS))
        if kind < 6:
            return repr(self.random.choice(NUMBERS))
        return self.random.choice(
            ("null", "true", "false", "3u", "0u", "b'\\xc3'", "[]", "{}", "[1, 2]", "int", "1.0 / 0.0")
        )

    def one(self, depth: int, names: tuple[str, ...]) -> str:
        return self.random.choice(self.unary).format(self.expression(depth, names))

    def two(self, depth: int, names: tuple[str, ...]) -> str:
        parts = [self.expression(depth, names) for _ in range(2)]
        return self.random.choice(BINARY).format(*parts)

    def three(self, depth: int, names: tuple[str, ...]) -> str:
        parts = [self.expression(depth - 1 if depth else 0, names) for _ in range(3)]
        return self.random.choice(TERNARY).format(*parts)

    def loop(self, depth: int, names: tuple[str, ...]) -> str:
        name = f"v{len(names)}"
        over = self.random.choice(("body", "body.items", "[1, 2, 3]", self.expression(depth, names)))
        return self.random.choice(LOOPS).format(over, self.expression(depth, (*names, name)), name)
