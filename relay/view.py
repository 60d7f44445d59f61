"""What expressions see of a request: each part is made when it is first asked for."""

import hashlib
import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import orjson

from relay import form
from relay.event import Headers
from relay.text import wire


class _Absent:
    """The body is no JSON."""

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


ABSENT: Final = _Absent()


class Number(str):
    """A number as it was written, where a float would lose of it. Expressions only hand it on."""

    __slots__ = ()


class View(dict[str, Any]):
    """`headers`, `query`, `body`, `digest`, by name.

    `body` is the parsed JSON if the bytes parse, whatever the Content-Type, a form as a map, else None. Of
    a header or parameter that is repeated the first counts; bytes that are not UTF-8 are surrogates.
    """

    def __init__(self, headers: Headers, query: str, body: bytes) -> None:
        self.headers = headers
        self.query = query
        self.bytes = body
        self.parsed: tuple[Any] | None = None
        """The document, once it was read."""

    def __missing__(self, name: str) -> Any:
        value = self[name] = _PARTS[name](self)
        return value

    @property
    def json(self) -> Any:
        """The body as JSON, parsed once; ABSENT if it is none."""
        if self.parsed is None:
            self.parsed = (_parsed(self.bytes),)
        return self.parsed[0]

    def share(self, other: "View") -> None:
        """Take over what `other`, of the same body, has read of it by now."""
        self.parsed = other.parsed

    def exact(self) -> "View":
        """The same, but numbers that a float would round are `Number`s. Another parse, and a slow one."""
        view = View(self.headers, self.query, self.bytes)
        if self.json is not ABSENT and len(self.bytes) <= _LONGEST_EXACT:
            view["body"] = _exactly(self.bytes)
        return view


_LONGEST_EXACT: Final = 256 << 10


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return ABSENT


def _exactly(body: bytes) -> Any:
    try:
        return json.loads(body, parse_int=_whole, parse_float=Number)
    except (ValueError, RecursionError):
        return None


def _whole(digits: str) -> int | Number:
    return int(digits) if len(digits) < 19 else Number(digits)


def _headers(view: View) -> dict[str, str]:
    return {_name(raw): value.decode("utf-8", "surrogateescape") for raw, value in reversed(view.headers)}


@lru_cache(maxsize=512)
def _name(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape").lower()


def _query(view: View) -> dict[str, str]:
    return form.as_map(wire(view.query)) or {}


def _body(view: View) -> Any:
    document = view.json
    if document is not ABSENT:
        return document
    return form.as_map(view.bytes) if form.is_form(_content_type(view.headers)) else None


def _content_type(headers: Headers) -> bytes | None:
    return next((value for name, value in headers if name.lower() == b"content-type"), None)


def _digest(view: View) -> str:
    return hashlib.sha256(view.bytes).hexdigest()


_PARTS: Final[dict[str, Callable[[View], Any]]] = {
    "headers": _headers,
    "query": _query,
    "body": _body,
    "digest": _digest,
}
