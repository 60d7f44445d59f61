"""Meta and WhatsApp: no SDK verifies their webhooks; the documents' recipe, with the standard library."""

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode

from tests.oracles.python.body_hmac import BodyHmac
from tests.oracles.python.case import NOW, Case, Request, Vectors, answered, refused, taken

META: Final = BodyHmac("X-Hub-Signature-256", "me7a0appsecret00000000000000001", "me7a0oldsecret", "sha256=")
TOKEN: Final = "relay & verify: 01+ü"
CONFIG: Final = {"secret": [META.secret], "verify_token": TOKEN}


def message(text: str = "hello relay", id: str = "wamid.RELAY0001") -> dict[str, Any]:
    said = {
        "from": "41445550100",
        "id": id,
        "timestamp": str(NOW - 3),
        "type": "text",
        "text": {"body": text},
    }
    value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": "1060001"}, "messages": [said]}
    entry = {"id": "2150001", "changes": [{"field": "messages", "value": value}]}
    return {"object": "whatsapp_business_account", "entry": [entry]}


def escaped(document: Any) -> bytes:
    r"""As Meta writes it: no spaces, whatever is not ASCII as \u, slashes too."""
    return json.dumps(document, separators=(",", ":")).replace("/", r"\/").encode()


GOOD: Final = escaped(message())
MESSAGES: Final = taken(type="whatsapp_business_account")


def _bodies() -> Iterator[Case]:
    body = escaped(message("Zoë 👋 https://example.com/ü"))
    yield Case("unicode body, escaped as sent", META.signed(body), MESSAGES, CONFIG)
    literal = json.dumps(message("Zoë 👋"), ensure_ascii=False).encode()
    yield Case("unicode body, literal", META.signed(literal), MESSAGES, CONFIG)
    decoded = json.dumps(json.loads(body), ensure_ascii=False).encode()
    rewritten = META.headed(body, META.sign(decoded))
    yield Case("signed over the decoded body", rewritten, refused(), CONFIG)
    legacy = BodyHmac("X-Hub-Signature", META.secret, META.old, "sha1=")
    sha1 = legacy.headed(GOOD, legacy.sign(GOOD, algorithm="sha1"))
    yield Case("wrong scheme version: X-Hub-Signature with sha1", sha1, refused(), CONFIG)
    bare = META.headed(GOOD, META.sign(GOOD).removeprefix("sha256="))
    yield Case("signature without its prefix", bare, refused(), CONFIG)


def _handshakes() -> Iterator[Case]:
    def asked(token: str | None, challenge: str = "1158201444", mode: str = "subscribe") -> Request:
        fields = {"hub.mode": mode, "hub.challenge": challenge}
        return Request(
            (), method="GET", query=urlencode(fields | ({"hub.verify_token": token} if token else {}))
        )

    yield Case("handshake", asked(TOKEN), answered("1158201444"), CONFIG)
    markup = "<b>1&2 + 3</b>"
    yield Case("handshake, a challenge that is markup", asked(TOKEN, markup), answered(markup), CONFIG)
    unstored = refused(403) | {"stored": False}
    yield Case("handshake, wrong token", asked(TOKEN[:-1]), unstored, CONFIG)
    yield Case("handshake, no token", asked(None), unstored, CONFIG)
    garbage = Request((), method="GET", query=f"{asked(None).query}&hub.verify_token=%FF%00")
    yield Case("handshake, a token that is no UTF-8", garbage, unstored, CONFIG)


def _pairs() -> Iterator[Case]:
    yield Case("retry of good", META.signed(GOOD), MESSAGES, CONFIG, NOW + 60, same_as="good")
    other = escaped(message(id="wamid.RELAY0002"))
    yield Case("the same words again", META.signed(other), MESSAGES, CONFIG, differs_from="good")


VECTORS: Final = Vectors(
    "meta",
    (*META.cases(GOOD, CONFIG, MESSAGES), *_bodies(), *_handshakes(), *_pairs()),
    why="no SDK: HMAC of the standard library, by the provider's documents",
)
