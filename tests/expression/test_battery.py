"""What expressions mean, on one document: the cases that people meet, and those where Python would differ."""

from typing import Any

import pytest

from relay.expression.environment import Environment
from relay.expression.errors import CompileError, ExpressionError
from relay.expression.values import Duration, Timestamp, TypeValue, UInt

BODY = {
    "id": 42,
    "big": 2**63 - 1,
    "unsigned": 2**64 - 1,
    "huge": 10**30,
    "half": 0.5,
    "whole": 3.0,
    "yes": True,
    "none": None,
    "name": "Zürich ✓ 🚀",
    "nul": "a\0b",
    "empty": "",
    "list": [3, 1, 2],
    "mixed": [1, "a", None, True],
    "map": {"a": 1, "b": {"c": "d"}},
    "lines": [{"sku": "x", "n": 2}, {"sku": "y", "n": 0}],
    "at": "2026-03-01T10:20:30.5+01:00",
}
VALUES: list[tuple[str, Any]] = [
    ("body.id == 42 && body.name.startsWith('Z')", True),
    ("body.id == 42.0", True),
    ("body.id == '42'", False),
    ("body.none == null", True),
    ("body.none == 0", False),
    ("body.yes == dyn(1)", False),
    ("dyn(1) in [body.yes]", False),
    ("{true: 'bool', 1: 'int'}[body.yes]", "bool"),
    ("{true: 'bool', 1: 'int'}[1]", "int"),
    ("{1: 'int'}[dyn(1.0)]", "int"),
    ("[body.list == [3, 1, 2], body.list == [3.0, 1.0, 2.0], body.list == [1, 2, 3]]", [True, True, False]),
    ("[1] == [dyn(true)]", False),
    ("[1].exists(body, body == 1 && .body.id == 42)", True),
    ("'\\u001c x '.trim()", "\x1c x"),
    ("cel.bind(nan, 0.0 / 0.0, [nan == nan, [nan] == [nan], nan in [nan]])", [False, False, False]),
    ("size(body.name)", 10),
    ("size(bytes(body.name))", 16),
    ("size(body.nul)", 3),
    ("body.nul == 'a'", False),
    ("has(body.map.b.c) && !has(body.map.x)", True),
    ("body.?map.?b.?c.orValue('-') + body.?x.?y.orValue('-')", "d-"),
    ("body[?'none'].hasValue()", True),
    ("body.list[?7].hasValue()", False),
    ("optional.of(body).map.b.c.orValue('-')", "d"),
    ("body.?id.optMap(i, i + 1).value()", 43),
    ("{'a': 1, ?'b': body.?x, ?'c': body.?id}", {"a": 1, "c": 42}),
    ("[?body.?x, ?body.?id]", [42]),
    ("'id' in body", True),
    ("2 in body.list && !(5 in body.list)", True),
    ("body.lines.exists(l, l.n == 2) && !body.lines.all(l, l.n > 0)", True),
    ("body.mixed.exists(x, x == 'a') && body.mixed.exists(x, x > 0)", True),
    ("body.mixed.all(x, x > 1)", False),
    ("body.lines.exists_one(l, l.n > 0)", True),
    ("body.lines.map(l, l.sku)", ["x", "y"]),
    ("body.lines.map(l, l.n > 0, l.sku)", ["x"]),
    ("body.lines.filter(l, l.n == 0)[0].sku", "y"),
    ("body.map.filter(k, k != 'a')", ["b"]),
    ("body.list.map(x, body.list.map(y, x * y))", [[9, 3, 6], [3, 1, 2], [6, 2, 4]]),
    ("[1, 2].map(x, [3].map(x, x))", [[3], [3]]),
    ("cel.bind(x, 1 / 0, true)", True),
    ("true || 1 / 0 == 1", True),
    ("1 / 0 == 1 || true", True),
    ("1 / 0 == 1 && false", False),
    ("false ? 1 / 0 : 7", 7),
    ("[7 / 2, -7 / 2, 7 % 3, -7 % 3]", [3, -3, 1, -1]),
    ("[1.0 / 0.0 > 1e308, -1.0 / 0.0 < 0.0]", [True, True]),
    ("[1 < 2, body.half < 1.0, 'a' < 'b', b'a' < b'b', false < true]", [True] * 5),
    ("body.big < body.huge && body.id < 42.5", True),
    ("1u + 2u", UInt(3)),
    ("[int(3.9), int('-7'), int(3u), int(timestamp('1970-01-01T00:00:05Z'))]", [3, -7, 3, 5]),
    ("[double('1.5'), double(body.id)]", [1.5, 42.0]),
    ("[string(body.id), string(1.0), string(1.5e7)]", ["42", "1", "1.5e+07"]),
    ("[string(true), string(b'x'), string(0.1)]", ["true", "x", "0.1"]),
    ("string(body.huge)", "1" + "0" * 30),
    ("bytes('ü')", b"\xc3\xbc"),
    ("[bool('true'), bool('0')]", [True, False]),
    (
        "[type(body.id), type(body.none), type(body.half), type(int)]",
        [TypeValue("int"), TypeValue("null_type"), TypeValue("double"), TypeValue("type")],
    ),
    ("timestamp(body.at)", Timestamp(1_772_356_830_500_000_000)),
    ("string(timestamp(body.at))", "2026-03-01T09:20:30.5Z"),
    ("timestamp(body.at).getHours('Europe/Zurich')", 10),
    ("timestamp(body.at).getHours('+05:30')", 14),
    ("[timestamp(body.at).getDayOfWeek(), timestamp(body.at).getMonth()]", [0, 2]),
    ("timestamp(body.at) - timestamp('2026-03-01T09:20:00Z')", Duration(30_500_000_000)),
    ("timestamp(body.at) + duration('1h30m') > timestamp(body.at)", True),
    ("[string(duration('90s')), string(duration('-1500ms'))]", ["90s", "-1.5s"]),
    ("duration('3730s').getMinutes()", 62),
    ("body.name.matches('^Z.r') && !body.name.matches('^r')", True),
    ("'a,b,,c'.split(',')", ["a", "b", "", "c"]),
    ("'a,b,,c'.split(',', 2)", ["a", "b,,c"]),
    ("['a', 'b'].join('-')", "a-b"),
    ("'banana'.replace('an', 'AN', 1)", "bANana"),
    ("['banana'.indexOf('an', 2), 'a'.indexOf('z')]", [3, -1]),
    ("['banana'.lastIndexOf('an'), 'banana'.lastIndexOf('an', 2)]", [3, 1]),
    ("'banana'.substring(0, 6) + 'banana'.substring(4)", "bananana"),
    ("[' x '.trim(), 'aÉ'.upperAscii(), 'ABÉ'.lowerAscii(), 'abc'.reverse()]", ["x", "AÉ", "abÉ", "cba"]),
    ("'%s has %d of %.2f%%, %x'.format([body.map.b, body.id, 12.345, 255])", "{c: d} has 42 of 12.35%, ff"),
    ("strings.quote('a\"b\\n')", '"a\\"b\\n"'),
    ("base64.encode(b'hello') + string(base64.decode('aGVsbG8'))", "aGVsbG8=hello"),
    ("[math.greatest(1, 2.5, 2u), math.least(body.list)]", [2.5, 1]),
    ("[math.round(2.5), math.floor(-1.5), math.abs(-2), math.sign(-0.5)]", [3.0, -2.0, 2, -1.0]),
    ("[math.bitAnd(6, 3), math.bitShiftLeft(1, 4), math.bitNot(0)]", [2, 16, -1]),
]
FAILURES = [
    "body.x",
    "body.none.x",
    "body.id.x",
    "body.name.x",
    "body.none.?x",
    "has(body.none.x)",
    "body.list[3]",
    "body.list[-1]",
    "body['x']",
    "body.big + 1",
    "body.unsigned + 1",
    "body.huge - body.huge",
    "body.id + body.half",
    "body.id + body.name",
    "body.id < body.name",
    "-body.yes",
    "!body.id",
    "body.id && true",
    "body.id ? 1 : 2",
    "body.list.exists(x, x)",
    "body.id.exists(x, true)",
    "1 / 0",
    "1 % 0",
    "int(body.half / 0.0)",
    "int(1e19)",
    "uint(-1)",
    "int('4 2')",
    "int(dyn(true))",
    "string(b'\\xff')",
    "timestamp(body.name)",
    "timestamp('9999-12-31T23:59:59Z') + duration('1s')",
    "optional.none().value()",
    "duration('315576000' + '001s')",
    "{'a': 1, 'a': 2}",
    "{dyn(1.5): 1}",
    "'abc'.charAt(4)",
    "'%d'.format(['x'])",
    "'%d'.format([])",
    "'%y'.format([1])",
    "body.name.matches(body.nul + '(')",
    "base64.decode('a')",
    "['a', dyn(1)].join()",
    "math.abs(-9223372036854775807 - 1)",
]


@pytest.mark.parametrize(("text", "expected"), VALUES, ids=[text for text, _ in VALUES])
def test_an_expression_gives(text: str, expected: Any) -> None:
    """The value, of the type."""
    value = Environment({"body": "dyn"}).compile(text).value({"body": BODY})
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize("text", FAILURES)
def test_an_expression_fails(text: str) -> None:
    """With an error that says why, which is not that it was too much work."""
    with pytest.raises(ExpressionError) as raised:
        Environment({"body": "dyn"}).compile(text).value({"body": BODY})
    assert str(raised.value)
    assert not raised.value.exhausted


@pytest.mark.parametrize(
    "text",
    [
        "bdoy.x",
        "body.x +",
        "nope(body)",
        "1 + 'a'",
        "1 == 1.0",
        "'a' ? 1 : 2",
        "body.matches('(')",
        "timestamp('yesterday')",
        "duration('1 day')",
        "timestamp(0).getHours('Nowhere/Land')",
        "raw(body) + 'b'",
        "string(raw(body))",
        "google.protobuf.Value{}",
        "dyn",
        "'a' == 'b",
        "",
    ],
)
def test_what_does_not_load(text: str) -> None:
    """What is wrong whatever comes is told when it is loaded."""
    with pytest.raises(CompileError):
        Environment({"body": "dyn"}).compile(text)
