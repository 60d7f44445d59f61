"""How a custom source's sender proves itself: a token, a bearer token, a password, or not at all."""

import base64
import binascii
import hmac
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from typing_extensions import override

from relay.errors import RelayError
from relay.event import Headers
from relay.receive.providers.protocol import Answer, Rejected, Request, Wanted
from relay.receive.verify import place
from relay.text import wire

AUTHORIZATION: Final = frozenset({b"authorization"})


class Proof(ABC):
    """One way of proving, its keys at hand; a way says here only what it does otherwise."""

    @property
    def hidden(self) -> frozenset[bytes]:
        """Headers, in lower case, that must not reach a target: who has them can pose as the sender."""
        return frozenset()

    @property
    def fills(self) -> bool:
        """Whether some of the proof stands in the body."""
        return False

    @abstractmethod
    def fails(self, request: Request, now: int, fetched: bytes | None = None) -> str | Wanted | None:
        """Why `request` is not proven, or what is wanted to tell; None if it is. Never raises."""

    def greet(self, _request: Request) -> Answer | Rejected | None:
        """The answer to a handshake of this way of proving, asked behind the proof."""
        return None

    def headers(self, _request: Request, _now: int) -> Headers:
        """The headers that a sender adds to a request so that it is proven."""
        return ()

    def fill(self, document: Any, _now: int) -> Any:
        """`document` with what of the proof stands in the body."""
        return document

    @property
    def needs_key(self) -> bool:
        """Whether it can sign only `with_key`: its source has but the public half."""
        return False

    def new_key(self) -> bytes | None:
        """A throw-away private key of the sender's kind, PEM; None where the secret is what signs."""
        return None

    def with_key(self, _pem: bytes) -> Self:
        """The same, signing with that key. RelayError where it is of another kind."""
        raise RelayError(NO_KEY)

    def public_half(self, _pem: bytes) -> tuple[str, str]:
        """What the source's table must hold for this key to be believed: `secret` and a value, or `trust`."""
        raise RelayError(NO_KEY)


NO_KEY: Final = "its sender signs with the secret, and with no private key"


def same(given: bytes, keys: Sequence[bytes]) -> bool:
    """Whether `given` is one of `keys`, in a time that does not tell which."""
    matches = [hmac.compare_digest(given, key) for key in keys]
    return any(matches)


class Anyone(Proof):
    """`none`: nothing is asked."""

    @override
    def fails(self, _request: Request, _now: int, _fetched: bytes | None = None) -> None:
        return None


@dataclass(frozen=True)
class HeaderToken(Proof):
    """The secret itself stands in a header, after `prefix`."""

    keys: tuple[bytes, ...] = field(repr=False)
    header: str
    prefix: bytes = b""

    @property
    @override
    def hidden(self) -> frozenset[bytes]:
        return frozenset({self.header.lower().encode()})

    @override
    def fails(self, request: Request, _now: int, _fetched: bytes | None = None) -> str | None:
        given = request.header(self.header)
        if given is None:
            return f"no {self.header} header"
        if given.startswith(self.prefix) and same(given.removeprefix(self.prefix), self.keys):
            return None
        return f"a wrong token in {self.header}"

    @override
    def headers(self, _request: Request, _now: int) -> Headers:
        return ((self.header.encode(), self.prefix + self.keys[0]),)


@dataclass(frozen=True)
class BodyToken(Proof):
    """The secret itself stands in the JSON body; where the place opens a list, in every element."""

    keys: tuple[bytes, ...] = field(repr=False)
    steps: place.Steps
    prefix: bytes = b""

    @property
    @override
    def fills(self) -> bool:
        return True

    @override
    def fails(self, request: Request, _now: int, _fetched: bytes | None = None) -> str | None:
        found = place.find_all(request.json, self.steps)
        if all(self._matches(value) for value in found):
            return None
        return "a token in the body is missing or wrong"

    def _matches(self, value: object) -> bool:
        given = wire(value) if isinstance(value, str) else b""
        return given.startswith(self.prefix) and same(given.removeprefix(self.prefix), self.keys)

    @override
    def fill(self, document: Any, _now: int) -> Any:
        return place.plant(document, self.steps, (self.prefix + self.keys[0]).decode("utf-8", "replace"))


@dataclass(frozen=True)
class Bearer(Proof):
    """`Authorization: Bearer TOKEN`."""

    keys: tuple[bytes, ...] = field(repr=False)

    @property
    @override
    def hidden(self) -> frozenset[bytes]:
        return AUTHORIZATION

    @override
    def fails(self, request: Request, _now: int, _fetched: bytes | None = None) -> str | None:
        given = _credentials(request, b"bearer")
        if given is None:
            return "no bearer token"
        return None if same(given, self.keys) else "a wrong bearer token"

    @override
    def headers(self, _request: Request, _now: int) -> Headers:
        return ((b"Authorization", b"Bearer " + self.keys[0]),)


@dataclass(frozen=True)
class Basic(Proof):
    """`Authorization: Basic`; a key is user name, colon and password."""

    keys: tuple[bytes, ...] = field(repr=False)

    @property
    @override
    def hidden(self) -> frozenset[bytes]:
        return AUTHORIZATION

    @override
    def fails(self, request: Request, _now: int, _fetched: bytes | None = None) -> str | None:
        given = _credentials(request, b"basic")
        if given is None:
            return "no basic authorization"
        try:
            pair = base64.b64decode(given, validate=True)
        except binascii.Error:
            return "a malformed basic authorization"
        return None if same(pair, self.keys) else "a wrong user name or password"

    @override
    def headers(self, _request: Request, _now: int) -> Headers:
        return ((b"Authorization", b"Basic " + base64.b64encode(self.keys[0])),)


def _credentials(request: Request, scheme: bytes) -> bytes | None:
    """What follows the scheme in Authorization; its case does not count (RFC 9110, section 11.1)."""
    given, space, credentials = (request.header("Authorization") or b"").partition(b" ")
    return credentials.strip(b" ") if space and given.lower() == scheme else None
