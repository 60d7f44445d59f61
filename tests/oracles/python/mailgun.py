"""Mailgun: its SDK does not verify webhooks; HMAC over timestamp and token, which stand in the body."""

import hmac
import json
from collections.abc import Iterator
from typing import Any, Final

from tests.oracles.python.case import NOW, Case, Large, Request, Vectors, post, refused, taken

SECRET: Final = "ma11gunsigningkey000000000000001"
OLD: Final = "ma11gunsigningkey000000000000000"
CONFIG: Final = {"secret": [SECRET]}
ROTATING: Final = {"secret": [SECRET, OLD]}
TOKEN: Final = "1f4a0relay" * 5


def sign(at: int | str = NOW - 2, token: str = TOKEN, secret: str = SECRET) -> str:
    return hmac.digest(secret.encode(), f"{at}{token}".encode(), "sha256").hex()


def proof(signature: Any = "", at: int = NOW - 2, token: str = TOKEN) -> dict[str, Any]:
    return {"timestamp": str(at), "token": token, "signature": signature or sign(at, token)}


def told(id: str = "Ase7RelayVectors0001", kind: str = "delivered", name: str = "ada") -> dict[str, Any]:
    data = {"id": id, "timestamp": NOW - 2.25, "event": kind, "recipient": f"{name}@example.com"}
    return data | {"log-level": "info", "message": {"headers": {"message-id": "relay-01@mg.example.com"}}}


def sent(signature: Any = None, data: Any = None) -> Request:
    document = {"signature": signature or proof(), "event-data": data or told()}
    return post(json.dumps(document, ensure_ascii=False).encode())


GOOD: Final = sent()
DELIVERED: Final = taken(key="Ase7RelayVectors0001", type="delivered")


def _bodies() -> Iterator[Case]:
    yield Case("good", GOOD, DELIVERED, CONFIG)
    yield Case("unicode body", sent(data=told(name="zoë.👋")), DELIVERED, CONFIG)
    large = Large(GOOD.body[:-1] + b', "note": "', b'"}')
    yield Case("large body", post(large), DELIVERED, CONFIG)
    uncovered = "the signature covers timestamp and token only, so no sender's data is proven by it"
    opened = taken(key="Ase7RelayVectors0003", type="opened")
    changed = sent(data=told("Ase7RelayVectors0003", "opened"))
    yield Case("event data changed", changed, opened, CONFIG, why=uncovered)
    hours = NOW - 7 * 3600
    kept = "Mailgun repeats a webhook for 8 hours"
    yield Case("seven hours old", sent(proof(at=hours)), DELIVERED, CONFIG, why=kept)
    yield Case(
        "empty body", post(b""), refused(400), CONFIG, why="no preset of a JSON body takes an empty one"
    )


def _proofs() -> Iterator[Case]:
    yield Case("wrong secret", sent(proof(sign(secret="of-another"))), refused(), CONFIG)
    yield Case("timestamp changed", sent(proof(sign(), at=NOW - 1)), refused(), CONFIG)
    yield Case("token changed, one byte", sent(proof(sign(), token=TOKEN[:-1] + "x")), refused(), CONFIG)
    sha1 = hmac.digest(SECRET.encode(), f"{NOW - 2}{TOKEN}".encode(), "sha1").hex()
    yield Case("wrong digest", sent(proof(sha1)), refused(), CONFIG)
    for name in ("timestamp", "token", "signature"):
        rest = {key: value for key, value in proof().items() if key != name}
        yield Case(f"{name} missing", sent(rest), refused(), CONFIG)
    yield Case("no signature at all", post(json.dumps({"event-data": told()}).encode()), refused(), CONFIG)
    yield Case("malformed: signature is a text", sent(sign()), refused(), CONFIG)
    yield Case("malformed: signature is a list", sent([proof()]), refused(), CONFIG)
    yield Case("malformed: signature is a number", sent(proof(1)), refused(), CONFIG)
    yield Case("malformed: signature is cut short", sent(proof(sign()[:-2])), refused(), CONFIG)
    yield Case("malformed: no JSON", post(b"signature=" + sign().encode()), refused(), CONFIG)
    yield Case("malformed: a list", post(b"[]"), refused(), CONFIG)
    yield Case("non-ASCII signature", sent(proof("é" + sign())), refused(), CONFIG)
    raw = post(GOOD.body.replace(sign().encode(), b"\xff\xe9" + sign().encode()))
    yield Case("non-UTF-8 bytes", raw, refused(), CONFIG)
    yield Case("second of two secrets", sent(proof(sign(secret=OLD))), DELIVERED, ROTATING)


def _pairs() -> Iterator[Case]:
    yield Case("retry of good", GOOD, DELIVERED, CONFIG, NOW + 600, same_as="good")
    anew = sent(proof(at=NOW + 600, token="2f4a0relay" * 5))
    yield Case("retry of good, signed anew", anew, DELIVERED, CONFIG, NOW + 600, same_as="good")
    other = sent(proof(token="3f4a0relay" * 5), told("Ase7RelayVectors0002", "opened"))
    opened = taken(key="Ase7RelayVectors0002", type="opened")
    yield Case("another event of the same message", other, opened, CONFIG, differs_from="good")
    yield Case("another method", Request(GOOD.headers, GOOD.body, method="PUT"), refused(405), CONFIG)


VECTORS: Final = Vectors(
    "mailgun",
    (*_bodies(), *_proofs(), *_pairs()),
    why="no SDK: HMAC of the standard library, by the provider's documents",
)
