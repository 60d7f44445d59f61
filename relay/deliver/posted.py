"""CloudEvents as their senders posted them.

What is not legal in one is left out, and control characters are percent-encoded: a target may refuse an
event, or a whole batch, for less.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from relay.attribute import decoded
from relay.deliver.cloudevent import REQUIRED, Attributes, CloudEvent, Value, is_json, legal
from relay.event import Headers

DATA: Final = frozenset({"data", "data_base64"})
"""Members of a structured event that are no attributes."""
_DECODER: Final = json.JSONDecoder(parse_int=len, parse_float=len)
"""Numbers are only passed over: a long one must not be made."""
_NAME: Final = re.compile(r'[{,\s]+(?=")')
_COLON: Final = re.compile(r"\s*:\s*")


def is_sound(body: bytes) -> bool:
    """Whether a structured event is legal in all of its parts, and can go on as it is."""
    document = _object(body)
    return (
        document is not None
        and all(_is_legal(name, value) for name, value in document.items() if name not in DATA)
        and all(name in document for name in REQUIRED)
        and ("data" not in document or "data_base64" not in document)
        and _is_base64(document.get("data_base64", ""))
    )


def _is_legal(name: str, value: object) -> bool:
    kept = legal(name, value)
    return kept is not None and kept == value


def from_json(body: bytes) -> CloudEvent | None:
    """The event that `body` is in structured mode; None: it is none."""
    members = None if _object(body) is None else members_of(body)
    if members is None:
        return None
    attributes = _event(
        {name: _attribute(name, written) for name, written in members.items() if name not in DATA}
    )
    return None if attributes is None else _with_data(attributes, members)


def from_headers(headers: Headers, body: bytes) -> CloudEvent | None:
    """The event of a request in binary mode, without `datacontenttype`; None: it is none.

    Of a repeated attribute the first counts.
    """
    found: dict[str, Value | None] = {}
    for raw, value in headers:
        if raw[:3].lower() == b"ce-":
            name = raw[3:].lower().decode("latin-1")
            try:
                found.setdefault(name, legal(name, decoded(value)))
            except UnicodeDecodeError:
                return None
    found.pop("datacontenttype", None)  # that is the Content-Type, and nothing else
    attributes = _event(found)
    return None if attributes is None else CloudEvent(attributes, body or None)


def _event(found: Mapping[str, Value | None]) -> Attributes | None:
    attributes = {name: value for name, value in found.items() if value is not None}
    return attributes if all(name in attributes for name in REQUIRED) else None


def _attribute(name: str, written: bytes) -> Value | None:
    """One of a structured event; a number that can be none there goes as its text."""
    value = orjson.loads(written)
    kept = legal(name, value)
    if kept is None and isinstance(value, int | float):
        return legal(name, written.decode())
    return kept


def _with_data(attributes: Attributes, members: Mapping[str, bytes]) -> CloudEvent | None:
    encoded = members.get("data_base64", b"null")
    if encoded != b"null":
        text = orjson.loads(encoded)
        if not _is_base64(text) or members.get("data", b"null") != b"null":
            return None
        return CloudEvent(attributes, base64.b64decode(text), b'"data_base64":' + encoded)
    if "data" not in members:
        return CloudEvent(attributes, None)
    written = members["data"]
    event = CloudEvent(attributes, written, b'"data":' + written)
    if written.startswith(b'"') and not is_json(event.data_type):
        return CloudEvent(attributes, orjson.loads(written).encode(), event.member)
    return event


# JSON


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def _is_base64(text: object) -> bool:
    try:
        return isinstance(text, str) and base64.b64decode(text, validate=True) is not None
    except (binascii.Error, ValueError):
        return False


def members_of(body: bytes) -> dict[str, bytes] | None:
    """The members of a JSON object as they were written, by name; None if it is nested too deeply.

    `body` is known to be one.
    """
    members: dict[str, bytes] = {}
    text, at = body.decode(), 0
    try:
        while begin := _NAME.match(text, at):
            name, end = _DECODER.raw_decode(text, begin.end())
            begin = _COLON.match(text, end)
            assert begin is not None
            _, at = _DECODER.raw_decode(text, begin.end())
            members[name] = text[begin.end() : at].encode()
    except RecursionError:
        return None
    return members
