"""Standard Webhooks: `standardwebhooks` for `v1`, `svix` for its own names; `v1a` with cryptography."""

import base64
import hmac
import json
from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Any, Final, Self
from unittest.mock import patch

import standardwebhooks
import svix  # type: ignore[import-not-found]  # it lives in an environment of its own
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.oracles.python.case import NOW, Case, Large, Request, Vectors, post, refused, sdk, taken

KEY: Final = b"relay-vectors-new-key-0123456789"
OLD_KEY: Final = b"relay-vectors-old-key-0123456789"
SECRET: Final = f"whsec_{base64.b64encode(KEY).decode()}"
OLD: Final = f"whsec_{base64.b64encode(OLD_KEY).decode()}"
PRIVATE: Final = Ed25519PrivateKey.from_private_bytes(b"relay-vectors-ed25519-seed-00001")
STRANGER: Final = Ed25519PrivateKey.from_private_bytes(b"relay-vectors-ed25519-seed-00002")
PUBLIC_BYTES: Final = PRIVATE.public_key().public_bytes_raw()
PUBLIC: Final = f"whpk_{base64.b64encode(PUBLIC_BYTES).decode()}"
CONFIG: Final = {"secret": [SECRET]}
ROTATING: Final = {"secret": [SECRET, OLD]}
ED25519: Final = {"secret": [PUBLIC]}
ID: Final = "msg_2RelayVectors0001"
V1A: Final = "no SDK implements v1a: signed with cryptography, by the specification"
_MOMENT: Final = NOW - 5


def judge(case: Case) -> bool:
    """Whether one of the secrets verifies."""
    family = svix.webhooks.Webhook if case.request.header("svix-signature") else standardwebhooks.Webhook
    with patch("standardwebhooks.webhooks.datetime", _still(case.now)):
        return any(_verifies(case, family(secret)) for secret in case.config["secret"])


def _verifies(case: Case, webhook: Any) -> bool:
    bodied = {} if isinstance(webhook, svix.webhooks.Webhook) else {"json_parse": False}
    try:
        webhook.verify(case.request.body, case.request.fields(), **bodied)
    except standardwebhooks.WebhookVerificationError:
        return False
    return True


def _still(now: int) -> type[datetime]:
    class Standing(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(now, tz)

    return Standing


def invoice(customer: str = "Ada Lovelace") -> bytes:
    event = {
        "type": "invoice.paid",
        "timestamp": "2026-01-05T07:59:55Z",
        "data": {"id": "in_relay_0001", "amount": 4200, "customer": customer},
    }
    return json.dumps(event, ensure_ascii=False).encode()


def text(body: bytes, at: int | str, id: str) -> bytes:
    return f"{id}.{at}.".encode() + body


def v1(body: bytes, at: int | str = NOW, key: bytes = KEY, id: str = ID) -> str:
    return "v1," + base64.b64encode(hmac.digest(key, text(body, at, id), "sha256")).decode()


def v1a(body: bytes, at: int = NOW, key: Ed25519PrivateKey = PRIVATE) -> str:
    return "v1a," + base64.b64encode(key.sign(text(body, at, ID))).decode()


def headed(
    body: bytes | Large, signature: str | bytes, at: int | str = NOW, id: str = ID, family: str = "webhook"
) -> Request:
    stamp = (f"{family}-timestamp", str(at))
    return post(body, (f"{family}-id", id), stamp, (f"{family}-signature", signature))


def signed(
    body: bytes | Large, at: int = NOW, key: bytes = KEY, id: str = ID, family: str = "webhook"
) -> Request:
    whole = body.whole() if isinstance(body, Large) else body
    return headed(body, v1(whole, at, key, id), at, id, family)


GOOD: Final = invoice()
PAID: Final = taken(key=ID, type="invoice.paid", time=_MOMENT)


def _bodies() -> Iterator[Case]:
    yield Case("good", signed(GOOD), PAID, CONFIG)
    yield Case("unicode body", signed(invoice("Zoë Müller 👋 中")), PAID, CONFIG)
    large = Large(b'{"type": "report.ready", "data": {"text": "', b'"}}')
    yield Case("large body", signed(large), taken(key=ID, type="report.ready"), CONFIG)
    yield Case("empty body", signed(b""), taken(key=ID), CONFIG)
    yield Case("body is no JSON", signed(b"plain words"), taken(key=ID), CONFIG)
    raw = "the signature covers bytes and the id is a header; the SDK raises UnicodeDecodeError"
    yield Case("body is not UTF-8", signed(b"\xff\xfe\x00"), taken(key=ID), CONFIG, why=raw)


def _secrets() -> Iterator[Case]:
    yield Case("wrong secret", signed(GOOD, key=b"of-another-endpoint-0123456789ab"), refused(), CONFIG)
    bare = {"secret": [SECRET.removeprefix("whsec_")]}
    yield Case("secret without its prefix", signed(GOOD), PAID, bare)
    yield Case("secret without its padding", signed(GOOD), PAID, {"secret": [SECRET.rstrip("=")]})
    literal = signed(GOOD, key=SECRET.encode())
    yield Case("secret taken literally", literal, refused(), CONFIG)
    yield Case("second of two secrets", signed(GOOD, key=OLD_KEY), PAID, ROTATING)


def _proofs() -> Iterator[Case]:
    yield Case("one body byte changed", headed(GOOD + b" ", v1(GOOD)), refused(), CONFIG)
    yield Case("id changed", headed(GOOD, v1(GOOD), id="msg_2RelayVectors0002"), refused(), CONFIG)
    yield Case("timestamp changed", headed(GOOD, v1(GOOD), NOW + 1), refused(), CONFIG)
    named = {"webhook-id": ID, "webhook-timestamp": str(NOW), "webhook-signature": v1(GOOD)}
    for name in named:
        rest = [pair for pair in named.items() if pair[0] != name]
        yield Case(f"{name} missing", post(GOOD, *rest), refused(), CONFIG)
    yield Case("malformed: no base64", headed(GOOD, "v1,***"), refused(), CONFIG)
    textual = headed(GOOD, v1(GOOD, "noon"), "noon")
    yield Case("malformed: timestamp is no number", textual, refused(), CONFIG)
    yield Case("wrong scheme version", headed(GOOD, v1(GOOD).replace("v1,", "v2,")), refused(), CONFIG)
    non_ascii = headed(GOOD, b"v1,\xff\xe9" + v1(GOOD)[3:].encode())
    yield Case("non-ASCII header bytes", non_ascii, refused(), CONFIG)
    listed = f"{v1(GOOD, key=OLD_KEY)} {v1(GOOD)}"
    yield Case("second of two signatures", headed(GOOD, listed), PAID, CONFIG)
    skipped = "malformed items are passed over; the PyPI SDK raises ValueError, npm's skips them"
    yield Case("a malformed item before the good", headed(GOOD, f"v1 {v1(GOOD)}"), PAID, CONFIG, why=skipped)


def _ages() -> Iterator[Case]:
    yield Case("300 seconds old", signed(GOOD, NOW - 300), PAID, CONFIG)
    yield Case("stale: 301 seconds old", signed(GOOD, NOW - 301), refused(), CONFIG)
    yield Case("300 seconds ahead", signed(GOOD, NOW + 300), PAID, CONFIG)
    yield Case("future: 301 seconds ahead", signed(GOOD, NOW + 301), refused(), CONFIG)


def _svix() -> Iterator[Case]:
    yield Case("svix names", signed(GOOD, family="svix"), PAID, CONFIG)
    altered = headed(GOOD + b" ", v1(GOOD), family="svix")
    yield Case("svix names, one body byte changed", altered, refused(), CONFIG)
    yield Case("svix names, stale", signed(GOOD, NOW - 301, family="svix"), refused(), CONFIG)


def _asymmetric() -> Iterator[Case]:
    def case(name: str, request: Request, expect: Any, config: Any = ED25519) -> Case:
        return Case(name, request, expect, config, why=V1A, judged=False)

    yield case("v1a: good", headed(GOOD, v1a(GOOD)), PAID)
    yield case("v1a: a stranger's key", headed(GOOD, v1a(GOOD, key=STRANGER)), refused())
    yield case("v1a: one body byte changed", headed(GOOD + b" ", v1a(GOOD)), refused())
    yield case("v1a: stale", headed(GOOD, v1a(GOOD, NOW - 301), NOW - 301), refused())
    both = headed(GOOD, f"{v1(GOOD, key=OLD_KEY)} {v1a(GOOD)}")
    yield case("v1a: beside a v1 of another secret", both, PAID)
    yield case("v1a: second of two secrets", headed(GOOD, v1a(GOOD)), PAID, {"secret": [SECRET, PUBLIC]})
    yield case("v1a: v1 where both kinds are known", signed(GOOD), PAID, {"secret": [PUBLIC, SECRET]})
    yield case("v1a: for a source with a v1 secret only", headed(GOOD, v1a(GOOD)), refused(), CONFIG)
    mislabelled = headed(GOOD, v1a(GOOD).replace("v1a,", "v1,"))
    yield case("v1a: called v1", mislabelled, refused())
    yield case("v1a: HMAC with the public key", signed(GOOD, key=PUBLIC_BYTES), refused())
    yield case("v1a: 63 bytes", headed(GOOD, "v1a," + "A" * 84), refused())


def _pairs() -> Iterator[Case]:
    later = NOW + 300
    yield Case("retry of good, signed anew", signed(GOOD, later), PAID, CONFIG, later, same_as="good")
    other = signed(GOOD, id="msg_2RelayVectors0003")
    again = taken(key="msg_2RelayVectors0003", type="invoice.paid", time=_MOMENT)
    yield Case("the same body under another id", other, again, CONFIG, differs_from="good")
    method = Request(signed(GOOD).headers, GOOD, method="PUT")
    yield Case("another method", method, refused(405), CONFIG, why="the SDK does not see the method")


VECTORS: Final = Vectors(
    "standard-webhooks",
    (*_bodies(), *_secrets(), *_proofs(), *_ages(), *_svix(), *_asymmetric(), *_pairs()),
    oracle=f"{sdk('standardwebhooks')}; svix names: {sdk('svix')}",
    judge=judge,
)
