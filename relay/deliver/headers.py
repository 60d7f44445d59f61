"""The headers of an attempt: the sender's own, but for what must not go along, ours, and the route's."""

import hashlib
import random
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from multidict import CIMultiDict

from relay.delivery import Delivery
from relay.event import MASKED, Event, Headers
from relay.expression.values import Raw, type_name
from relay.template import Unfit, as_text
from relay.text import wire

CONTENT_TYPE: Final = "Content-Type"
NOT_ALONG: Final = frozenset(
    b"connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer trailers"
    b" transfer-encoding upgrade http2-settings host content-length cookie accept-encoding expect"
    b" idempotency-key traceparent".split()
)
"""Hop-by-hop (RFC 9110, 7.6.1), about the sender's connection only, or replaced by ours."""
CONNECTION: Final = b"connection"
NOTHING_NAMED: Final[frozenset[bytes]] = frozenset()
UNKNOWN_SENDER: Final = frozenset({b"authorization"})
"""What may have proved a sender whose source is gone from the file."""
OF_THE_BODY: Final = (
    "Content-Encoding",
    "Content-Range",
    "Content-MD5",
    "Digest",
    "Content-Digest",
    "Repr-Digest",
)
"""What a sender says of its bytes (RFC 9110, 8; RFC 9530): wrong of any others."""
ATTRIBUTE: Final = "ce-"
"""How the headers begin that are a CloudEvent's attributes."""
BATCH_KEY: Final = "batch-"


class Envelope:
    """Makes the headers of attempts. `proofs`: source → names that proved its sender to us (lower case)."""

    def __init__(self, proofs: Mapping[str, frozenset[bytes]]) -> None:
        self.proofs = proofs

    def headers(
        self, delivery: Delivery, *, along: bool = True, attributes: bool = True
    ) -> "CIMultiDict[str]":
        """Ours, and of the sender's what goes along; but for `along` only its Content-Type.

        `attributes`: whether a sender's `ce-*` goes along, which a format of CloudEvents has of its own.
        """
        event = delivery.event
        if not along:
            return _with_own(_typed(event), delivery, first(event.headers, b"traceparent"))
        headers, trace = senders(event, self.proofs.get(event.source, UNKNOWN_SENDER))
        if not attributes:
            for name in [name for name in headers if name.lower().startswith(ATTRIBUTE)]:
                headers.popall(name, None)
        return _with_own(headers, delivery, trace)


def senders(event: Event, proofs: frozenset[bytes]) -> tuple["CIMultiDict[str]", bytes | None]:
    """What of the sender's headers goes along, and its trace, which is to be continued."""
    named = _named_by_connection(event.headers)
    withheld = proofs | named if named else proofs
    headers: CIMultiDict[str] = CIMultiDict()
    trace = None
    for raw, value in event.headers:
        name, lower = _name(raw)
        if name is not None and lower not in withheld and value != MASKED:
            headers.add(name, _text(value))
        elif lower == b"traceparent":
            trace = value
    return headers, trace


def _with_own(headers: "CIMultiDict[str]", delivery: Delivery, trace: bytes | None) -> "CIMultiDict[str]":
    event = delivery.event
    parent = None if trace is None else _continued(trace)
    if parent is None:
        headers.popall("tracestate", None)
    headers["Relay-Event-Id"] = event.id
    headers["Relay-Source"] = event.source
    headers["Relay-Type"] = header_text(event.type)
    headers["Relay-Attempt"] = str(delivery.attempts + 1)
    headers["Idempotency-Key"] = delivery.key
    headers["traceparent"] = parent or _new_trace()
    return headers


def batch_headers(deliveries: Sequence[Delivery], content_type: str) -> "CIMultiDict[str]":
    """Those of one request for all of `deliveries`, in the order of their acceptance."""
    return CIMultiDict(
        {
            CONTENT_TYPE: content_type,
            "Relay-Event-Id": ",".join(delivery.event.id for delivery in deliveries),
            "Relay-Attempt": str(max(delivery.attempts for delivery in deliveries) + 1),
            "Idempotency-Key": _batch_key(delivery.key for delivery in deliveries),
            "traceparent": _new_trace(),
        }
    )


def _batch_key(keys: Iterable[str]) -> str:
    """The same for the same keys in the same order, and for no others."""
    return BATCH_KEY + hashlib.sha256("\n".join(keys).encode()).hexdigest()[:40]


# what a route makes of them


def routed(headers: "CIMultiDict[str]", values: Mapping[str, str | None]) -> None:
    """Put a route's own headers in place of all of that name; None: no such header."""
    for name, value in values.items():
        if value is None:
            headers.popall(name, None)
        else:
            headers[name] = value


def header_value(value: object) -> str:
    """What an expression gives as a header's value. Unfit, if it is no string, number or bool."""
    if isinstance(value, Raw):
        value = value.value
    if not isinstance(value, str | int | float):
        raise Unfit(f"a {type_name(value)} cannot be a header: make it a string")
    return header_text(as_text(value))


def reshaped(headers: "CIMultiDict[str]", content_type: str) -> None:
    """Say that the body is another than the sender's, and of which type."""
    headers[CONTENT_TYPE] = content_type
    for name in OF_THE_BODY:
        headers.popall(name, None)


# values


def header_text(text: str) -> str:
    """Event data as a header's value: control characters are percent-encoded, the rest goes as UTF-8.

    So are bytes that are no text, which stand in it as surrogates.
    """
    return text if text.isprintable() else "".join(map(_encoded, text))


def _encoded(char: str) -> str:
    if char.isprintable() or not (char < " " or "\x7f" <= char <= "\x9f" or "\ud800" <= char <= "\udfff"):
        return char
    return "".join(f"%{byte:02X}" for byte in wire(char))


def _text(value: bytes) -> str:
    """A value as our client writes it: UTF-8. What is none has those bytes percent-encoded."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return "".join(
            f"%{ord(char) - 0xDC00:02X}" if 0xDC80 <= ord(char) <= 0xDCFF else char
            for char in value.decode("utf-8", "surrogateescape")
        )


# the sender's headers


@lru_cache(maxsize=512)
def _name(raw: bytes) -> tuple[str | None, bytes]:
    """A header's name as text, None if it does not go along; and in lower case."""
    lower = raw.lower()
    if lower in NOT_ALONG or lower.startswith(b"relay-"):
        return None, lower
    return raw.decode("latin-1"), lower


def _named_by_connection(headers: Headers) -> frozenset[bytes]:
    """What the sender's `Connection` names is for its own connection only."""
    values = [value for name, value in headers if len(name) == len(CONNECTION) and name.lower() == CONNECTION]
    if not values:
        return NOTHING_NAMED
    named = {part.strip().lower() for value in values for part in value.split(b",")}
    return frozenset(named - {b"close", b"keep-alive"})


def _typed(event: Event) -> "CIMultiDict[str]":
    """Only what the body is."""
    value = first(event.headers, b"content-type")
    return CIMultiDict() if value is None or value == MASKED else CIMultiDict({CONTENT_TYPE: _text(value)})


def first(headers: Headers, name: bytes) -> bytes | None:
    """The first value of the header `name` (lower case)."""
    return next((value for raw, value in headers if len(raw) == len(name) and raw.lower() == name), None)


# traces (W3C Trace Context)


def _new_trace() -> str:
    digits = (_number(192) | 1 << 64).to_bytes(24).hex()
    return f"00-{digits[:32]}-{digits[32:]}-01"


def _number(bits: int) -> int:
    """For traces: unlike anybody else's, and no secret; never 0, which is no trace."""
    return random.getrandbits(bits) | 1


def _continued(value: bytes) -> str | None:
    """The sender's trace with a span of ours (section 3.2); None if it is not valid."""
    parts = value.decode("latin-1").strip().split("-")
    if len(parts) < 4 or not _is_trace(*parts[:4]):
        return None
    return f"00-{parts[1]}-{_number(64):016x}-{parts[3]}"


def _is_trace(version: str, trace: str, span: str, flags: str) -> bool:
    sizes = (len(version), len(trace), len(span), len(flags))
    hexadecimal = set(version + trace + span + flags) <= set("0123456789abcdef")
    return (
        sizes == (2, 32, 16, 2)
        and hexadecimal
        and version != "ff"
        and set(trace) != {"0"}
        and set(span) != {"0"}
    )
