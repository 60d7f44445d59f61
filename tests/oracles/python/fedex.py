"""FedEx Advanced Integrated Visibility: no SDK; HMAC in base64, an id from the `output` member."""

import json
from collections.abc import Iterator
from typing import Any, Final

from tests.oracles.python.body_hmac import BodyHmac
from tests.oracles.python.case import NOW, Case, Vectors, refused, taken

FEDEX: Final = BodyHmac(
    "fdx-signature", "FedexSecurityToken0relay0001", "FedexSecurityToken0relay0000", hex=False
)
CONFIG: Final = {"secret": [FEDEX.secret]}
RENAMED: Final = CONFIG | {"header": "X-Fdx-Sc-Signature"}


def tracked(
    attempt: int | None = None,
    code: str = "IT",
    city: str = "MEMPHIS",
    date: str = "2026-01-05T07:40:00-06:00",
) -> bytes:
    """One state of one parcel; FedEx numbers its attempts beside what it tells."""
    scan = {"date": date, "eventType": code, "scanLocation": {"city": city, "countryCode": "US"}}
    found = {"latestStatusDetail": {"code": code, "description": "as scanned"}, "scanEvents": [scan]}
    results = [{"trackingNumber": "794600000001", "trackResults": [found]}]
    document: dict[str, Any] = {"transactionId": "624deea6-0000-4000-8000-000000000001"}
    if attempt is not None:
        document["outputMetaData"] = [{"attempt": attempt, "time": f"2026-01-05T08:0{attempt}:00Z"}]
    document["output"] = {"completeTrackResults": results}
    return json.dumps(document, ensure_ascii=False).encode()


GOOD: Final = tracked()
IN_TRANSIT: Final = taken(type="IT")


def _bodies() -> Iterator[Case]:
    unicode = tracked(city="ZÜRICH 👋")
    yield Case("unicode body", FEDEX.signed(unicode), IN_TRANSIT, CONFIG, differs_from="good")
    renamed = BodyHmac("X-Fdx-Sc-Signature", FEDEX.secret, FEDEX.old, hex=False)
    yield Case("header of another name", renamed.signed(GOOD), IN_TRANSIT, RENAMED)
    usual = FEDEX.signed(GOOD)
    yield Case("the usual header where another is configured", usual, refused(), RENAMED)
    plain = {"transactionId": "624deea6-0000-4000-8000-000000000009", "output": {"alerts": []}}
    empty = json.dumps(plain).encode()
    yield Case("an output without results", FEDEX.signed(empty), taken(), CONFIG)


def _pairs() -> Iterator[Case]:
    yield Case("retry of good", FEDEX.signed(GOOD), IN_TRANSIT, CONFIG, NOW + 60, same_as="good")
    yield Case("first attempt", FEDEX.signed(tracked(1)), IN_TRANSIT, CONFIG)
    second = FEDEX.signed(tracked(2))
    yield Case("second attempt", second, IN_TRANSIT, CONFIG, NOW + 60, same_as="first attempt")
    elsewhere = FEDEX.signed(tracked(1, city="INDIANAPOLIS"))
    yield Case("the same code elsewhere", elsewhere, IN_TRANSIT, CONFIG, differs_from="first attempt")
    later = FEDEX.signed(tracked(date="2026-01-05T07:50:00-06:00"))
    yield Case("the same code, scanned later", later, IN_TRANSIT, CONFIG, differs_from="good")
    delivered = FEDEX.signed(tracked(code="DL"))
    yield Case("another code", delivered, taken(type="DL"), CONFIG, differs_from="good")


VECTORS: Final = Vectors(
    "fedex",
    (*FEDEX.cases(GOOD, CONFIG, IN_TRANSIT), *_bodies(), *_pairs()),
    why="no SDK: HMAC of the standard library, by the provider's documents",
)
