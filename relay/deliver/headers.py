"""The headers of an attempt: the sender's own, but for what must not go along, and ours."""

import random
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from multidict import CIMultiDict

from relay.delivery import Delivery
from relay.event import MASKED, Headers

NOT_ALONG: Final = frozenset(
    b"connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer trailers"
    b" transfer-encoding upgrade http2-settings host content-length cookie accept-encoding expect"
    b" idempotency-key traceparent".split()
)
"""Hop-by-hop (RFC 9110, 7.6.1), about the sender's connection only, or replaced by ours."""
UNKNOWN_SENDER: Final = frozenset({b"authorization"})
"""What may have proved a sender whose source is gone from the file."""


class Envelope:
    """Makes the headers of attempts. `proofs`: source → names that proved its sender to us (lower case)."""

    def __init__(self, proofs: Mapping[str, frozenset[bytes]]) -> None:
        self.proofs = proofs

    def headers(self, delivery: Delivery) -> "CIMultiDict[str]":
        event = delivery.event
        named = _named_by_connection(event.headers)
        withheld = (
            self.proofs.get(event.source, UNKNOWN_SENDER) | named
            if named
            else self.proofs.get(event.source, UNKNOWN_SENDER)
        )
        headers: CIMultiDict[str] = CIMultiDict()
        trace = None
        for raw, value in event.headers:
            name, lower = _name(raw)
            if name is not None and lower not in withheld and value != MASKED:
                headers.add(name, _text(value))
            elif lower == b"traceparent":
                trace = value
        return self._ours(headers, delivery, trace)

    def _ours(
        self, headers: "CIMultiDict[str]", delivery: Delivery, trace: bytes | None
    ) -> "CIMultiDict[str]":
        event = delivery.event
        parent = _continue_trace(trace)
        if parent is None:
            headers.popall("tracestate", None)
        headers["Relay-Event-Id"] = event.id
        headers["Relay-Source"] = event.source
        headers["Relay-Type"] = header_text(event.type)
        headers["Relay-Attempt"] = str(delivery.attempts + 1)
        headers["Idempotency-Key"] = delivery.key
        headers["traceparent"] = parent or f"00-{_number(128):032x}-{_number(64):016x}-01"
        return headers


def _number(bits: int) -> int:
    """For traces: unlike anybody else's, and no secret; never 0, which is no trace."""
    return random.getrandbits(bits) or 1


@lru_cache(maxsize=4096)
def _name(raw: bytes) -> tuple[str | None, bytes]:
    """A header's name as text, None if it does not go along; and in lower case."""
    lower = raw.lower()
    if lower in NOT_ALONG or lower.startswith(b"relay-"):
        return None, lower
    return raw.decode("latin-1"), lower


def _named_by_connection(headers: Headers) -> frozenset[bytes]:
    """What the sender's `Connection` names is for its own connection only."""
    named: set[bytes] = set()
    for name, value in headers:
        if len(name) == len(b"connection") and name.lower() == b"connection":
            named.update(part.strip().lower() for part in value.split(b","))
    return frozenset(named - {b"close", b"keep-alive"})


def _text(value: bytes) -> str:
    """A value as our client writes it: UTF-8. What is none has those bytes percent-encoded."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return "".join(
            f"%{ord(char) - 0xDC00:02X}" if 0xDC80 <= ord(char) <= 0xDCFF else char
            for char in value.decode("utf-8", "surrogateescape")
        )


def header_text(text: str) -> str:
    """Event data as a header's value: control characters are percent-encoded, the rest goes as UTF-8."""
    if text.isprintable():
        return text
    return "".join(f"%{ord(char):02X}" if ord(char) < 0x20 or ord(char) == 0x7F else char for char in text)


def _continue_trace(value: bytes | None) -> str | None:
    """The sender's trace with a span of ours (W3C Trace Context, 3.2); None if it has none that is valid."""
    if value is None:
        return None
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
