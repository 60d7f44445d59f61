"""From values to JSON: the same bytes at each attempt."""

from typing import Any

import orjson
import pytest

from relay.expression.environment import Environment
from relay.expression.errors import ExpressionError
from relay.expression.output import dumps

ENVIRONMENT = Environment({"body": "dyn"})


def written(text: str, body: Any = None) -> bytes:
    return dumps(ENVIRONMENT.compile(text).json({"body": body}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{'b': 1, 'a': [true, null, 'ü', 1.5]}", '{"a":[true,null,"ü",1.5],"b":1}'),
        ("timestamp('2026-01-02T03:04:05.060+01:00')", '"2026-01-02T02:04:05.06Z"'),
        ("[duration('90s'), duration('1.5s'), duration('-1ns')]", '["90s","1.5s","-0.000000001s"]'),
        ("b'\\xff\\x00'", '"/wA="'),
        ("[18446744073709551615u, -9223372036854775807]", "[18446744073709551615,-9223372036854775807]"),
        ("{1: 'a', 2u: 'b', true: 'c', 'x': 'd'}", '{"1":"a","2":"b","true":"c","x":"d"}'),
    ],
)
def test_is_written(text: str, expected: str) -> None:
    """Compact, in UTF-8, with sorted keys; times as text, bytes as base64, keys as text."""
    assert written(text).decode() == expected


@pytest.mark.parametrize(
    "text",
    [
        "1.0 / 0.0",
        "[0.0 / 0.0]",
        "[optional.of(1)]",
        "{'a': optional.none()}",
        "int",
        "raw('a')",
        "{1: 'a', '1': 'b'}",
    ],
)
def test_what_json_has_not_is_an_error(text: str) -> None:
    """NaN, infinity, optionals within, types, raw text, and two keys that would be one."""
    with pytest.raises(ExpressionError):
        written(text)


@pytest.mark.parametrize("number", [2**63, 2**64 - 1, 2**64, -(2**70), 10**40])
def test_integers_stay_exact(number: int) -> None:
    """Whatever their size, and whatever stands beside them."""
    assert written("{'b': body, 'a': 'ü'}", number).decode() == f'{{"a":"ü","b":{number}}}'


def test_the_value_is_fresh() -> None:
    """Nobody who changes it changes the event."""
    body = {"a": {"b": [1]}}
    made = ENVIRONMENT.compile("body").json({"body": body})
    made["a"]["b"].append(2)
    assert body == {"a": {"b": [1]}}


def test_a_document_comes_out_as_it_went_in() -> None:
    """All that JSON can say passes unchanged."""
    text = b'{"a":[1,-1,0.5,1e300,true,false,null,"\\u0000\\"\\\\",{}],"\xc3\xa9":"\xf0\x9f\x9a\x80"}'
    assert orjson.loads(written("body", orjson.loads(text))) == orjson.loads(text)


def test_what_is_no_json_value_is_refused() -> None:
    """`dumps` alone is as strict."""
    for value in (object(), "\ud800", {1, 2}):
        with pytest.raises(ExpressionError):
            dumps(value)


@pytest.mark.parametrize("text", ["body", "body == body", "'%s'.format([body]) != ''"])
def test_200_levels_are_put_out(text: str) -> None:
    """Deeper ones end the evaluation, wherever on Python's stack it began."""
    deep: Any = 1
    for _ in range(200):
        deep = [deep]
    assert written(text, deep)
    with pytest.raises(ExpressionError, match="nested deeper than 200 levels"):
        written(text, [deep])
