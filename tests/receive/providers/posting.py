"""Building providers as the file would, and requests as the wire would."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any, Final

from relay.clock import SECOND
from relay.config.schema import SourceConfig
from relay.errors import Problem
from relay.event import Headers
from relay.receive.providers.known import build
from relay.receive.providers.protocol import Identity, Provider, Request, Wanted

NOW: Final = 1_764_000_000 * SECOND
PUBLIC_URL: Final = "https://hooks.example.com"

Given = Mapping[str, str | bytes] | Headers


def provider(public_url: str | None = PUBLIC_URL, name: str = "shop", **table: Any) -> Provider:
    """The provider of `[source.shop]` with the table's keys."""
    built = build(name, SourceConfig.model_validate(table), public_url)
    assert not isinstance(built, list), built
    return built


def problems(public_url: str | None = PUBLIC_URL, **table: Any) -> list[Problem]:
    """What is wrong with `[source.shop]`."""
    built = build("shop", SourceConfig.model_validate(table), public_url)
    assert isinstance(built, list)
    return built


def post(headers: Given, body: bytes = b"", query: str = "", path: str = "/in/shop") -> Request:
    """A POST as it came."""
    pairs: Iterable[tuple[bytes, bytes]]
    if isinstance(headers, tuple):
        pairs = headers
    else:
        pairs = [(name.encode(), _raw(value)) for name, value in headers.items()]
    return Request("POST", path, query, tuple(pairs), body)


def _raw(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def status(source: Provider, request: Request, now: int = NOW) -> int:
    """200 if the sender is believed, else the answer's status."""
    rejected = source.verify(request, now)
    assert not isinstance(rejected, Wanted)
    return 200 if rejected is None else rejected.status


def identity(source: Provider, request: Request) -> Identity:
    """The names of a request that has them."""
    named = source.identify(request)
    assert isinstance(named, Identity), named
    return named


def hexmac(secret: str | bytes, text: bytes, algorithm: str = "sha256") -> str:
    """The HMAC by the standard library's slow and plain way."""
    return hmac.new(_raw(secret), text, getattr(hashlib, algorithm)).hexdigest()
