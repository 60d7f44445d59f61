"""Twilio: it signs the URL, and says in a header by which algorithm; of the URL's port it is of two minds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from typing_extensions import override

from relay.config.schema import SourceConfig
from relay.config.verify import HmacVerify
from relay.event import Headers
from relay.receive.faults import Faults
from relay.receive.providers.named import Named
from relay.receive.providers.protocol import Request
from relay.receive.verify.proof import Proof
from relay.receive.verify.words import proof

SETTINGS: Final = "X-Twilio-Webhooks-Signature-Settings"
PORTS: Final = {"https": 443, "http": 80}
AUTH_TOKEN: Final = b"HMAC_SHA1"
"""How it signs with the account's auth token, and without that header."""
ALGORITHMS: Final = {AUTH_TOKEN: "sha1", b"HMAC_SHA256": "sha256"}


class Twilio(Named):
    """`provider = "twilio"`."""

    @override
    def prove(self, source: SourceConfig, public_url: str | None, faults: Faults) -> Proof:
        usual = proof(source, public_url, faults)
        if faults.found or public_url is None:
            return usual
        tables = {name: _signed_by(algorithm, source) for name, algorithm in ALGORITHMS.items()}
        return TwilioSignature(
            {
                name: [proof(table, url, faults) for url in addresses(public_url)]
                for name, table in tables.items()
            }
        )


def _signed_by(algorithm: str, source: SourceConfig) -> SourceConfig:
    assert isinstance(source.verify, HmacVerify)
    return source.model_copy(update={"verify": source.verify.model_copy(update={"algorithm": algorithm})})


def addresses(public_url: str) -> Iterator[str]:
    """Without a port, and with one: which of them Twilio signs differs (its own libraries try both)."""
    parts = urlsplit(public_url)
    port = parts.port or PORTS.get(parts.scheme, 80)
    bare = parts.netloc.removesuffix(f":{parts.port}")
    yield parts._replace(netloc=bare).geturl()
    yield parts._replace(netloc=f"{bare}:{port}").geturl()


@dataclass(frozen=True)
class TwilioSignature(Proof):
    """By the algorithm that the request names: any of its proofs will do."""

    proofs: Mapping[bytes, Sequence[Proof]] = field(repr=False)

    @override
    def fails(self, request: Request, now: int, _fetched: bytes | None = None) -> str | None:
        proofs = self.proofs.get(_algorithm(request.header(SETTINGS) or b""))
        if proofs is None:
            return f"{SETTINGS} names an unknown algorithm"
        verdicts = [each.fails(request, now) for each in proofs]
        return None if None in verdicts else str(verdicts[0])

    @override
    def headers(self, request: Request, now: int) -> Headers:
        return self.proofs[AUTH_TOKEN][0].headers(request, now)


def _algorithm(settings: bytes) -> bytes:
    """Of `key=…,algorithm=HMAC_SHA256`."""
    for part in settings.split(b","):
        name, _, value = part.partition(b"=")
        if name.strip() == b"algorithm" and value.strip():
            return value.strip().upper()
    return AUTH_TOKEN
