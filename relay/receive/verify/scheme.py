"""How signatures are made of what is signed: with a shared secret here, with key pairs in `key_pair`."""

import base64
import binascii
import hashlib
import hmac
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol, Self

from typing_extensions import override

from relay.errors import RelayError
from relay.mac import mac
from relay.receive.verify.proof import NO_KEY
from relay.receive.verify.wording import MOST_SIGNATURES


class Scheme(Protocol):
    """One way of signing."""

    @property
    def most(self) -> int:
        """So many signatures of one request are tried."""

    @property
    def needs_key(self) -> bool:
        """Whether it can sign only `with_key`: its source has but the public half."""

    def proves(self, key: bytes, text: bytes, signature: bytes) -> bool:
        """Whether `signature`, as it stands in the request, is one of `text` by `key`. Never raises."""

    def sign(self, key: bytes, text: bytes) -> bytes:
        """The signature as the sender would write it."""

    def new_key(self) -> bytes | None:
        """A throw-away private key, PEM; None where a shared secret signs."""

    def with_key(self, pem: bytes) -> Self:
        """The same, signing with that private key. RelayError where it is of another kind."""

    def public_half(self, pem: bytes) -> str:
        """What `secret` must name so that signatures of that private key verify. RelayError as above."""


def written_mac(key: bytes, text: bytes, algorithm: str, encoding: str) -> bytes:
    """The HMAC of `text`, in hex or base64."""
    return encoded(mac(key, text, algorithm), encoding)


def encoded(raw: bytes, encoding: str) -> bytes:
    """In hex or base64."""
    return raw.hex().encode() if encoding == "hex" else base64.b64encode(raw)


def decoded(given: bytes, encoding: str) -> bytes | None:
    """What hex, or base64 with its padding, stands for; None if it is not that to the letter."""
    try:
        if encoding == "hex":
            return binascii.unhexlify(given)
        return binascii.a2b_base64(given, strict_mode=True)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class SharedSecret(ABC):
    """What both sides compute alike."""

    algorithm: str = "sha256"
    encoding: str = "hex"

    @property
    def most(self) -> int:
        return MOST_SIGNATURES

    @property
    def needs_key(self) -> bool:
        return False

    @abstractmethod
    def sign(self, key: bytes, text: bytes) -> bytes:
        """The signature of a text, written."""

    def proves(self, key: bytes, text: bytes, signature: bytes) -> bool:
        given = signature.lower() if self.encoding == "hex" else signature
        return hmac.compare_digest(self.sign(key, text), given)

    def new_key(self) -> None:
        return None

    def with_key(self, _pem: bytes) -> Self:
        raise RelayError(NO_KEY)

    def public_half(self, _pem: bytes) -> str:
        raise RelayError(NO_KEY)


class Mac(SharedSecret):
    """HMAC."""

    __slots__ = ()

    @override
    def sign(self, key: bytes, text: bytes) -> bytes:
        return written_mac(key, text, self.algorithm, self.encoding)


class Digest(SharedSecret):
    """The bare hash of a text that holds the secret."""

    __slots__ = ()

    @override
    def sign(self, key: bytes, text: bytes) -> bytes:
        return encoded(hashlib.new(self.algorithm, text).digest(), self.encoding)
