"""Microsoft Graph: its SDK does not judge notifications; every element repeats the secret `clientState`."""

import json
from collections.abc import Iterator
from typing import Any, Final

from tests.oracles.python.case import NOW, Case, Large, Request, Vectors, answered, post, refused, taken

SECRET: Final = "relay-vectors-client-state-01"
OLD: Final = "relay-vectors-client-state-00"
CONFIG: Final = {"secret": [SECRET]}
ROTATING: Final = {"secret": [SECRET, OLD]}


def changed(state: Any = SECRET, kind: str = "created", id: str = "AAMkRelay0001") -> dict[str, Any]:
    """One element of a notification; no clientState if `state` is None."""
    resource = {"@odata.type": "#Microsoft.Graph.Message", "id": id}
    notice = {
        "subscriptionId": "7f105c7d-0000-4000-8000-000000000001",
        "subscriptionExpirationDateTime": "2026-01-08T08:00:00Z",
        "changeType": kind,
        "resource": f"Users/relay/Messages/{id}",
        "resourceData": resource,
        "tenantId": "84bd8158-0000-4000-8000-000000000001",
    }
    return notice if state is None else notice | {"clientState": state}


def sent(*elements: Any) -> Request:
    return post(json.dumps({"value": list(elements)}, ensure_ascii=False).encode())


GOOD: Final = sent(changed())
CREATED: Final = taken(type="created")


def _bodies() -> Iterator[Case]:
    yield Case("good", GOOD, CREATED, CONFIG)
    yield Case("two elements", sent(changed(), changed(id="AAMkRelay0002")), CREATED, CONFIG)
    yield Case("unicode body", sent(changed(id="Zoë👋")), CREATED, CONFIG)
    large = Large(GOOD.body[:-1] + b', "note": "', b'"}')
    yield Case("large body", post(large), CREATED, CONFIG)
    missed = {"lifecycleEvent": "missed", "subscriptionId": "7f105c7d-0000-4000-8000-000000000001"}
    yield Case("lifecycle notification", sent(missed | {"clientState": SECRET}), taken(), CONFIG)
    yield Case(
        "empty body", post(b""), refused(400), CONFIG, why="no preset of a JSON body takes an empty one"
    )
    yield Case("another method", Request(GOOD.headers, GOOD.body, method="PUT"), refused(405), CONFIG)


def _proofs() -> Iterator[Case]:
    yield Case("wrong secret", sent(changed("of-another")), refused(), CONFIG)
    yield Case("one byte changed", sent(changed(SECRET[:-1] + "2")), refused(), CONFIG)
    yield Case("clientState missing", sent(changed(None)), refused(), CONFIG)
    yield Case("second element wrong", sent(changed(), changed("of-another")), refused(), CONFIG)
    yield Case("second element without one", sent(changed(), changed(None)), refused(), CONFIG)
    yield Case("second element is no map", sent(changed(), SECRET), refused(), CONFIG)
    yield Case(
        "no element", sent(), refused(), CONFIG, why="nothing repeats the secret, so nothing is proven"
    )
    yield Case("malformed: no value", post(b"{}"), refused(), CONFIG)
    at_top = json.dumps({"clientState": SECRET, "value": [changed(None)]}).encode()
    yield Case("clientState beside the elements", post(at_top), refused(), CONFIG)
    one = json.dumps({"value": changed()}).encode()
    yield Case("malformed: value is no list", post(one), refused(), CONFIG)
    yield Case("malformed: a list", post(json.dumps([changed()]).encode()), refused(), CONFIG)
    yield Case("malformed: no JSON", post(SECRET.encode()), refused(), CONFIG)
    yield Case("malformed: a number", sent(changed(1)), refused(), CONFIG)
    yield Case("malformed: a list of it", sent(changed([SECRET])), refused(), CONFIG)
    yield Case("non-ASCII clientState", sent(changed(f"{SECRET}é")), refused(), CONFIG)
    raw = post(GOOD.body.replace(SECRET.encode(), SECRET.encode() + b"\xff\xe9"))
    yield Case("non-UTF-8 bytes", raw, refused(), CONFIG)
    header = post(sent(changed(None)).body, ("Authorization", f"Bearer {SECRET}"))
    yield Case("secret in a header", header, refused(), CONFIG)
    yield Case("second of two secrets", sent(changed(OLD)), CREATED, ROTATING)
    yield Case("one of each of two secrets", sent(changed(OLD), changed()), CREATED, ROTATING)


def _handshakes() -> Iterator[Case]:
    def asked(query: str) -> Request:
        return Request((("Content-Type", "text/plain; charset=utf-8"),), query=query)

    words = "validationToken=Validation%3a+for+subscription+Request-Id%3a+7f105c7d%2B01"
    spoken = answered("Validation: for subscription Request-Id: 7f105c7d+01")
    yield Case("handshake", asked(words), spoken, CONFIG)
    markup = asked("validationToken=%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    yield Case("handshake, markup", markup, answered("<script>alert(1)</script>"), CONFIG)
    beside = asked("a=1&validationToken=Zo%C3%AB%20%F0%9F%91%8B")
    yield Case("handshake, not ASCII", beside, answered("Zoë 👋"), CONFIG)


def _pairs() -> Iterator[Case]:
    yield Case("retry of good", GOOD, CREATED, CONFIG, NOW + 60, same_as="good")
    updated = sent(changed(kind="updated"))
    yield Case("another change", updated, taken(type="updated"), CONFIG, differs_from="good")


VECTORS: Final = Vectors(
    "microsoft-graph",
    (*_bodies(), *_proofs(), *_handshakes(), *_pairs()),
    why="no SDK: the secret is compared as it is",
)
