"""What an answer's body says, with no number changed on the way.

Expressions work on plain values, where a double is rounded. So there are two readings: the plain one, whose
ints are exact whatever their size, and, only where a fraction would not be written as it came, an exact one,
in which such numbers are `Number`: what an event's body is made of.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, Final

import orjson

from relay.http.feed import BadFeed, read_feed
from relay.template import Unfit
from relay.view import Number

_LONG: Final = re.compile(rb"[0-9]{19}")
"""orjson makes a double of an int beyond 64 bits."""
_FRACTION: Final = re.compile(
    rb"(?<![^:,\[\s])-?[0-9]+(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)(?=[,\]}\s]|\Z)"
)
"""A number that is read as a double, or looks like one in a text."""
_OURS: Final = orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS
"""Numbers and times of expressions are not for orjson to write in its own way."""
_MARK: Final = b"\xef\xbb\xbf"
_CHARSET: Final = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9_.:\-]{1,40})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Document:
    """A body as expressions see it, and, where that differs, as it was written."""

    body: Any
    exact: Any = None
    """None: `body` is exact itself."""


def read_document(body: bytes, kind: str, content_type: str = "") -> Document:
    """The document of a body: `json`, `feed` or `text`. Unfit where it is none."""
    match kind:
        case "feed":
            try:
                return Document(read_feed(body))
            except BadFeed as error:
                raise Unfit(f"its body is no feed: {error}") from None
        case "text":
            return Document(_text(body, content_type))
    return _json(body.removeprefix(_MARK))


def _text(body: bytes, content_type: str) -> str:
    found = _CHARSET.search(content_type)
    try:
        return body.decode(found[1] if found else "utf-8", "replace")
    except LookupError:
        return body.decode("utf-8", "replace")


def _json(body: bytes) -> Document:
    try:
        return Document(_plain(body), _exact(body) if _is_changed(body) else None)
    except RecursionError:
        raise Unfit("its body is nested too deep") from None
    except ValueError:
        raise Unfit("its body is no JSON") from None


def _is_changed(body: bytes) -> bool:
    """Whether a double may be written in another way than the number was that it was read from."""
    return any(_differs(found[0].decode()) for found in _FRACTION.finditer(body))


def _differs(written: str) -> bool:
    return repr(float(written)) != written


def _plain(body: bytes) -> Any:
    """What orjson refuses and JSON allows is read, too: half a surrogate pair, where a text was cut."""
    if not _LONG.search(body):
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            pass
    return json.loads(body, parse_constant=_constant)


def _constant(_name: str) -> Any:
    raise ValueError("NaN and Infinity are no JSON")


def _exact(body: bytes) -> Any:
    """The document with every number that a double would change as it was written; None: there is none."""
    changed = False

    def fraction(written: str) -> float | Number:
        nonlocal changed
        if not _differs(written):
            return float(written)
        changed = True
        return Number(written)

    document = json.loads(body, parse_float=fraction)
    return document if changed else None


def written(value: Any) -> bytes:
    """A JSON value as compact UTF-8: keys in the order in which they came, numbers as they came. Unfit."""
    try:
        return orjson.dumps(value, default=_fragment, option=_OURS)
    except TypeError:
        # an int beyond 64 bits, or half a surrogate pair, which orjson does not write
        return _slowly(value)


def _fragment(value: Any) -> Any:
    if isinstance(value, Number):
        return orjson.Fragment(value.encode())
    raise TypeError


def _slowly(value: Any) -> bytes:
    try:
        return _literal(value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise Unfit(f"it cannot be written as JSON: {error}") from None


def _literal(value: Any) -> str:
    match value:
        case Number():
            return value
        case dict():
            return "{" + ",".join(f"{_key(key)}:{_literal(part)}" for key, part in value.items()) + "}"
        case list():
            return "[" + ",".join(map(_literal, value)) + "]"
    return json.dumps(value, allow_nan=False)


def _key(key: Any) -> str:
    if type(key) is not str:
        raise TypeError("a key that is no text")
    return json.dumps(key)
