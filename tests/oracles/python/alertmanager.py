"""Alertmanager: no SDK; a bearer token, equal bodies on purpose, and so no id."""

import json
from collections.abc import Iterator
from typing import Any, Final

from tests.oracles.python.case import NOW, Case, Large, Request, Vectors, post, refused, taken

SECRET: Final = "relay-vectors-alerts-01"
OLD: Final = "relay-vectors-alerts-00"
CONFIG: Final = {"secret": [SECRET]}
ROTATING: Final = {"secret": [SECRET, OLD]}


def alerts(status: str = "firing", summary: str = "disk almost full") -> bytes:
    """Compact, with a line feed at its end, as Alertmanager writes it."""
    alert = {
        "status": status,
        "labels": {"alertname": "DiskFull", "severity": "page"},
        "annotations": {"summary": summary},
        "startsAt": "2026-01-05T07:55:00Z",
        "endsAt": "0001-01-01T00:00:00Z" if status == "firing" else "2026-01-05T07:59:00Z",
        "generatorURL": "http://prometheus.example:9090/graph?g0.expr=disk",
        "fingerprint": "5e1a7000relay001",
    }
    group: dict[str, Any] = {"version": "4", "groupKey": '{}:{alertname="DiskFull"}', "truncatedAlerts": 0}
    group |= {"status": status, "receiver": "relay", "groupLabels": {"alertname": "DiskFull"}}
    return json.dumps(group | {"alerts": [alert]}, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def sent(body: bytes | Large, authorization: str | bytes | None = f"Bearer {SECRET}") -> Request:
    return post(body, *([("Authorization", authorization)] if authorization else []))


GOOD: Final = alerts()
FIRING: Final = taken(type="firing")


def _bodies() -> Iterator[Case]:
    yield Case("good", sent(GOOD), FIRING, CONFIG)
    yield Case("unicode body", sent(alerts(summary="Platte voll: Zürich 👋")), FIRING, CONFIG)
    large = Large(GOOD[:-2] + b',"note":"', b'"}\n')
    yield Case("large body", sent(large), FIRING, CONFIG)
    yield Case("empty body", sent(b""), refused(400), CONFIG)
    yield Case("another method", Request(sent(GOOD).headers, GOOD, method="PUT"), refused(405), CONFIG)


def _proofs() -> Iterator[Case]:
    yield Case("wrong secret", sent(GOOD, "Bearer of-another"), refused(), CONFIG)
    yield Case("one byte more", sent(GOOD, f"Bearer {SECRET}x"), refused(), CONFIG)
    yield Case("one byte less", sent(GOOD, f"Bearer {SECRET[:-1]}"), refused(), CONFIG)
    yield Case("token missing", sent(GOOD, None), refused(), CONFIG)
    yield Case("token empty", sent(GOOD, "Bearer "), refused(), CONFIG)
    yield Case("malformed: no scheme", sent(GOOD, SECRET), refused(), CONFIG)
    yield Case("malformed: another scheme", sent(GOOD, f"Token {SECRET}"), refused(), CONFIG)
    yield Case("scheme in another case", sent(GOOD, f"bearer {SECRET}"), FIRING, CONFIG)
    non_ascii = sent(GOOD, f"Bearer {SECRET}".encode() + b"\xff\xe9")
    yield Case("non-ASCII header bytes", non_ascii, refused(), CONFIG)
    queried = Request((("Content-Type", "application/json"),), GOOD, query=f"access_token={SECRET}")
    yield Case("token in the query", queried, refused(), CONFIG)
    yield Case("basic authorization", sent(GOOD, "Basic YWxlcnRzOnJlbGF5"), refused(), CONFIG)
    yield Case("second of two secrets", sent(GOOD, f"Bearer {OLD}"), FIRING, ROTATING)


def _pairs() -> Iterator[Case]:
    again = "Alertmanager sends the same bytes again while an alert goes on: each is news"
    repeated = Case("the same again", sent(GOOD), FIRING, CONFIG, NOW + 300, why=again, differs_from="good")
    yield repeated
    over = sent(alerts("resolved"))
    yield Case("resolved", over, taken(type="resolved"), CONFIG, NOW + 300, differs_from="good")


VECTORS: Final = Vectors(
    "alertmanager",
    (*_bodies(), *_proofs(), *_pairs()),
    why="no SDK: tokens are compared as they are",
)
