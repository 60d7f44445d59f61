"""PayPal: `paypalrestsdk.WebhookEvent.verify`, the authority that it pins replaced by a throw-away one."""

import base64
import json
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from io import StringIO
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import patch

import paypalrestsdk  # type: ignore[import-not-found]  # it lives in an environment of its own
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from tests.oracles.python.case import NOW, Case, Large, Request, Vectors, post, refused, sdk, taken
from tests.oracles.python.certificates import Issued, authority, leaf

CERTS: Final = "v1/notifications/certs/CERT-360caa42-relay001"
URL: Final = f"https://api.paypal.com/{CERTS}"
CN: Final = "messageverificationcerts.paypal.com"
ROOT: Final = authority("Relay vectors root")
MIDDLE: Final = authority("Relay vectors intermediate", ROOT)
LEAF: Final = leaf(CN, ROOT)
BELOW: Final = leaf(CN, MIDDLE)
STRANGE: Final = leaf(CN, authority("Somebody else's root"))
ALIKE: Final = leaf("messageverificationcertspaypal.com", ROOT)
LONGER: Final = leaf(f"{CN}.relay.example", ROOT)
EXPIRED: Final = leaf(CN, ROOT, (2020, 2026))
EARLY: Final = leaf(CN, ROOT, (2044, 2049))
PEMS: Final = {
    "root": ROOT.pem,
    "root and intermediate": ROOT.pem + MIDDLE.pem,
    "leaf": LEAF.pem,
    "leaf below the intermediate": BELOW.pem,
    "leaf of another root": STRANGE.pem,
    "leaf with a CN like PayPal's": ALIKE.pem,
    "leaf with a CN that begins like PayPal's": LONGER.pem,
    "leaf, expired": EXPIRED.pem,
    "leaf, not yet valid": EARLY.pem,
}
WEBHOOK: Final = "8PT597110X687430LKGECATA"
SECOND: Final = "9PT597110X687430LKGECATB"
CONFIG: Final = {"webhook_id": WEBHOOK, "trust": ROOT.pem}
MANY: Final = CONFIG | {"webhook_id": ["WEBHOOK_ID", SECOND]}
PINNED: Final = "_WebhookEvent__cert_chain_path"
TID: Final = "69cd13f0-0000-4000-8000-000000000001"
TIME: Final = "2026-01-05T07:59:58Z"


def judge(case: Case) -> bool:
    """Whether the SDK verifies it for one of the webhook ids."""
    ids = case.config["webhook_id"]
    with (
        tempfile.TemporaryDirectory() as folder,
        redirect_stdout(StringIO()),  # it prints what it thinks of a certificate
        patch("requests.get", lambda url: _delivered(case, url)),
        patch.object(paypalrestsdk.WebhookEvent, PINNED, _pinned(case, Path(folder))),
    ):
        return any(_verifies(case.request, id) for id in ([ids] if isinstance(ids, str) else ids))


def _pinned(case: Case, folder: Path) -> list[str]:
    """One file a certificate, as the SDK has them."""
    end = "-----END CERTIFICATE-----\n"
    pems = [pem + end for pem in case.config["trust"].split(end) if pem]
    for number, pem in enumerate(pems):
        (folder / f"{number}.pem").write_text(pem)
    return [str(folder / f"{number}.pem") for number in range(len(pems))]


def _delivered(case: Case, url: str) -> SimpleNamespace:
    pem = (case.fetch or {}).get(url)
    if pem is None:
        raise paypalrestsdk.notifications.requests.ConnectionError
    return SimpleNamespace(text=pem)


def _verifies(request: Request, webhook_id: str) -> bool:
    id, at, url, signature, algorithm = (
        request.header(f"PAYPAL-{name}")
        for name in ("TRANSMISSION-ID", "TRANSMISSION-TIME", "CERT-URL", "TRANSMISSION-SIG", "AUTH-ALGO")
    )
    body = request.body.decode()
    verdict: bool = paypalrestsdk.WebhookEvent.verify(id, at, webhook_id, body, url, signature, algorithm)
    return verdict


def capture(id: str = "WH-2WR32451HC0233532-RELAY0001", name: str = "Ada Lovelace", n: int = 0) -> bytes:
    event = {
        "id": id,
        "event_version": "1.0",
        "create_time": "2026-01-05T07:59:54.000Z",
        "resource_type": "capture",
        "event_type": "PAYMENT.CAPTURE.COMPLETED",
        "resource": {"id": "42311647XV020574X", "payer": name, "amount": {"value": f"{n}.00"}},
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def _with_crc(*, high: bool) -> bytes:
    bodies = (capture(n=n) for n in count())
    return next(body for body in bodies if (zlib.crc32(body) >= 1 << 31) == high)


def text(body: bytes, webhook: str = WEBHOOK, id: str = TID, at: str = TIME, crc: str = "") -> bytes:
    return f"{id}|{at}|{webhook}|{crc or zlib.crc32(body)}".encode()


def sign(covered: bytes, digest: hashes.HashAlgorithm | None = None) -> str:
    return base64.b64encode(LEAF.key.sign(covered, PKCS1v15(), digest or hashes.SHA256())).decode()


def headed(body: bytes | Large, signature: str | bytes, **changed: str | bytes | None) -> Request:
    """`changed`: by the end of its name, another value of a header, or None for none."""
    named: dict[str, str | bytes | None] = {"TRANSMISSION-ID": TID, "TRANSMISSION-TIME": TIME}
    named |= {"TRANSMISSION-SIG": signature, "CERT-URL": URL}
    named |= {"AUTH-ALGO": "SHA256withRSA", "AUTH-VERSION": "v2"}
    named |= {name.replace("_", "-"): value for name, value in changed.items()}
    pairs = [(f"PAYPAL-{name}", value) for name, value in named.items() if value is not None]
    return post(body, *pairs)


def signed(body: bytes | Large, webhook: str = WEBHOOK, **changed: str) -> Request:
    whole = body.whole() if isinstance(body, Large) else body
    return headed(body, sign(text(whole, webhook)), **changed)


def case(
    name: str,
    request: Request,
    expect: Mapping[str, Any] | None = None,
    certificate: Issued | None = LEAF,
    **more: Any,
) -> Case:
    """`certificate` is what the request's address delivers."""
    url = request.header("PAYPAL-CERT-URL")
    fetch = {url: certificate.pem if certificate else None} if url else {}
    return Case(name, request, expect or CAPTURED, more.pop("config", CONFIG), fetch=fetch, **more)


GOOD: Final = _with_crc(high=False)
PROOF: Final = sign(text(GOOD))
CAPTURED: Final = taken(key="WH-2WR32451HC0233532-RELAY0001", type="PAYMENT.CAPTURE.COMPLETED", time=NOW - 6)
UNUSABLE: Final = "the signature is right, but there is no event to be identified"


def _bodies() -> Iterator[Case]:
    yield case("good", signed(GOOD), why="its crc32 is below 2^31")
    yield case("crc32 above 2^31", signed(_with_crc(high=True)))
    yield case("unicode body", signed(capture(name="Zoë Müller 👋 中")))
    large = Large(GOOD[:-1] + b',"note":"', b'"}')
    yield case("large body", signed(large))
    yield case("empty body", signed(b""), refused(400), why=UNUSABLE)
    yield case("body is no JSON", signed(b"id=WH-1"), refused(400), why=UNUSABLE)
    old = "no age is checked: PayPal repeats for three days"
    earlier = "2026-01-02T08:00:00Z"
    stale = headed(GOOD, sign(text(GOOD, at=earlier)), TRANSMISSION_TIME=earlier)
    yield case("stale: three days old", stale, why=old)


def _signatures() -> Iterator[Case]:
    yield case("wrong secret: another webhook id", signed(GOOD, SECOND), refused())
    yield case("second of two webhook ids", signed(GOOD, SECOND), config=MANY)
    yield case("first of two: the simulator's", signed(GOOD, "WEBHOOK_ID"), config=MANY)
    yield case("one body byte changed", headed(GOOD + b" ", PROOF), refused())
    high = _with_crc(high=True)
    negative = text(high, crc=str(zlib.crc32(high) - (1 << 32)))
    yield case("crc32 as a negative number", headed(high, sign(negative)), refused())
    yield case("id changed", headed(GOOD, PROOF, TRANSMISSION_ID=TID[:-1] + "2"), refused())
    for name in ("TRANSMISSION-ID", "TRANSMISSION-TIME", "TRANSMISSION-SIG", "CERT-URL", "AUTH-ALGO"):
        yield case(f"{name} missing", headed(GOOD, PROOF, **{name: None}), refused())
    yield case("malformed signature", headed(GOOD, "***"), refused())
    yield case("non-ASCII header bytes", headed(GOOD, b"\xff\xe9" + PROOF.encode()), refused())
    sha1 = sign(text(GOOD), hashes.SHA1())
    weak = "SHA-1 is refused, though the SDK maps it"
    yield case("SHA1withRSA", headed(GOOD, sha1, AUTH_ALGO="SHA1withRSA"), refused(), why=weak)
    yield case("SHA-1 called SHA256withRSA", headed(GOOD, sha1), refused())
    unknown = headed(GOOD, PROOF, AUTH_ALGO="SHA512withRSA")
    yield case("wrong scheme version", unknown, refused())


def _certificates() -> Iterator[Case]:
    both = CONFIG | {"trust": ROOT.pem + MIDDLE.pem}
    yield case("chain over an intermediate", signed(GOOD), certificate=BELOW, config=both)
    yield case("chain not to trust", signed(GOOD), refused(), STRANGE)
    yield case("CN wrong", signed(GOOD), refused(), ALIKE)
    yield case("CN wrong, PayPal's in front", signed(GOOD), refused(), LONGER)
    yield case("certificate expired", signed(GOOD), refused(), EXPIRED)
    yield case("certificate not yet valid", signed(GOOD), refused(), EARLY)
    yield case("fetch fails", signed(GOOD), refused(503), None)


def _addresses() -> Iterator[Case]:
    sandbox = f"https://api-m.sandbox.paypal.com/{CERTS}"
    yield case("CERT-URL: another of PayPal's", signed(GOOD, CERT_URL=sandbox))
    blind = "the SDK fetches it; relay asks PayPal's hosts only"
    for name, url in {
        "host not allowed": f"https://relay.example/{CERTS}",
        "host that begins like PayPal's": f"https://api.paypal.com.relay.example/{CERTS}",
        "host that ends like PayPal's": f"https://evilpaypal.com/{CERTS}",
        "userinfo that looks like the host": f"https://api.paypal.com@relay.example/{CERTS}",
        "userinfo before the host": f"https://ada:lovelace@api.paypal.com/{CERTS}",
        "backslash before another host": f"https://relay.example\\@api.paypal.com/{CERTS}",
        "http": f"http://api.paypal.com/{CERTS}",
    }.items():
        yield case(f"CERT-URL: {name}", signed(GOOD, CERT_URL=url), refused(), why=blind)


def _pairs() -> Iterator[Case]:
    id, at = "69cd13f0-0000-4000-8000-000000000009", "2026-01-05T08:10:00Z"
    again = headed(GOOD, sign(text(GOOD, id=id, at=at)), TRANSMISSION_ID=id, TRANSMISSION_TIME=at)
    yield case("retry of good, sent anew", again, now=NOW + 602, same_as="good")
    other = capture("WH-2WR32451HC0233532-RELAY0002")
    second = CAPTURED | {"key": "WH-2WR32451HC0233532-RELAY0002"}
    yield case("another event", signed(other), second, differs_from="good")
    method = Request(signed(GOOD).headers, GOOD, method="PUT")
    yield case("another method", method, refused(405), why="the SDK does not see the method")


VECTORS: Final = Vectors(
    "paypal",
    (*_bodies(), *_signatures(), *_certificates(), *_addresses(), *_pairs()),
    oracle=sdk("paypalrestsdk"),
    judge=judge,
    pems=PEMS,
)
