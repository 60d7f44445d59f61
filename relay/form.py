"""Form-encoded bodies: parsed without trust, only where something asks for a field."""

from typing import Final
from urllib.parse import unquote_to_bytes

MEDIA_TYPE: Final = b"application/x-www-form-urlencoded"
MOST_FIELDS: Final = 1000
"""A body of more is no form: forms are parsed before their signature can be checked."""
MOST_ESCAPES: Final = 200_000
"""Likewise, for each costs 100 bytes and a microsecond."""


def is_form(content_type: bytes | None) -> bool:
    """Whether a Content-Type says so, with whatever charset."""
    return (content_type or b"").partition(b";")[0].strip().lower() == MEDIA_TYPE


def fields(body: bytes) -> list[tuple[bytes, bytes]] | None:
    """Names and values in order, percent-decoded; None if there are too many."""
    if body.count(b"&") >= MOST_FIELDS or body.count(b"%") > MOST_ESCAPES:
        return None
    return [_field(part) for part in body.split(b"&") if part]


def _field(part: bytes) -> tuple[bytes, bytes]:
    name, _, value = part.replace(b"+", b" ").partition(b"=")
    return unquote_to_bytes(name), unquote_to_bytes(value)


def as_map(body: bytes) -> dict[str, str] | None:
    """A form, or a query, as expressions see it: of a repeated name the first value."""
    pairs = fields(body)
    if pairs is None:
        return None
    return {_text(name): _text(value) for name, value in reversed(pairs)}


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
