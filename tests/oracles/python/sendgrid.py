"""SendGrid: `sendgrid.helpers.eventwebhook.EventWebhook`; ECDSA over timestamp and body, a list of events."""

import base64
import json
from collections.abc import Iterator
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sendgrid.helpers.eventwebhook import (  # type: ignore[import-not-found]  # an environment of its own
    EventWebhook,
)

from tests.oracles.python.case import NOW, Case, Large, Request, Vectors, post, refused, sdk, taken

NAME: Final = "X-Twilio-Email-Event-Webhook-Signature"
STAMP: Final = "X-Twilio-Email-Event-Webhook-Timestamp"
KEY: Final = ec.derive_private_key(0x5E4D67D0000000000000000000000000000000000000000000000001, ec.SECP256R1())
OLD_KEY: Final = ec.derive_private_key(
    0x5E4D67D0000000000000000000000000000000000000000000000002, ec.SECP256R1()
)


def public(key: ec.EllipticCurvePrivateKey) -> str:
    """As SendGrid's page shows it: base64 of the SPKI."""
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


CONFIG: Final = {"secret": [public(KEY)]}
ROTATING: Final = {"secret": [public(KEY), public(OLD_KEY)]}


def judge(case: Case) -> bool:
    """Whether one of the keys verifies."""
    given, stamp = case.request.header(NAME) or "", case.request.header(STAMP) or ""
    body, webhook = case.request.body.decode(), EventWebhook()
    keys = [webhook.convert_public_key_to_ecdsa(key) for key in case.config["secret"]]
    return any(webhook.verify_signature(body, given, stamp, key) for key in keys)


def events(email: str = "ada@example.com", id: str = "c2VuZGdyaWQtcmVsYXktMDE") -> bytes:
    """Ends with CRLF, as SendGrid's do."""
    sent = {"email": email, "timestamp": NOW - 4, "smtp-id": "<relay-01@example.com>"}
    delivered = sent | {"event": "delivered", "sg_event_id": id, "sg_message_id": "relay-01.filter0001"}
    opened = sent | {"event": "open", "sg_event_id": f"{id}2", "sg_message_id": "relay-01.filter0001"}
    return json.dumps([delivered, opened], ensure_ascii=False).encode() + b"\r\n"


def ecdsa(body: bytes, at: int | str = NOW, key: ec.EllipticCurvePrivateKey = KEY) -> bytes:
    """Deterministic (RFC 6979), so that the file is the same each time."""
    return key.sign(str(at).encode() + body, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


def headed(body: bytes | Large, signature: str | bytes, at: int | str = NOW) -> Request:
    return post(body, (NAME, signature), (STAMP, str(at)))


def signed(body: bytes | Large, at: int | str = NOW, key: ec.EllipticCurvePrivateKey = KEY) -> Request:
    whole = body.whole() if isinstance(body, Large) else body
    return headed(body, base64.b64encode(ecdsa(whole, at, key)).decode(), at)


GOOD: Final = events()
PROOF: Final = base64.b64encode(ecdsa(GOOD)).decode()


def _bodies() -> Iterator[Case]:
    yield Case("good", signed(GOOD), taken(), CONFIG)
    yield Case("unicode body", signed(events("zoë@bücher.example")), taken(), CONFIG)
    large = Large(b'[{"event": "click", "sg_event_id": "relay-large", "url": "', b'"}]\r\n')
    yield Case("large body", signed(large), taken(), CONFIG)
    yield Case("empty body", signed(b""), refused(400), CONFIG, why="signed, but there is no event")


def _proofs() -> Iterator[Case]:
    stranger = ec.derive_private_key(7, ec.SECP256R1())
    yield Case("wrong secret", signed(GOOD, key=stranger), refused(), CONFIG)
    yield Case("one body byte changed", headed(GOOD[:-2] + b" \n", PROOF), refused(), CONFIG)
    yield Case("the last CRLF cut off", headed(GOOD[:-2], PROOF), refused(), CONFIG)
    yield Case("timestamp changed", headed(GOOD, PROOF, NOW + 1), refused(), CONFIG)
    yield Case("signature missing", post(GOOD, (STAMP, str(NOW))), refused(), CONFIG)
    yield Case("timestamp missing", post(GOOD, (NAME, PROOF)), refused(), CONFIG)
    yield Case("malformed: no base64", headed(GOOD, "***"), refused(), CONFIG)
    yield Case("malformed: base64 cut short", headed(GOOD, PROOF[:-3]), refused(), CONFIG)
    r, s = decode_dss_signature(ecdsa(GOOD))
    raw = base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()
    yield Case("wrong scheme version: r and s without DER", headed(GOOD, raw), refused(), CONFIG)
    zero = base64.b64encode(bytes.fromhex("3006020100020100")).decode()
    yield Case("r and s are zero", headed(GOOD, zero), refused(), CONFIG)
    yield Case("non-ASCII header bytes", headed(GOOD, b"\xff\xe9" + PROOF.encode()), refused(), CONFIG)
    yield Case("second of two secrets", signed(GOOD, key=OLD_KEY), taken(), ROTATING)
    yield Case("neither of two secrets", signed(GOOD, key=stranger), refused(), ROTATING)


def _ages() -> Iterator[Case]:
    kept = "the SDK looks at no age, and none is documented"
    yield Case("stale: a day old", signed(GOOD, NOW - 86_400), taken(), CONFIG, why=kept)
    yield Case("future: an hour ahead", signed(GOOD, NOW + 3_600), taken(), CONFIG, why=kept)


def _pairs() -> Iterator[Case]:
    yield Case("retry of good", signed(GOOD), taken(), CONFIG, NOW + 60, same_as="good")
    anew = signed(GOOD, NOW + 60)
    yield Case("retry of good, signed anew", anew, taken(), CONFIG, NOW + 60, same_as="good")
    other = signed(events(id="c2VuZGdyaWQtcmVsYXktMDI"))
    yield Case("other events of the same message", other, taken(), CONFIG, differs_from="good")
    method = Request(signed(GOOD).headers, GOOD, method="PUT")
    yield Case("another method", method, refused(405), CONFIG, why="the SDK does not see the method")


VECTORS: Final = Vectors(
    "sendgrid", (*_bodies(), *_proofs(), *_ages(), *_pairs()), oracle=sdk("sendgrid"), judge=judge
)
