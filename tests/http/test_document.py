"""Bodies: read so that no number changes, and written so that none does."""

from contextlib import suppress
from typing import Any

import pytest

from relay.http.document import read_document, written
from relay.template import Unfit
from relay.view import Number


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a":9007199254740993}', {"a": 9007199254740993}),
        (b"18446744073709551616", 18446744073709551616),
        (b"-9223372036854775809", -9223372036854775809),
        (b'\xef\xbb\xbf["\xc3\xbc", 0.5, 1e3, null, true]', ["ü", 0.5, 1000.0, None, True]),
    ],
)
def test_expressions_see_plain_values(body: bytes, value: Any) -> None:
    """Ints are exact, whatever their size."""
    assert read_document(body, "json").body == value


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1.50,"b":[1.0,2]}',
        b"1e400",
        b"0.1000000000000000055511151231257827",
        b'[1E2,-0.0,"1.50"]',
        b'{"cut":"\\ud83d","n":2.50}',
        b'{"n":123456789012345678901234567890.50,"m":123456789012345678901234567890}',
    ],
)
def test_numbers_are_written_as_they_came(body: bytes) -> None:
    """Byte for byte, also those that no double holds."""
    document = read_document(body, "json")
    assert written(document.body if document.exact is None else document.exact) == body


def test_only_what_a_double_changes_is_marked() -> None:
    """So that the second reading is made for such bodies only."""
    assert read_document(b'{"a":0.5,"at":"1.50"}', "json").exact is None
    exact = read_document(b'{"a":0.5,"b":1.50}', "json").exact
    assert (exact, type(exact["a"]), type(exact["b"])) == ({"a": 0.5, "b": "1.50"}, float, Number)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"<html>",
        b"NaN",
        b'{"a":1234567890123456789,"b":Infinity}',
        b"[" * 100_000,
        b"\xff",
        b"1" * 5000,
    ],
)
def test_what_is_no_json(body: bytes) -> None:
    """An expected failure, whatever it is."""
    with pytest.raises(Unfit):
        read_document(body, "json")


@pytest.mark.parametrize(
    "value", [b"bytes", {1: 2}, {"a": object()}, float("nan"), [[1, {2: Number("1.0")}]]]
)
def test_what_cannot_be_written(value: Any) -> None:
    """No JSON comes of it, or NaN as null, which is what it is in JSON."""
    if value != value:  # noqa: PLR0124  NaN alone is not itself
        assert written(value) == b"null"
        return
    with pytest.raises(Unfit):
        written(value)


def test_a_deep_value_is_an_expected_failure() -> None:
    """Whatever could be read can be written, or is told."""
    deep = read_document(b"[" * 900 + b"1" + b"]" * 900, "json").body
    with suppress(Unfit):
        assert written(deep) == b"[" * 900 + b"1" + b"]" * 900


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/plain; charset=iso-8859-1", b"\xfc", "ü"),
        ("text/plain", b"\xc3\xbc\xff", "ü\ufffd"),
        ("text/plain; charset=klingon", b"a", "a"),
        ("", b"", ""),
    ],
)
def test_texts(content_type: str, body: bytes, text: str) -> None:
    """In the encoding that is named, else UTF-8; what is neither is replaced."""
    assert read_document(body, "text", content_type).body == text
