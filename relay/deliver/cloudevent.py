"""CloudEvents 1.0: what is legal in one, and how it goes out, structured or binary."""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from relay.attribute import encoded
from relay.deliver.embed import as_json
from relay.expression.errors import ErrorValue
from relay.expression.times import parse_timestamp
from relay.text import wire

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
ANY_FORMAT: Final = "application/cloudevents"
JSON: Final = "application/json"
BYTES: Final = "application/octet-stream"

Value = str | int | bool
Attributes = dict[str, Value]

REQUIRED: Final = ("specversion", "id", "source", "type")
OF_DATA: Final = ("datacontenttype", "dataschema")
"""What is told of the data, and goes when other data comes."""
TEXTS: Final = frozenset({*REQUIRED, *OF_DATA, "subject", "time"})
"""The specification's own attributes: strings, and never empty."""

_INTEGERS: Final = range(-(1 << 31), 1 << 31)
_NAME: Final = re.compile(r"(?!data\Z)[a-z0-9]+")
_TIME: Final = re.compile(r"[0-9-]{10}[Tt][0-9:]{8}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})")
_MEDIA: Final = re.compile(r"[\w!#$%&'*+.^`|~-]+/[\w!#$%&'*+.^`|~-]+[ \t]*(?:;[\t\x20-\x7e]*)?", re.ASCII)
_JSON: Final = re.compile(r"[^/]+/(?:[^;]*\+)?json[ \t]*(?:;.*)?", re.IGNORECASE)
_PLANES: Final = "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17))
_UNFIT: Final = re.compile(rf"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_PLANES}]")
"""What no string of a CloudEvent holds: controls, surrogates, noncharacters (specification, type system)."""


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """Legal attributes, and data as bytes; None: it has none."""

    attributes: Attributes
    data: bytes | None
    member: bytes | None = None
    """The data as a structured event had it: `"data":…` or `"data_base64":…`."""

    @property
    def data_type(self) -> str | None:
        found = self.attributes.get("datacontenttype")
        return None if found is None else str(found)


# as it goes


def structured(event: CloudEvent) -> bytes:
    """A JSON object; data that are JSON stand in it as they were written."""
    attributes = orjson.dumps(event.attributes)
    if event.data is None:
        return attributes
    return b"%b,%b}" % (attributes[:-1], event.member or _member(event.data, event.data_type))


def _member(data: bytes, data_type: str | None) -> bytes:
    written = as_json(data)
    if written is None or (written.lstrip().startswith(b'"') and not is_json(data_type)):
        # where the type is not JSON, readers take a string for the very text
        return b'"data_base64":"%b"' % base64.b64encode(data)
    return b'"data":' + written


def attribute_headers(event: CloudEvent) -> dict[str, str]:
    """The attributes as headers, but for `datacontenttype`, which is the Content-Type."""
    return {
        f"ce-{name}": encoded(_text(value))
        for name, value in event.attributes.items()
        if name != "datacontenttype"
    }


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# what is legal


def legal(name: str, value: object) -> Value | None:
    """An attribute as it may go out; None: it may not, or it is not set."""
    if not _NAME.fullmatch(name):
        return None
    if isinstance(value, str):
        text = legal_text(value)
        return text if name not in TEXTS or _CHECKS.get(name, bool)(text) else None
    if name not in TEXTS and (isinstance(value, bool) or (isinstance(value, int) and value in _INTEGERS)):
        return value
    return None


def legal_text(text: str) -> str:
    """A string of a CloudEvent: what it must not hold is percent-encoded."""
    return _UNFIT.sub(lambda found: "".join(f"%{byte:02X}" for byte in wire(found[0])), text)


def _is_time(text: str) -> bool:
    try:
        parse_timestamp(text)
    except ErrorValue:
        return False
    return _TIME.fullmatch(text) is not None


_CHECKS: Final[Mapping[str, Callable[[str], bool]]] = {
    "specversion": lambda text: text == "1.0",
    "time": _is_time,
    "datacontenttype": lambda text: _MEDIA.fullmatch(text) is not None,
}


def is_json(media_type: str | None) -> bool:
    """Whether a `datacontenttype` says so; an event without one is JSON."""
    return media_type is None or _JSON.fullmatch(media_type) is not None


def data_type(given: str | None, data: bytes) -> str:
    """Of which type data are: as it is said, if that can be, else as they look.

    A CloudEvent within another is named by what it is made of, or readers would take it for the outer one.
    """
    if given and _MEDIA.fullmatch(given) and not given.lower().startswith(ANY_FORMAT):
        return given
    return BYTES if as_json(data) is None else JSON
