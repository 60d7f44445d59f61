"""Stripe: `stripe.WebhookSignature` over snapshot and thin events."""

import hmac
import json
from collections.abc import Iterator
from typing import Any, Final
from unittest.mock import patch

import stripe  # type: ignore[import-not-found]  # it lives in an environment of its own

from tests.oracles.python.case import NOW, Case, Large, Request, Vectors, post, refused, sdk, taken

SECRET: Final = "whsec_5tr1p3NewEndpointSecret0001"
OLD: Final = "whsec_5tr1p3OldEndpointSecret0000"
CONFIG: Final = {"secret": [SECRET]}
ROTATING: Final = {"secret": [SECRET, OLD]}
MEDIA: Final = "application/json; charset=utf-8"
PAID: Final = taken(key="evt_1RelayPaid0001", type="payment_intent.succeeded", time=NOW - 3)


def judge(case: Case) -> bool:
    """Whether one of the secrets verifies."""
    return any(_verifies(case, secret) for secret in case.config["secret"])


def _verifies(case: Case, secret: str) -> bool:
    header = case.request.header("Stripe-Signature")
    with patch("time.time", return_value=float(case.now)):
        try:
            stripe.WebhookSignature.verify_header(case.request.body, header, secret, 300)
        except stripe.SignatureVerificationError:
            return False
    return True


def snapshot(id: str = "evt_1RelayPaid0001", name: str = "Ada Lovelace", created: int = NOW - 3) -> bytes:
    """Indented, as Stripe writes it."""
    intent = {"id": "pi_3Relay0001", "object": "payment_intent", "amount": 1999, "currency": "eur"}
    return _pretty(
        {
            "id": id,
            "object": "event",
            "api_version": "2025-09-30.clover",
            "created": created,
            "data": {"object": {**intent, "shipping": {"name": name}, "status": "succeeded"}},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": "req_Relay0001", "idempotency_key": "3f6c1f0a-0000-4000-8000-000000000001"},
            "type": "payment_intent.succeeded",
        }
    )


def thin() -> bytes:
    related = {"id": "mtr_relay_0001", "type": "billing.meter", "url": "/v1/billing/meters/mtr_relay_0001"}
    return _pretty(
        {
            "id": "evt_test_65Relay0001",
            "object": "v2.core.event",
            "created": "2026-01-05T07:59:57.000Z",
            "livemode": False,
            "related_object": related,
            "type": "v1.billing.meter.error_report_triggered",
        }
    )


def _pretty(document: Any) -> bytes:
    return json.dumps(document, indent=2, ensure_ascii=False).encode()


def mac(body: bytes, at: int = NOW, secret: str = SECRET) -> str:
    return hmac.digest(secret.encode(), b"%d.%b" % (at, body), "sha256").hex()


def signed(body: bytes | Large, at: int = NOW, secret: str = SECRET) -> Request:
    whole = body.whole() if isinstance(body, Large) else body
    return headed(f"t={at},v1={mac(whole, at, secret)}", body)


def headed(value: str | bytes, body: bytes | Large) -> Request:
    return post(body, ("Stripe-Signature", value), ("User-Agent", "Stripe/1.0"), media=MEDIA)


GOOD: Final = snapshot()


def _bodies() -> Iterator[Case]:
    yield Case("good", signed(GOOD), PAID, CONFIG)
    thin_event = taken(
        key="evt_test_65Relay0001", type="v1.billing.meter.error_report_triggered", time=NOW - 3
    )
    yield Case("thin event", signed(thin()), thin_event, CONFIG)
    yield Case("unicode body", signed(snapshot(name="Zoë Müller 👋 中")), PAID, CONFIG)
    large = Large(b'{"id": "evt_1RelayLarge0001", "type": "charge.updated", "note": "', b'"}')
    yield Case("large body", signed(large), taken(key="evt_1RelayLarge0001", type="charge.updated"), CONFIG)
    unusable = "the signature is right, but there is no event to be identified"
    yield Case("empty body", signed(b""), refused(400), CONFIG, why=unusable)
    yield Case("body is no JSON", signed(b"id=evt_1RelayPaid0001"), refused(400), CONFIG, why=unusable)
    yield Case("body is a list", signed(b'["evt_1RelayPaid0001"]'), refused(400), CONFIG, why=unusable)
    yield Case(
        "body without an id", signed(b'{"type": "charge.updated"}'), refused(400), CONFIG, why=unusable
    )
    latin = snapshot(name="Zoe").replace(b"Zoe", b"Zo\xeb")
    yield Case(
        "body is not UTF-8",
        signed(latin),
        refused(400),
        CONFIG,
        why="JSON is UTF-8; the SDK raises UnicodeDecodeError before it looks at the signature",
    )


def _proofs() -> Iterator[Case]:
    yield Case("wrong secret", signed(GOOD, secret="whsec_of_another_endpoint"), refused(), CONFIG)
    yield Case("secret without its prefix", signed(GOOD, secret=SECRET[6:]), refused(), CONFIG)
    yield Case("one body byte changed", headed(f"t={NOW},v1={mac(GOOD)}", GOOD + b"\n"), refused(), CONFIG)
    other_time = headed(f"t={NOW - 1},v1={mac(GOOD)}", GOOD)
    yield Case("timestamp changed", other_time, refused(), CONFIG)
    yield Case("signature missing", post(GOOD, media=MEDIA), refused(), CONFIG)
    yield Case("signature empty", headed("", GOOD), refused(), CONFIG)
    yield Case("malformed: no pairs", headed("not a signature", GOOD), refused(), CONFIG)
    yield Case("malformed: no timestamp", headed(f"v1={mac(GOOD)}", GOOD), refused(), CONFIG)
    textual = headed(f"t=yesterday,v1={mac(GOOD)}", GOOD)
    yield Case("malformed: timestamp is no number", textual, refused(), CONFIG)
    yield Case("wrong scheme version", headed(f"t={NOW},v0={mac(GOOD)}", GOOD), refused(), CONFIG)
    yield Case("signature cut short", headed(f"t={NOW},v1={mac(GOOD)[:-2]}", GOOD), refused(), CONFIG)
    non_ascii = headed(f"t={NOW},v1={mac(GOOD)}".encode() + b"\xff\xe9", GOOD)
    yield Case("non-ASCII header bytes", non_ascii, refused(), CONFIG)
    listed = f"t={NOW},v1={'0' * 64},v1={mac(GOOD)},v0={'1' * 64}"
    yield Case("second of two signatures", headed(listed, GOOD), PAID, CONFIG)
    yield Case("second of two secrets", signed(GOOD, secret=OLD), PAID, ROTATING)
    neither = signed(GOOD, secret="whsec_of_another_endpoint")
    yield Case("neither of two secrets", neither, refused(), ROTATING)


def _ages() -> Iterator[Case]:
    yield Case("300 seconds old", signed(GOOD, NOW - 300), PAID, CONFIG)
    yield Case("stale: 301 seconds old", signed(GOOD, NOW - 301), refused(), CONFIG)
    future = "the SDKs look at the past only; an hour ahead is a clock that is wrong, not a replay"
    yield Case("future: an hour ahead", signed(GOOD, NOW + 3600), PAID, CONFIG, why=future)


def _pairs() -> Iterator[Case]:
    later = NOW + 3600
    yield Case("retry of good, signed anew", signed(GOOD, later), PAID, CONFIG, later, same_as="good")
    another = snapshot("evt_1RelayPaid0002")
    other = taken(key="evt_1RelayPaid0002", type="payment_intent.succeeded", time=NOW - 3)
    yield Case("another event of the same change", signed(another), other, CONFIG, differs_from="good")
    method = Request(signed(GOOD).headers, GOOD, method="PUT")
    yield Case("another method", method, refused(405), CONFIG, why="the SDK does not see the method")


VECTORS: Final = Vectors(
    "stripe", (*_bodies(), *_proofs(), *_ages(), *_pairs()), oracle=sdk("stripe"), judge=judge
)
