"""PayPal's signatures: `provider = "paypal"`, and `verify = { type = "paypal" }`."""

import base64
import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm

from relay.clock import SECOND, SystemClock
from relay.config.pem import Pem
from relay.errors import RelayError
from relay.receive.providers.protocol import Identity, Provider, Rejected, Request, Wanted
from relay.receive.verify.key_pair import private_pem
from tests.authority import Issued, authority, rsa_key
from tests.receive.providers.posting import NOW, Given, identity, post, problems, provider

ROOT = authority()
NAME = "messageverificationcerts.paypal.com"
LEAF = ROOT.issue(NAME)
URL = "https://api.paypal.com/v1/notifications/certs/CERT-1-2-3"
BODY = '{"id": "WH-1", "event_type": "A.B", "create_time": "2026-01-05T10:15:00Z", "summary": "Zoë"}'.encode()
ID = "8PT597110X687430L"


def paypal(**table: Any) -> Provider:
    return provider(provider="paypal", **{"webhook_id": ID, "trust": Pem(ROOT.pem), **table})


def headers(
    body: bytes = BODY,
    webhook_id: str = ID,
    leaf: Issued = LEAF,
    hashed: HashAlgorithm | None = None,
    **replaced: str | bytes | None,
) -> Given:
    """As PayPal signs; `SIG="…"` and so on are what stands there instead, None nothing."""
    text = f"aa-bb|2026-01-05T10:15:00Z|{webhook_id}|{zlib.crc32(body)}".encode()
    signature = base64.b64encode(leaf.key.sign(text, PKCS1v15(), hashed or SHA256())).decode()
    made: dict[str, str | bytes | None] = {
        "PAYPAL-TRANSMISSION-ID": "aa-bb",
        "PAYPAL-TRANSMISSION-TIME": "2026-01-05T10:15:00Z",
        "PAYPAL-TRANSMISSION-SIG": signature,
        "PAYPAL-CERT-URL": URL,
        "PAYPAL-AUTH-ALGO": "SHA256withRSA",
    }
    for end, value in replaced.items():
        (name,) = [name for name in made if name.endswith(end)]
        made[name] = value
    return {name: value for name, value in made.items() if value is not None}


def verdict(source: Provider, request: Request, content: bytes = LEAF.pem, now: int = NOW) -> int | str:
    """The address that is wanted where its content would not do, else the status."""
    wanted = source.verify(request, now)
    if isinstance(wanted, Wanted):
        found = source.verify(request, now, content)
        assert not isinstance(found, Wanted)
        return 200 if found is None else found.status
    return 200 if wanted is None else f"{wanted.status} without a visit"


UNASKED = "401 without a visit"


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: post(headers(), BODY), 200),
        (lambda: post(headers(b""), b""), 200),
        (lambda: post(headers(b"\xff\x00"), b"\xff\x00"), 200),
        (lambda: post(headers(), BODY + b" "), 401),
        (lambda: post(headers(webhook_id="OTHER"), BODY), 401),
        (lambda: post(headers(leaf=ROOT.issue(NAME, key=rsa_key(1))), BODY), 401),
        (lambda: post(headers(hashed=SHA1()), BODY), 401),
        (lambda: post(headers(ID="aa-bc"), BODY), 401),
        (lambda: post(headers(TIME="2026-01-05T10:15:01Z"), BODY), 401),
        (lambda: post(headers(ALGO="SHA1withRSA", hashed=SHA1()), BODY), UNASKED),
        (lambda: post(headers(ALGO="SHA512withRSA"), BODY), UNASKED),
        (lambda: post(headers(ALGO=b"\xff"), BODY), UNASKED),
        (lambda: post(headers(SIG="!"), BODY), UNASKED),
        (lambda: post(headers(SIG=b"\xff\xfe"), BODY), UNASKED),
        (lambda: post(headers(SIG=""), BODY), UNASKED),
        (lambda: post(headers(SIG="AAAA"), BODY), 401),
        (lambda: post(headers(SIG=base64.b64encode(bytes(256)).decode()), BODY), 401),
        (lambda: post(headers(ID=None), BODY), UNASKED),
        (lambda: post(headers(TIME=None), BODY), UNASKED),
        (lambda: post(headers(SIG=None), BODY), UNASKED),
        (lambda: post(headers(URL=None), BODY), UNASKED),
        (lambda: post(headers(ALGO=None), BODY), UNASKED),
        (lambda: post({}, BODY), UNASKED),
    ],
)
def test_requests(make: Callable[[], Request], expected: int | str) -> None:
    """PayPal's own verify; what could be told without the certificate is refused before any visit."""
    assert verdict(paypal(), make()) == expected


@pytest.mark.parametrize("half", [0x7FFFFFFF, 0x80000000])
def test_the_crc_is_unsigned(half: int) -> None:
    """Half of all bodies have one that would be negative."""
    bodies = (b'{"id": "WH-%d"}' % number for number in range(1000))
    body = next(body for body in bodies if (zlib.crc32(body) <= 0x7FFFFFFF) is (half == 0x7FFFFFFF))
    assert verdict(paypal(), post(headers(body), body)) == 200


def test_several_subscriptions() -> None:
    """Any of the webhook ids verifies: of live and sandbox, or the simulator's."""
    both = paypal(webhook_id=["FIRST", "WEBHOOK_ID"])
    for webhook_id, expected in (("FIRST", 200), ("WEBHOOK_ID", 200), (ID, 401)):
        assert verdict(both, post(headers(webhook_id=webhook_id), BODY)) == expected


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        (URL, True),
        ("https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1", True),
        ("https://api-m.paypal.com/c", True),
        ("https://API.PayPal.com:443/c", True),
        ("https://a.b.c.paypal.com/", True),
        ("http://api.paypal.com/c", False),
        ("https://api.paypal.com:8443/c", False),
        ("https://api.paypal.com.example.net/c", False),
        ("https://evilpaypal.com/c", False),
        ("https://paypal.com/c", False),
        ("https://api.paypal.com@example.net/c", False),
        ("https://example.net@api.paypal.com/c", False),
        ("https://example.net\\@api.paypal.com/c", False),
        ("https://example.net/api.paypal.com/c", False),
        ("https://example.net#.paypal.com/c", False),
        ("https://example.net?.paypal.com/c", False),
        ("https://api.paypal.com/c?next=https://example.net", False),
        ("https://api.paypal.com/c\r\nHost: example.net", False),
        ("https://api.paypal.com/c d", False),
        ("https://api.paypal.com", False),
        ("https://.paypal.com/c", False),
        ("https://127.0.0.1/c", False),
        ("https://аpi.paypal.com/c", False),  # noqa: RUF001  another alphabet's letter
        ("//api.paypal.com/c", False),
        ("file:///etc/passwd", False),
        (f"https://api.paypal.com/{'c' * 1000}", False),
        (b"https://api.paypal.com/\xff", False),
    ],
)
def test_where_certificates_may_come_from(url: str | bytes, asked: bool) -> None:
    """From PayPal's hosts by https, and nowhere else: whoever posts could name any address."""
    wanted = paypal().verify(post(headers(URL=url), BODY), NOW)
    assert (wanted == Wanted(str(url))) is asked
    assert isinstance(wanted, Wanted) is asked


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        (ROOT.issue("messageverificationcerts.sandbox.paypal.com"), 200),
        (ROOT.issue("api.example.net"), 401),
        (ROOT.issue("paypal.com.example.net"), 401),
        (ROOT.issue("evilpaypal.com"), 401),
        (authority("another").issue(NAME), 401),
        (ROOT.issue(NAME, ends=timedelta(days=-1)), 401),
        (ROOT.issue(NAME, begins=timedelta(days=1)), 401),
    ],
)
def test_signing_certificates(leaf: Issued, expected: int) -> None:
    """Of a trusted root, valid now, in PayPal's name."""
    assert verdict(paypal(), post(headers(leaf=leaf), BODY), leaf.pem) == expected


def test_the_built_in_roots_are_not_ours() -> None:
    """Without `trust`, a certificate of a root that nobody knows is refused."""
    assert verdict(provider(provider="paypal", webhook_id=ID), post(headers(), BODY)) == 401


def test_the_systems_roots_count(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `trust`, what SSL_CERT_FILE names is believed besides those that come along."""
    (tmp_path / "roots.pem").write_bytes(ROOT.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "roots.pem"))
    assert verdict(provider(provider="paypal", webhook_id=ID), post(headers(), BODY)) == 200


def test_what_was_fetched_may_be_anything() -> None:
    """A page of HTML, half a certificate, nothing: refused, and never raised."""
    for content in (b"", b"<html>", LEAF.pem[:300], LEAF.pem.replace(b"A", b"!"), b"\x00" * 5000):
        assert verdict(paypal(), post(headers(), BODY), content) == 401


def test_a_certificate_in_trust_is_believed_without_a_visit() -> None:
    """It is tried first; for what it did not sign, the one that is named is asked for."""
    pinned = authority("another").issue(NAME, key=rsa_key(1))
    source = paypal(trust=Pem(pinned.pem + ROOT.pem))
    assert source.verify(post(headers(leaf=pinned), BODY), NOW) is None
    assert source.verify(post(headers(), BODY), NOW) == Wanted(URL)
    assert verdict(source, post(headers(), BODY)) == 200
    late = NOW + 101 * 86_400 * SECOND
    assert source.verify(post(headers(leaf=pinned), BODY), late) == Wanted(URL)


def test_names() -> None:
    """What its requests are called; one without an id, or that is no JSON, is unusable."""
    request = post(headers(), BODY)
    assert identity(paypal(), request) == Identity("WH-1", "A.B", 1767608100 * SECOND)
    for body in (b"", b"no json", b'{"event_type": "A.B"}', b'{"id": ""}', b"[]"):
        refused = paypal().identify(post(headers(body), body))
        assert isinstance(refused, Rejected)
        assert refused.status == 400


def test_in_words() -> None:
    """A source of one's own can be verified so, too."""
    words = {"type": "paypal", "webhook_id": [ID], "trust": Pem(ROOT.pem)}
    source = provider(verify=words, id="body.id")
    assert verdict(source, post(headers(), BODY)) == 200
    assert identity(source, post(headers(), BODY)).key == "WH-1"
    broken = Pem(b"-----BEGIN CERTIFICATE-----\nbm8=\n")
    assert [each.path for each in problems(verify=words | {"trust": broken})] == ["source.shop.verify.trust"]
    told = problems(provider="paypal", webhook_id=ID, trust=broken)
    assert [each.path for each in told] == ["source.shop.trust"]


def test_signing() -> None:
    """With a throw-away key of its own making, which `trust` names, each sample verifies without a visit."""
    assert paypal().needs_key
    pem = paypal().new_key()
    assert pem is not None
    source, now = paypal(trust=Pem(pem)), SystemClock().now()
    assert not source.needs_key
    assert source.public_half(pem) == ("trust", "")
    for signing in (source, paypal().with_key(pem)):
        for sample in signing.samples():
            request = Request("POST", "/in/shop", "", signing.sign(sample, now), sample.body)
            assert source.verify(request, now) is None
            assert identity(source, request).type == sample.type
    with pytest.raises(RelayError):
        source.with_key(private_pem(ROOT.key))
