"""Signatures by a private key, verified with the public one: ed25519, and ECDSA. Needs the extra `crypto`."""

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)
from typing_extensions import override

from relay.errors import RelayError
from relay.receive.verify.scheme import decoded, encoded

MOST: Final = 4
"""Signatures of one request that are tried: each costs some 100 µs."""
UNUSABLE: Final = (ValueError, TypeError, UnsupportedAlgorithm)
"""What loading a key may raise."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """What its kinds have in common. A key is the public one."""

    algorithm: str
    encoding: str
    """Of the signature."""
    written: str
    """The encoding of `secret`."""
    private: Any = field(default=None, repr=False)
    """What `relay send` signs with."""

    @property
    def most(self) -> int:
        return MOST

    @property
    def needs_key(self) -> bool:
        return self.private is None

    def proves(self, key: bytes, text: bytes, signature: bytes) -> bool:
        raw = decoded(signature, self.encoding)
        if raw is None:
            return False
        try:
            self.check(key, text, raw)
        except InvalidSignature:
            return False
        return True

    def sign(self, _key: bytes, text: bytes) -> bytes:
        return encoded(self.signature(text), self.encoding)

    def new_key(self) -> bytes:
        return private_pem(self.made())

    def with_key(self, pem: bytes) -> Self:
        return replace(self, private=self.loaded(pem))

    def public_half(self, pem: bytes) -> str:
        return encoded(self.public_bytes(self.loaded(pem)), self.written).decode()

    @staticmethod
    @abstractmethod
    def usable(key: bytes) -> bool:
        """Whether `key` is a public key of this kind."""

    @abstractmethod
    def check(self, key: bytes, text: bytes, signature: bytes) -> None:
        """InvalidSignature unless it is one."""

    @abstractmethod
    def signature(self, text: bytes) -> bytes: ...

    @abstractmethod
    def made(self) -> Any: ...

    @abstractmethod
    def loaded(self, pem: bytes) -> Any: ...

    @abstractmethod
    def public_bytes(self, private: Any) -> bytes: ...


class Ed25519(KeyPair):
    """RFC 8032; a public key is its 32 bytes."""

    __slots__ = ()

    @staticmethod
    @override
    def usable(key: bytes) -> bool:
        return len(key) == 32

    @override
    def check(self, key: bytes, text: bytes, signature: bytes) -> None:
        ed25519_key(key).verify(signature, text)

    @override
    def signature(self, text: bytes) -> bytes:
        signed: bytes = self.private.sign(text)
        return signed

    @override
    def made(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.generate()

    @override
    def loaded(self, pem: bytes) -> Ed25519PrivateKey:
        return ed25519_private(pem)

    @override
    def public_bytes(self, private: Ed25519PrivateKey) -> bytes:
        return private.public_key().public_bytes_raw()


class Ecdsa(KeyPair):
    """Over any curve; a public key is a SubjectPublicKeyInfo, a signature DER (RFC 3279, section 2.2.3)."""

    __slots__ = ()

    @staticmethod
    @override
    def usable(key: bytes) -> bool:
        try:
            return isinstance(load_der_public_key(key), EllipticCurvePublicKey)
        except UNUSABLE:
            return False

    @override
    def check(self, key: bytes, text: bytes, signature: bytes) -> None:
        _ecdsa_key(key).verify(signature, text, ECDSA(HASHES[self.algorithm]))

    @override
    def signature(self, text: bytes) -> bytes:
        signed: bytes = self.private.sign(text, ECDSA(HASHES[self.algorithm]))
        return signed

    @override
    def made(self) -> EllipticCurvePrivateKey:
        return generate_private_key(SECP256R1())

    @override
    def loaded(self, pem: bytes) -> EllipticCurvePrivateKey:
        key = private_key(pem)
        if not isinstance(key, EllipticCurvePrivateKey):
            raise RelayError("it holds no private key for ECDSA")
        return key

    @override
    def public_bytes(self, private: EllipticCurvePrivateKey) -> bytes:
        return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


HASHES: Final = {"sha1": SHA1(), "sha256": SHA256(), "sha512": SHA512()}  # noqa: S303  SHA-1 only where asked for


@lru_cache(64)
def ed25519_key(raw: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(raw)


@lru_cache(64)
def _ecdsa_key(der: bytes) -> EllipticCurvePublicKey:
    key = load_der_public_key(der)
    assert isinstance(key, EllipticCurvePublicKey)
    return key


def ed25519_private(pem: bytes) -> Ed25519PrivateKey:
    """RelayError where it is none."""
    key = private_key(pem)
    if not isinstance(key, Ed25519PrivateKey):
        raise RelayError("it holds no private key for ed25519")
    return key


def private_key(pem: bytes) -> Any:
    """The private key in `pem`, whatever else stands there. RelayError where none can be read."""
    try:
        return load_pem_private_key(pem, None)
    except UNUSABLE:
        raise RelayError("it holds no private key that can be read", "PEM, without a passphrase") from None


def private_pem(key: Any) -> bytes:
    pem: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem
