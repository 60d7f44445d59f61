"""The preset `fedex`: what makes two pushes one event."""

import hashlib

import orjson
import pytest

from relay.receive.providers.protocol import Rejected
from tests.receive.providers.posting import identity, post, provider

SOURCE = provider(provider="fedex", secret="Token0fFedEx0Token0fFedEx0")
FIRST = b'{"transactionId":"a","outputMetaData":[{"attempt":1}],"output":{"x":[1,2],"y":"\xc3\xbc"}}'
PLAIN = b'{"transactionId":"a","output":{"x":[1,2],"y":"\xc3\xbc"}}'


def key(body: bytes) -> str | None:
    return identity(SOURCE, post({}, body)).key


@pytest.mark.parametrize(
    "again",
    [
        FIRST.replace(b":1}", b":2}"),
        FIRST.replace(b'"a"', b'"b"'),
        FIRST.replace(b"\xc3\xbc", b"\\u00fc"),
        b'{ "output": {"y": "\xc3\xbc", "x": [1, 2]}, "outputMetaData": null }',
    ],
)
def test_a_push_repeated(again: bytes) -> None:
    """However a push counts itself, what it tells is one event."""
    assert key(again) == key(FIRST)


@pytest.mark.parametrize(
    "other",
    [FIRST.replace(b"[1,2]", b"[2,1]"), FIRST.replace(b'"y"', b'"z"'), FIRST.replace(b"1,2", b"1,2.5")],
)
def test_something_else_told(other: bytes) -> None:
    """Anything that differs in `output` is another event, though the parcel and its state were the same."""
    assert key(other) != key(FIRST)


@pytest.mark.parametrize(
    "body",
    [
        PLAIN,
        b"[1]",
        b'{"outputMetaData":[]}',
        b'{"outputMetaData":[],"output":' + b"[" * 400 + b"]" * 400 + b"}",
    ],
)
def test_else_the_body(body: bytes) -> None:
    """Where no push counts itself, or `output` cannot be written again, the bytes are the id."""
    assert key(body) == hashlib.sha256(body).hexdigest()


def test_no_json() -> None:
    """FedEx posts JSON; what is none is 400."""
    assert isinstance(SOURCE.identify(post({}, b"output=1")), Rejected)


@pytest.mark.parametrize(
    "body", [b'{"output":{"completeTrackResults":[]}}', b'{"output":{"completeTrackResults":[{}]}}']
)
def test_without_a_status(body: bytes) -> None:
    """What tells no status is an event all the same."""
    assert identity(SOURCE, post({}, body)).type is None


@pytest.mark.parametrize(
    ("date", "occurred"), [("2026-01-05T07:40:00-06:00", 1_767_620_400_000_000), ("", None), ("soon", None)]
)
def test_when(date: str, occurred: int | None) -> None:
    """The newest scan's moment."""
    scans = [{"date": date}, {"date": "2026-01-01T00:00:00Z"}]
    body = orjson.dumps({"output": {"completeTrackResults": [{"trackResults": [{"scanEvents": scans}]}]}})
    assert identity(SOURCE, post({}, body)).occurred == occurred
