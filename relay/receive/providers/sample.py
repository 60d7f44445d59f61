"""Samples of events, new each time: no two are the same bytes, nor of one id."""

import re
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final, Protocol

import orjson

from relay.clock import MILLISECOND, SECOND, rfc3339
from relay.receive.providers.protocol import Sample

_PLACEHOLDER: Final = re.compile(r"\{\{([a-zA-Z]+)(?::[a-z0-9]+)?\}\}")


class Table(Protocol):
    """A sample as a preset writes it.

    `{{uuid}}`, `{{hex}}` (16 digits), `{{HEX}}`, `{{number}}` (9 digits), `{{now}}` (RFC 3339), `{{seconds}}`
    and `{{milliseconds}}` (since 1970) are filled in; one that comes again has the same value, and
    `{{uuid:a}}`, `{{uuid:b}}` are two.
    """

    @property
    def type(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def content_type(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def query(self) -> str: ...


def fresh(table: Table, now: int) -> Sample:
    """A sample of this moment; `now` in microseconds since 1970."""
    values: dict[str, str] = {}
    fill = partial(_PLACEHOLDER.sub, partial(_value, values, now))
    return Sample(
        table.type,
        fill(table.body).encode(),
        table.content_type,
        tuple((name.encode(), fill(value).encode()) for name, value in table.headers.items()),
        fill(table.query),
    )


def _value(values: dict[str, str], now: int, match: re.Match[str]) -> str:
    return values.setdefault(match[0], KINDS[match[1]](now))


KINDS: Final[dict[str, Callable[[int], str]]] = {
    "uuid": lambda _now: str(uuid.uuid4()),
    "hex": lambda _now: secrets.token_hex(8),
    "HEX": lambda _now: secrets.token_hex(8).upper(),
    "number": lambda _now: str(100_000_000 + secrets.randbelow(900_000_000)),
    "now": rfc3339,
    "seconds": lambda now: str(now // SECOND),
    "milliseconds": lambda now: str(now // MILLISECOND),
}


def retyped(sample: Sample, kind: str) -> Sample:
    """`sample` as one of type `kind`: in headers and JSON, what says its type says the other.

    Where a header names but the type's first word (GitHub: `issues` of `issues.opened`), so it does then.
    """
    words = {first(sample.type): first(kind), sample.type: kind}
    headers = tuple(
        (name, words.get(text := value.decode(), text).encode()) for name, value in sample.headers
    )
    try:
        body = orjson.dumps(_replaced(orjson.loads(sample.body), sample.type, kind))
    except orjson.JSONDecodeError:
        body = sample.body
    return replace(sample, type=kind, headers=headers, body=body)


def first(kind: str) -> str:
    return kind.partition(".")[0]


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(part, old, new) for key, part in value.items()}
    if isinstance(value, list):
        return [_replaced(part, old, new) for part in value]
    return new if value == old else value
