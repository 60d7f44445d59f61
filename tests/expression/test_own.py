"""relay's functions beside CEL's."""

from typing import Any

import pytest

from relay.expression.environment import Environment
from relay.expression.errors import ExpressionError
from relay.expression.own import OWN
from relay.expression.values import Raw, Timestamp

ENVIRONMENT = Environment({"body": "dyn", "headers": "map(string, string)"})
SECOND = 1_000_000_000
BODY = {
    "a": {"b": None, "c": 5, "": 1},
    "list": [[1, 2], 3, [[4]], []],
    "text": "a/b ü~&",
    "json": '{"x": [1, 9007199254740993]}',
}
LINK = '<https://x.test/2>; rel="prev", </3?a=1,2>; title="a, b; rel=next"; REL="Last NEXT"'


def value(text: str, body: Any = BODY, headers: Any = None) -> Any:
    return ENVIRONMENT.compile(text).value({"body": body, "headers": headers})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("get(body, 'a.c', 0)", 5),
        ("get(body, 'a.c')", 5),
        ("get(body, 'a.b', 'none')", "none"),
        ("get(body, 'a.b')", None),
        ("get(body, 'a.x', 'none')", "none"),
        ("get(body, 'x.y.z', 'none')", "none"),
        ("get(body, 'a.c.d', 'none')", "none"),
        ("get(body, 'a.', 'none')", 1),
        ("get(null, 'a', 'none')", "none"),
        ("get(body, 'a.b', null)", None),
        ("last(body.list[0])", 2),
        ("last([])", None),
        ("flatten(body.list)", [1, 2, 3, [4]]),
        ("json(body.json).x", [1, 9007199254740993]),
        ("json(b'[true]')", [True]),
        ("encode(body.text)", "a%2Fb%20%C3%BC~%26"),
        ("raw(body.text)", Raw("a/b ü~&")),
        ("raw(body.a.c)", Raw(5)),
        ("unix(timestamp('1970-01-01T00:00:01.9Z'))", 1),
        ("unix(timestamp('1969-12-31T23:59:59.9Z'))", -1),
        ("unix_ms(timestamp('1970-01-01T00:00:01.9999Z'))", 1999),
        ("rfc3339(timestamp('2026-01-02T03:04:05.600+01:00'))", "2026-01-02T02:04:05.6Z"),
        ("date(timestamp('2026-01-02T23:30:00-01:00'))", "2026-01-03"),
    ],
)
def test_gives(text: str, expected: Any) -> None:
    """What the function promises."""
    assert value(text) == expected


@pytest.mark.parametrize("name", [name for name in OWN if name != "get"])
def test_null_is_passed_on(name: str) -> None:
    """Null in, null out."""
    assert (
        value(f"{name}(body{', body' if name == 'link' else ''})".replace(", body)", ", 'next')"), None)
        is None
    )


@pytest.mark.parametrize(
    ("given", "nanos"),
    [
        (1_700_000_000, 1_700_000_000 * SECOND),
        (1_700_000_000_123, 1_700_000_000_123_000_000),
        ("1700000000", 1_700_000_000 * SECOND),
        ("1700000000123", 1_700_000_000_123_000_000),
        ("1355517523.000005", 1_355_517_523_000_005_000),
        (1355517523.000005, 1_355_517_523_000_005_000),
        (1_700_000_000.5, 1_700_000_000_500_000_000),
        (1_700_000_000_123.25, 1_700_000_000_123_250_000),
        (-1.5, -1_500_000_000),
        (1e-7, 100),
        (0, 0),
        (95_617_583_999, 95_617_583_999 * SECOND),
        (95_617_584_000, 95_617_584_000_000_000),
        ("2023-11-14T22:13:20Z", 1_700_000_000 * SECOND),
        ("2023-11-14T23:13:20.123456789+01:00", 1_700_000_000_123_456_789),
        ("2023-11-14T23:13:20.5+0100", 1_700_000_000_500_000_000),
        (Timestamp(7), 7),
    ],
)
def test_any_time_is_understood(given: Any, nanos: int) -> None:
    """RFC 3339, seconds, or milliseconds where as seconds it would be past the year 5000."""
    assert value("ts(body)", given) == Timestamp(nanos)


@pytest.mark.parametrize(
    "given", ["", "soon", "12:00", "-95617584000", True, [], {}, float("nan"), 2**70, "1e5", "9" * 19, b"1"]
)
def test_what_is_no_time_is_an_error(given: Any) -> None:
    """Nothing is guessed."""
    with pytest.raises(ExpressionError):
        value("ts(body)", given)


@pytest.mark.parametrize(
    "text",
    [
        "last('abc')",
        "flatten(1)",
        "unix(5)",
        "rfc3339('2026-01-01T00:00:00Z')",
        "json('[')",
        "json(5)",
        "encode(5)",
        "raw(body)",
        "raw([1])",
        "link({'link': 5}, 'next')",
        "raw('a') == raw('a')",
        "get(body, 'a', 1) + raw('x')",
    ],
)
def test_other_types_are_errors(text: str) -> None:
    """An error that an `||` may do without, or one at load."""
    with pytest.raises(ExpressionError):
        value(text)


@pytest.mark.parametrize(
    ("header", "relation", "expected"),
    [
        (LINK, "next", "/3?a=1,2"),
        (LINK, "last", "/3?a=1,2"),
        (LINK, "prev", "https://x.test/2"),
        (LINK, "first", None),
        ("<a>; rel=next", "next", "a"),
        ("<a>;rel=next , <b>;rel=next", "next", "a"),
        ("<a>; anchor='#x'; rel=next, <b>; rel=next", "next", "b"),
        ('<a>; rel="x"; rel="next"', "next", None),
        ('<a>; title="\\"<b>; rel=next"; rel=next', "next", "a"),
        ("<>; rel=next", "next", ""),
        ("a; rel=next", "next", None),
        ("<a; rel=next", "next", None),
        ("", "next", None),
    ],
)
def test_a_link_header_is_read(header: str, relation: str, expected: str | None) -> None:
    """As RFC 8288 writes it: several links, quoted parameters, several relations in one."""
    assert value(f"link(headers, '{relation}')", headers={"link": header}) == expected


def test_without_a_link_header_there_is_no_link() -> None:
    """Null, which ends a list of pages."""
    assert value("link(headers, 'next')", headers={"x": "y"}) is None
