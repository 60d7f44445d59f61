"""The key pairs of Standard Webhooks, `v1a`: ed25519. Needs the extra `crypto`.

The facts: the specification, "Asymmetric signatures": `whpk_` and `whsk_` are base64 of the raw keys.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from relay.receive.faults import Faults
from relay.receive.verify import keys
from relay.receive.verify.key_pair import MOST, ed25519_private, private_pem
from relay.receive.verify.scheme import decoded

KEY: Final = 32
"""Bytes of a public key, and of a private one's seed, which the public one may follow."""


@dataclass(frozen=True)
class StandardPairs:
    """What a source's keys prove and sign."""

    public: tuple[Ed25519PublicKey, ...]
    private: tuple[Ed25519PrivateKey, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, secrets: Sequence[str], faults: Faults) -> Self:
        """`whpk_` and `whsk_` secrets; an unusable one is a fault that does not tell it."""
        found = [_key(secret, faults) for secret in secrets]
        private = tuple(key for key in found if isinstance(key, Ed25519PrivateKey))
        public = tuple(key for key in found if isinstance(key, Ed25519PublicKey))
        return cls((*public, *(key.public_key() for key in private)), private)

    @property
    def needs_key(self) -> bool:
        return not self.private

    def prove(self, text: bytes, signatures: Sequence[bytes]) -> bool:
        given = [raw for raw in (decoded(each, "base64") for each in signatures[:MOST]) if raw is not None]
        return any(_signed(key, text, raw) for key in self.public for raw in given)

    def sign(self, text: bytes) -> list[bytes]:
        return [base64.b64encode(key.sign(text)) for key in self.private]

    def new_key(self) -> bytes:
        return private_pem(Ed25519PrivateKey.generate())

    def with_key(self, pem: bytes) -> Self:
        return replace(self, private=(ed25519_private(pem),))

    def public_half(self, pem: bytes) -> str:
        raw = ed25519_private(pem).public_key().public_bytes_raw()
        return "whpk_" + base64.b64encode(raw).decode()


def _key(secret: str, faults: Faults) -> Ed25519PublicKey | Ed25519PrivateKey | None:
    kind, _, text = secret.partition("_")
    try:
        raw = keys.decoded(text, "base64")
    except ValueError:
        raw = b""
    if kind == "whpk" and len(raw) == KEY:
        return Ed25519PublicKey.from_public_bytes(raw)
    if kind == "whsk" and len(raw) in {KEY, 2 * KEY}:
        return Ed25519PrivateKey.from_private_bytes(raw[:KEY])
    size = "32 bytes" if kind == "whpk" else "32 bytes or 64"
    faults.add("secret", f"it is no {kind}_ key", f"{size} in base64 follow {kind}_")
    return None


def _signed(key: Ed25519PublicKey, text: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, text)
    except InvalidSignature:
        return False
    return True
