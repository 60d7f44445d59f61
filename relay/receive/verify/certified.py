"""What proofs by a certificate have in common: whom they trust, and how to sign with a key of one's own."""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

from typing_extensions import override

from relay.receive.verify.certificate import Signer, Trust, signer
from relay.receive.verify.proof import Proof
from relay.receive.verify.throw_away import throw_away


@dataclass(frozen=True, kw_only=True)
class Certified(Proof):
    """The sender's private key is nowhere but there; `signer` is one's own, of a file in `trust`."""

    THROW_AWAY: ClassVar[str]
    """The common name of a certificate that is made to try things out."""
    trust: Trust = field(repr=False)
    signer: Signer | None = field(default=None, repr=False)

    @property
    @override
    def needs_key(self) -> bool:
        return self.signer is None

    @override
    def new_key(self) -> bytes:
        return throw_away(self.THROW_AWAY)

    @override
    def with_key(self, pem: bytes) -> Self:
        return replace(self, signer=signer(pem))

    @override
    def public_half(self, pem: bytes) -> tuple[str, str]:
        signer(pem)
        return "trust", ""
