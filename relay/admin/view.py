"""Events, deliveries and sums as the API shows them, and the commands without a daemon likewise."""

from binascii import b2a_base64
from collections.abc import Collection
from typing import Any, Final

from relay.clock import rfc3339
from relay.config.secret import MASK
from relay.event import MASKED, Headers
from relay.store.protocol import Audit, DeliveryView, EventView, Page

CREDENTIALS: Final = frozenset({b"authorization", b"proxy-authorization"})
Document = dict[str, Any]


def page_document(page: Page) -> Document:
    return {"events": [event_document(event) for event in page.events], "next": page.next}


def event_document(event: EventView) -> Document:
    """An event in a list."""
    return {
        "id": event.id,
        "key": event.key,
        "source": event.source,
        "type": event.type,
        "via": event.via,
        "received_at": rfc3339(event.received_at),
        "occurred_at": _moment(event.occurred_at),
        "size": event.size,
        "state": event.state,
        "deliveries": [_delivery(delivery) for delivery in event.deliveries],
    }


def whole_document(event: EventView, secrets: Collection[bytes] = ()) -> Document:
    """One event whole. What a header holds of `secrets`, or of anybody's credentials, is masked."""
    document = event_document(event)
    document["headers"] = _headers(event.headers or (), secrets)
    document |= _body(event.body or b"")
    for shown, delivery in zip(document["deliveries"], event.deliveries, strict=True):
        shown["history"] = [{**attempt, "at": _moment(attempt["at"])} for attempt in delivery.history]
    return document


def audit_document(audit: Audit) -> Document:
    return {
        "ok": audit.ok,
        "events": dict(audit.events),
        "deliveries": dict(audit.deliveries),
        "problems": list(audit.problems),
    }


def _delivery(delivery: DeliveryView) -> Document:
    return {
        "id": delivery.id,
        "route": delivery.route,
        "target": delivery.target,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "next_at": _moment(delivery.next_at),
        "last_status": delivery.last_status,
        "last_error": delivery.last_error,
    }


def _moment(at: int | None) -> str | None:
    """RFC 3339; None also for what no calendar holds."""
    try:
        return None if at is None else rfc3339(at)
    except (ValueError, OverflowError):
        return None


def _headers(headers: Headers, secrets: Collection[bytes]) -> list[list[str]]:
    return [
        [_text(name), MASK if _is_secret(name, value, secrets) else _text(value)] for name, value in headers
    ]


def _is_secret(name: bytes, value: bytes, secrets: Collection[bytes]) -> bool:
    return value == MASKED or name.lower() in CREDENTIALS or _holds(value, secrets)


def _holds(value: bytes, secrets: Collection[bytes]) -> bool:
    return any(secret in value for secret in secrets)


def _text(raw: bytes) -> str:
    """UTF-8, else Latin-1: every byte string is something there."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _body(body: bytes) -> Document:
    """As text if it is UTF-8, else as base64."""
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": b2a_base64(body, newline=False).decode()}
