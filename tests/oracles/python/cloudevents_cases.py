"""Events as they came, and what relay has to send for them as CloudEvents."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

STRUCTURED: Final = "application/cloudevents+json"
JSON: Final = "application/json"
ID: Final = "0c5f8d9a1b2c34567890"
OURS: Final = {
    "specversion": "1.0",
    "id": ID,
    "source": "https://hooks.example.com/in/shop",
    "type": "order.paid",
    "time": "2026-01-05T08:00:00.000001Z",
}
"""The attributes of an event whose sender posts no CloudEvents."""
THEIRS: Final = {
    "specversion": "1.0",
    "id": "A-0001",
    "source": "/relay/orders",
    "type": "example.order.paid",
    "time": "2026-01-05T07:59:50Z",
}
"""Those of an event that came as one."""
POSTED: Final = "cloud"
"""The source whose sender posts CloudEvents."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One event, and what goes out for it."""

    name: str
    came: tuple[tuple[str, str], ...]
    """Its headers."""
    body: bytes
    means: Mapping[str, Any]
    """The attributes that are read of both requests."""
    structured: str
    binary: Mapping[str, str]
    """Its headers; the body is the data."""
    data: bytes | None
    source: str = "shop"
    type: str = "order.paid"
    public_url: str | None = "https://hooks.example.com"
    transformed: str | None = None
    refused: bool = False
    """The SDK does not take it as it came."""


def _headers(attributes: Mapping[str, str], media: str | None = JSON) -> dict[str, str]:
    """Attributes that need no encoding."""
    named = {f"ce-{name}": value for name, value in attributes.items()}
    return named if media is None else {**named, "Content-Type": media}


def _members(attributes: Mapping[str, Any], *data: str) -> str:
    """A structured event as relay writes it."""
    written = json.dumps(attributes, separators=(",", ":"), ensure_ascii=False)
    return ",".join([written[:-1], *data]) + "}"


def _typed(attributes: Mapping[str, Any], media: str = JSON) -> dict[str, Any]:
    return {**attributes, "datacontenttype": media}


def _encoded(data: bytes) -> str:
    return f'"data_base64":"{base64.b64encode(data).decode()}"'


def _wrapped(name: str, body: bytes, said: str | None, told: str, member: str) -> Sent:
    """A body of any sender, which goes as data."""
    came = () if said is None else (("Content-Type", said),)
    typed = _typed(OURS, told)
    return Sent(name, came, body, typed, _members(typed, member), _headers(OURS, told), body)


def _of_any_sender() -> Iterator[Sent]:
    numbers = b'{"n": 1.50, "big": 12345678901234567890123, "t": "\xc3\xbc"}'
    yield _wrapped("JSON, its numbers as written", numbers, JSON, JSON, '"data":' + numbers.decode())
    own = "application/vnd.shop+json; charset=utf-8"
    yield _wrapped("a type of JSON of its own", b"[1]", own, own, '"data":[1]')
    yield _wrapped("JSON without a type", b" [1] ", None, JSON, '"data": [1] ')
    for name, body, media in (
        ("text", b"hello", "text/plain"),
        ("bytes", b"\xff\x00", "image/x-icon"),
        ("a JSON string, but as text", b'"hello"', "text/plain; charset=utf-8"),
        ("broken JSON", b'{"a":', JSON),
    ):
        yield _wrapped(name, body, media, media, _encoded(body))
    bare = b"\xff\x00"
    yield _wrapped("bytes without a type", bare, None, "application/octet-stream", _encoded(bare))
    yield Sent("no body", (("Content-Type", JSON),), b"", OURS, _members(OURS), _headers(OURS, None), None)
    yield from _in_words_of_its_own()


def _in_words_of_its_own() -> Iterator[Sent]:
    bare = {**OURS, "source": "/in/shop", "type": "relay.event"}
    yield Sent(
        "no type, no public_url",
        (("Content-Type", JSON),),
        b"{}",
        _typed(bare),
        _members(_typed(bare), '"data":{}'),
        _headers(bare),
        b"{}",
        type="",
        public_url=None,
    )
    named = {**OURS, "type": 'größer "100" %, €%0A😀'}
    yield Sent(
        "a type that headers cannot hold",
        (("Content-Type", JSON),),
        b"{}",
        _typed(named),
        _members(_typed(named), '"data":{}'),
        {
            **_headers(OURS),
            "ce-type": "gr%C3%B6%C3%9Fer%20%22100%22%20%25,%20%E2%82%AC%250A%F0%9F%98%80",
        },
        b"{}",
        type='größer "100" %, €\n😀',
    )
    yield Sent(
        "what a route made of it",
        (("Content-Type", "text/plain"), ("Content-Encoding", "gzip")),
        b"\x1f\x8b",
        _typed(OURS),
        _members(_typed(OURS), '"data":{"id":1.50}'),
        _headers(OURS),
        b'{"id":1.50}',
        transformed='{"id":1.50}',
    )
    yield Sent(
        "forged attributes",
        (("ce-id", "forged"), ("CE-Source", "/forged"), ("ce-level", "9"), ("Content-Type", STRUCTURED)),
        b'{"specversion":"1.0","id":"forged","source":"/forged","type":"forged"}',
        _typed(OURS),
        _members(
            _typed(OURS), '"data":{"specversion":"1.0","id":"forged","source":"/forged","type":"forged"}'
        ),
        _headers(OURS),
        b'{"specversion":"1.0","id":"forged","source":"/forged","type":"forged"}',
    )


def _that_came_as_one() -> Iterator[Sent]:
    structured = (("Content-Type", f"{STRUCTURED}; charset=utf-8"),)
    extended = {**THEIRS, "subject": "ü 1", "level": 7, "urgent": True, "note": ""}
    headers = {
        **_headers(THEIRS),
        "ce-subject": "%C3%BC%201",
        "ce-level": "7",
        "ce-urgent": "true",
        "ce-note": "",
    }
    body = _members(_typed(extended), '"data" : {"n": 1.50}').replace(",", " ,\t")
    yield Sent(
        "structured, as it came",
        structured,
        body.encode(),
        _typed(extended),
        body,
        headers,
        b'{"n": 1.50}',
        source=POSTED,
    )
    yield from _in_binary(extended, headers)
    yield from _with_other_data(structured)


def _in_binary(extended: Mapping[str, Any], headers: Mapping[str, str]) -> Iterator[Sent]:
    texts = {**extended, "level": "7", "urgent": "true"}
    yield Sent(
        "binary",
        (*headers.items(), ("ce-id", "second")),
        b'{"n": 1.50}',
        _typed(texts),
        _members(_typed(texts), '"data":{"n": 1.50}'),
        headers,
        b'{"n": 1.50}',
        source=POSTED,
    )


def _with_other_data(structured: tuple[tuple[str, str], ...]) -> Iterator[Sent]:
    for name, member, media, data in (
        ("structured, of text", '"data":"hü"', "text/plain", "hü".encode()),
        ("structured, of bytes", '"data_base64":"/wA="', "image/x-icon", b"\xff\x00"),
        ("structured, a JSON string", '"data":"h"', JSON, b'"h"'),
    ):
        typed = _typed(THEIRS, media)
        sent = _members(typed, member)
        yield Sent(name, structured, sent.encode(), typed, sent, _headers(THEIRS, media), data, source=POSTED)
    empty = _members(THEIRS)
    yield Sent(
        "structured, without data",
        structured,
        empty.encode(),
        THEIRS,
        empty,
        _headers(THEIRS, None),
        None,
        source=POSTED,
    )


def _shaped_on_the_way() -> Iterator[Sent]:
    structured = (("Content-Type", STRUCTURED),)
    extended = {**THEIRS, "dataschema": "/of/the/old", "level": 7}
    kept = {**THEIRS, "level": 7}
    yield Sent(
        "structured, and what a route made of it",
        structured,
        _members(_typed(extended, "text/plain"), '"data":"old"').encode(),
        _typed(kept),
        _members(_typed(kept), '"data":{"id":1}'),
        {**_headers(THEIRS), "ce-level": "7"},
        b'{"id":1}',
        source=POSTED,
        transformed='{"id":1}',
    )
    yield Sent(
        "binary, and what a route made of it",
        tuple(_headers(THEIRS, "text/plain").items()),
        b"old",
        _typed(THEIRS),
        _members(_typed(THEIRS), '"data":{"id":1}'),
        _headers(THEIRS),
        b'{"id":1}',
        source=POSTED,
        transformed='{"id":1}',
    )


def _with_what_is_not_legal() -> Iterator[Sent]:
    structured = (("Content-Type", STRUCTURED),)
    unfit = {
        **THEIRS,
        "My-Level": 1,
        "data_x": "",
        "subject": None,
        "list": [1],
        "share": 0.5,
        "long": 1 << 40,
    }
    fit = {**THEIRS, "share": "0.5", "long": str(1 << 40)}
    yield Sent(
        "structured, with what is not legal",
        structured,
        _members(_typed(unfit), '"data":{"n":1.50}').encode(),
        _typed(fit),
        _members(_typed(fit), '"data":{"n":1.50}'),
        _headers(fit),
        b'{"n":1.50}',
        source=POSTED,
        refused=True,
    )
    yield Sent(
        "binary, with a data attribute",
        (
            *_headers(THEIRS).items(),
            ("ce-data", "x"),
            ("ce-my_level", "1"),
            ("ce-datacontenttype", "text/html"),
        ),
        b"{}",
        _typed(THEIRS),
        _members(_typed(THEIRS), '"data":{}'),
        _headers(THEIRS),
        b"{}",
        source=POSTED,
        refused=True,
    )


CASES: Final = (*_of_any_sender(), *_that_came_as_one(), *_shaped_on_the_way(), *_with_what_is_not_legal())
