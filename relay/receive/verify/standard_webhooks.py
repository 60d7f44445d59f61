"""The signatures of Standard Webhooks: `v1` and `v1a` over id, timestamp and body; Svix's names too."""

import base64
import hmac
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, Self

from typing_extensions import override

from relay.clock import SECOND
from relay.config.schema import SourceConfig
from relay.config.secret import Secret
from relay.event import Headers
from relay.mac import mac
from relay.receive.faults import Faults
from relay.receive.providers.protocol import Request
from relay.receive.verify.extra import crypto
from relay.receive.verify.keys import NO_SECRET, SECRET_HINT, keys
from relay.receive.verify.proof import Proof
from relay.receive.verify.stamp import Window
from relay.receive.verify.wording import MOST_SIGNATURES

SECRET_PREFIX: Final = "whsec_"  # noqa: S105  # how such secrets begin
PUBLIC_PREFIX: Final = "whpk_"
PRIVATE_PREFIX: Final = "whsk_"
WINDOW: Final = Window(300 * SECOND, SECOND)


class Pairs(Protocol):
    """The key pairs that a source's `whpk_` and `whsk_` name (`standard_pair`, which needs the extra)."""

    @property
    def needs_key(self) -> bool:
        """Whether none of them can sign."""

    def prove(self, text: bytes, signatures: Sequence[bytes]) -> bool:
        """Whether one of the `v1a` signatures, in base64, is of `text`."""

    def sign(self, text: bytes) -> Sequence[bytes]:
        """One signature by each private key."""

    def new_key(self) -> bytes: ...

    def with_key(self, pem: bytes) -> Self: ...

    def public_half(self, pem: bytes) -> str: ...


@dataclass(frozen=True)
class StandardSignature(Proof):
    """`webhook-id`, `webhook-timestamp` and `webhook-signature`."""

    keys: tuple[bytes, ...] = field(repr=False)
    """The shared secrets."""
    pairs: Pairs | None = field(default=None, repr=False)

    @override
    def fails(self, request: Request, now: int, _fetched: bytes | None = None) -> str | None:
        start = family(request)
        event_id, stamp = request.header(f"{start}-id"), request.header(f"{start}-timestamp")
        value = request.header(f"{start}-signature")
        if not event_id or not stamp or not value:
            return f"no {start}-id, {start}-timestamp or {start}-signature header"
        stale = WINDOW.refuses(stamp, now)
        if stale is not None:
            return stale
        text = b"%b.%b.%b" % (event_id, stamp, request.body)
        return None if self._proves(text, value) else f"a wrong signature in {start}-signature"

    def _proves(self, text: bytes, value: bytes) -> bool:
        given = list(_signatures(value, b"v1"))
        expected = [_sign(key, text) for key in self.keys]
        proven = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in given]
        return any(proven) or (
            self.pairs is not None and self.pairs.prove(text, list(_signatures(value, b"v1a")))
        )

    @property
    @override
    def needs_key(self) -> bool:
        return not self.keys and self.pairs is not None and self.pairs.needs_key

    @override
    def new_key(self) -> bytes | None:
        return None if self.pairs is None else self.pairs.new_key()

    @override
    def with_key(self, pem: bytes) -> Self:
        return super().with_key(pem) if self.pairs is None else replace(self, pairs=self.pairs.with_key(pem))

    @override
    def public_half(self, pem: bytes) -> tuple[str, str]:
        return super().public_half(pem) if self.pairs is None else ("secret", self.pairs.public_half(pem))

    @override
    def headers(self, request: Request, now: int) -> Headers:
        event_id, stamp = f"msg_{secrets.token_hex(12)}".encode(), b"%d" % (now // SECOND)
        text = b"%b.%b.%b" % (event_id, stamp, request.body)
        signatures = [b"v1," + _sign(key, text) for key in self.keys]
        signatures += [b"v1a," + signature for signature in (self.pairs.sign(text) if self.pairs else ())]
        return (
            (b"webhook-id", event_id),
            (b"webhook-timestamp", stamp),
            (b"webhook-signature", b" ".join(signatures)),
        )


def standard_signature(source: SourceConfig, faults: Faults) -> StandardSignature:
    """The proof by a source's secrets: `whsec_` (the prefix may be left out), `whpk_` and `whsk_`."""
    shared = [secret for secret in source.secret if not _of_pair(secret)]
    paired = [secret.reveal() for secret in source.secret if _of_pair(secret)]
    if not source.secret:
        faults.add("secret", NO_SECRET, SECRET_HINT)
    found = keys(shared, faults, "base64", SECRET_PREFIX) if shared else ()
    return StandardSignature(found, _pairs(source, paired, faults) if paired else None)


def _of_pair(secret: Secret) -> bool:
    return secret.reveal().startswith((PUBLIC_PREFIX, PRIVATE_PREFIX))


def _pairs(source: SourceConfig, paired: Sequence[str], faults: Faults) -> Pairs | None:
    if not crypto(source, faults):
        return None
    from relay.receive.verify.standard_pair import StandardPairs  # noqa: PLC0415  needs the extra

    return StandardPairs.of(paired, faults)


def family(request: Request) -> str:
    """How this sender's headers begin. Only one family is looked at, so that no two are mixed."""
    fields = request.fields
    return "svix" if "svix-signature" in fields and "webhook-signature" not in fields else "webhook"


def _signatures(value: bytes, version: bytes) -> Iterator[bytes]:
    """The signatures of that version in the list; malformed items are passed over."""
    for item in value.split(b" ", MOST_SIGNATURES)[:MOST_SIGNATURES]:
        given, _, signature = item.partition(b",")
        if given == version:
            yield signature


def _sign(key: bytes, text: bytes) -> bytes:
    return base64.b64encode(mac(key, text, "sha256"))
