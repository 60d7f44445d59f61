"""A body inside JSON: as it was written where it is JSON, else a string; always one line."""

import base64
import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.deliver.embed import as_json, batch_body, embed
from tests.deliver.documents import DOCUMENTS


def written(text: bytes) -> object:
    """A document with its numbers as they were written, its members in order, repeated ones too."""
    return json.loads(text, parse_float=str, parse_int=str, object_pairs_hook=lambda pairs: ("map", pairs))


def on_one_line(text: bytes) -> bool:
    return not set(text) & set(b"\r\n")


@given(DOCUMENTS)
def test_json_goes_in_as_it_was_written(text: str) -> None:
    """Numbers, order, repeated keys: the same document, on one line."""
    made = embed(text.encode())
    assert on_one_line(made)
    assert written(made) == written(text.encode())


@given(st.binary() | st.text().map(str.encode) | DOCUMENTS.map(lambda text: text[:-1].encode()))
def test_whatever_comes_is_json_on_one_line(body: bytes) -> None:
    """What is no JSON is a string that holds all of it: its text, or base64."""
    made = embed(body)
    assert on_one_line(made)
    if as_json(body) is None:
        assert orjson.loads(made) == told(body)
    else:
        assert written(made) == written(body)


def told(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return base64.b64encode(body).decode()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", '""'),
        (b" ", '" "'),
        (b"hello\nyou", r'"hello\nyou"'),
        (b"\xff\x00", '"/wA="'),
        (b'{"a": 1.50,\r\n "b": 12345678901234567890123}\n', '{"a": 1.50, "b": 12345678901234567890123}'),
        (b'{"a":1,"a":2}', '{"a":1,"a":2}'),
        (b"1E400", "1E400"),
        (b"[" + b"9" * 400 + b"]", "[" + "9" * 400 + "]"),
        (b"-0.0", "-0.0"),
        (b"NaN", '"NaN"'),
        (b"[1E400, NaN]", '"[1E400, NaN]"'),
        (b"01", '"01"'),
        (b"\xef\xbb\xbf{}", '"\ufeff{}"'),
        (rb'"\ud800"', r'"\"\\ud800\""'),
        (rb'["\ud800",1E400]', r'"[\"\\ud800\",1E400]"'),
        ("\N{LINE SEPARATOR}".encode(), '"\u2028"'),
        (b"{}" * 2, '"{}{}"'),
    ],
)
def test_what_goes_in(body: bytes, expected: str) -> None:
    """An empty body, text, bytes, a mark of byte order, numbers beyond floats, halves of characters."""
    assert embed(body).decode() == expected


def test_nested_too_deeply() -> None:
    """What readers refuse would make all it stands among unreadable: it is a string."""
    deep = b"[" * 100_000 + b"]" * 100_000
    assert orjson.loads(embed(deep)) == deep.decode()


def test_plain_body_is_not_copied() -> None:
    """What is one line already goes in as it is."""
    body = b'{"n":1.50}'
    assert embed(body) is body


@given(st.lists(DOCUMENTS.map(str.encode) | st.binary(), max_size=5))
def test_batch(bodies: list[bytes]) -> None:
    """An array of all of them in their order, whatever they are."""
    made = batch_body(bodies)
    assert written(made) == [written(embed(body)) for body in bodies]
