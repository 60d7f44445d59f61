"""PayPal's events with the certificate that a real visit brings: over TLS, through a proxy."""

import base64
import json
import zlib
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from tests.authority import Issued, authority
from tests.journeys.test_process import running
from tests.outside import ConnectProxy, Site
from tests.receive.wire import Said, Wire, request

ALWAYS = timedelta(days=36_500)
HOST = "https://api.paypal.com"
CERTIFICATE = "/v1/notifications/certs/CERT-1"
SOURCE = '[source.paypal]\nprovider = "paypal"\nwebhook_id = "WEBHOOK"\nack_timeout = "20s"\n'


def event(number: int, leaf: Issued, url: str = HOST + CERTIFICATE) -> bytes:
    """A request as PayPal signs it."""
    body = json.dumps({"id": f"WH-{number}", "event_type": "PAYMENT.CAPTURE.COMPLETED"}).encode()
    text = f"{number}|2026-01-05T10:15:00Z|WEBHOOK|{zlib.crc32(body)}".encode()
    signature = base64.b64encode(leaf.key.sign(text, PKCS1v15(), SHA256())).decode()
    return request(
        "/in/paypal",
        body,
        f"Paypal-Transmission-Id: {number}",
        "Paypal-Transmission-Time: 2026-01-05T10:15:00Z",
        f"Paypal-Transmission-Sig: {signature}",
        f"Paypal-Cert-Url: {url}",
        "Paypal-Auth-Algo: SHA256withRSA",
    )


async def told(relay: str, raw: bytes) -> Said:
    async with Wire(relay) as wire:
        return await wire.ask(raw)


async def test_a_certificate_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, over HTTPS_PROXY, from a host that SSL_CERT_FILE vouches for; signed by it, an event is taken."""
    root = authority(ends=ALWAYS, usage=True, web=True)
    own = root.issue("api.paypal.com", hosts=("api.paypal.com",), ends=ALWAYS, web=True)
    leaf = root.issue("messageverificationcerts.paypal.com", ends=ALWAYS)
    (tmp_path / "roots.pem").write_bytes(root.pem)
    async with (
        Site(own, {CERTIFICATE: leaf.pem}, tmp_path) as site,
        ConnectProxy(site.port) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "roots.pem"))
        async with running(tmp_path, SOURCE) as relay:
            stranger = event(0, leaf, "https://api.paypal.com.example.net/cert")
            assert (await told(relay.address, stranger)).status == 401
            assert not proxy.asked, "nobody is asked for what cannot be PayPal's"
            missing = await told(relay.address, event(1, leaf, f"{HOST}/none"))
            assert (missing.status, missing.headers["Retry-After"]) == (503, "5")
            first = await told(relay.address, event(1, leaf))
            assert first.status == 200
            again = await told(relay.address, event(1, leaf))
            assert again.headers["Relay-Event-Id"] == first.headers["Relay-Event-Id"]
            assert (await told(relay.address, event(2, leaf))).status == 200
            altered = event(3, leaf).replace(b"COMPLETED", b"completed")
            assert (await told(relay.address, altered)).status == 401
        assert site.asked == ["/none", CERTIFICATE]
        assert set(proxy.asked) == {"CONNECT api.paypal.com:443 HTTP/1.1"}


async def test_a_proxy_that_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the certificate cannot be had, the event is not lost: 503, and its sender comes again."""
    leaf = authority(ends=ALWAYS).issue("messageverificationcerts.paypal.com", ends=ALWAYS)
    async with ConnectProxy(None) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        async with running(tmp_path, SOURCE) as relay:
            assert (await told(relay.address, event(1, leaf))).status == 503
            assert proxy.asked == ["CONNECT api.paypal.com:443 HTTP/1.1"]
