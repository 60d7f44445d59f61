"""PayPal's signatures: RSA, by a key whose certificate the request names. Needs the extra `crypto`."""

import base64
import re
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from typing_extensions import override

from relay.clock import SECOND, rfc3339
from relay.config.pem import Pem
from relay.event import Headers
from relay.receive.faults import Faults
from relay.receive.providers.protocol import Request, Wanted
from relay.receive.verify.certificate import SigningCertificate, paypal_roots, system_roots, trust
from relay.receive.verify.certified import Certified
from relay.receive.verify.scheme import decoded
from relay.text import wire

ID: Final = "PAYPAL-TRANSMISSION-ID"
TIME: Final = "PAYPAL-TRANSMISSION-TIME"
SIGNATURE: Final = "PAYPAL-TRANSMISSION-SIG"
URL: Final = "PAYPAL-CERT-URL"
ALGORITHM: Final = "PAYPAL-AUTH-ALGO"
NEEDED: Final = (ID, TIME, SIGNATURE, URL, ALGORITHM)
RSA_SHA256: Final = b"SHA256withRSA"
ADDRESS: Final = re.compile(
    rb"https://(?:[a-z0-9-]+\.){1,4}paypal\.com(?::443)?/[\w./~%+-]{0,400}", re.IGNORECASE
)
"""All of it: nothing may stand before the host, and no other port behind it. Else whoever posts here could
have relay ask any server, inside ones too."""
NAME: Final = ".paypal.com"
"""How the common name of a signing certificate ends (PayPal's SDKs)."""
OWN_URL: Final = b"https://api.paypal.com/v1/notifications/certs/CERT-relay-send"
"""Of `relay send`; never asked, for its certificate stands in `trust`."""


@dataclass(frozen=True)
class PaypalSignature(Certified):
    """Over `ID|TIME|WEBHOOK ID|CRC-32 of the body`; no age is too old (PayPal's SDKs look at none)."""

    THROW_AWAY = "messageverificationcerts.throw-away.paypal.com"
    webhook_ids: tuple[bytes, ...]

    @override
    def fails(self, request: Request, now: int, fetched: bytes | None = None) -> str | Wanted | None:
        missing = next((name for name in NEEDED if not request.header(name)), None)
        if missing is not None:
            return f"no {missing} header"
        if request.header(ALGORITHM) != RSA_SHA256:
            return f"{ALGORITHM} is not SHA256withRSA"
        signature = decoded(request.header(SIGNATURE) or b"", "base64")
        if not signature:
            return f"a malformed signature in {SIGNATURE}"
        url = request.header(URL) or b""
        if not ADDRESS.fullmatch(url):
            return f"{URL} is no address of PayPal's"
        if any(self._signed(request, signature, own, now) for own in self.trust.pinned):
            return None
        return Wanted(url.decode()) if fetched is None else self._judge(request, signature, fetched, now)

    def _judge(self, request: Request, signature: bytes, fetched: bytes, now: int) -> str | None:
        found = self.trust.judge(fetched, now)
        if isinstance(found, str):
            return found
        return None if self._signed(request, signature, found, now) else f"a wrong signature in {SIGNATURE}"

    def _signed(self, request: Request, signature: bytes, by: SigningCertificate, now: int) -> bool:
        if by.outdated(now) or not by.names or not all(name.endswith(NAME) for name in by.names):
            return False
        return any(by.signed(_text(request, id), signature, "sha256") for id in self.webhook_ids)

    @override
    def headers(self, request: Request, now: int) -> Headers:
        assert self.signer is not None
        at = rfc3339(now // SECOND * SECOND).encode()
        headers = ((ID.encode(), str(uuid.uuid4()).encode()), (TIME.encode(), at))
        signed = Request(request.method, request.path, request.query, headers, request.body)
        signature = self.signer.sign(_text(signed, self.webhook_ids[0]), "sha256")
        return (
            *headers,
            (SIGNATURE.encode(), base64.b64encode(signature)),
            (URL.encode(), OWN_URL),
            (ALGORITHM.encode(), RSA_SHA256),
        )


def _text(request: Request, webhook_id: bytes) -> bytes:
    """The CRC is unsigned, in decimal, without padding."""
    crc = b"%d" % zlib.crc32(request.body)
    return b"|".join((request.header(ID) or b"", request.header(TIME) or b"", webhook_id, crc))


def paypal_signature(
    webhook_ids: Sequence[str], pem: Pem | None, faults: Faults, key: str = "trust"
) -> PaypalSignature:
    """`key`: where the table has `trust`."""
    roots = (*paypal_roots(), *system_roots()) if pem is None else ()
    believed = trust(pem, faults, key, roots)
    ids = tuple(wire(id) for id in webhook_ids)
    return PaypalSignature(ids, trust=believed, signer=believed.signer)
