"""How a custom source's sender proves itself: a token, a bearer token, a password, or not at all."""

import base64
import binascii
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from relay.event import Headers
from relay.receive.fields import place
from relay.receive.fields.text import wire
from relay.receive.providers.protocol import Request


class Proof(Protocol):
    """One way of proving, its keys at hand."""

    @property
    def hidden(self) -> frozenset[bytes]:
        """Headers, in lower case, that must not reach a target: who has them can pose as the sender."""

    def fails(self, request: Request, now: int) -> str | None:
        """Why `request` is not proven; None if it is. Never raises."""

    def headers(self, request: Request, now: int) -> Headers:
        """The headers that a sender adds to `request` so that it is proven."""

    def fill(self, document: Any, now: int) -> Any:
        """`document` with what of the proof stands in the body."""


def same(given: bytes, keys: Sequence[bytes]) -> bool:
    """Whether `given` is one of `keys`, in a time that does not tell which."""
    matches = [hmac.compare_digest(given, key) for key in keys]
    return any(matches)


class Anyone:
    """`none`: nothing is asked."""

    hidden: frozenset[bytes] = frozenset()

    def fails(self, _request: Request, _now: int) -> str | None:
        return None

    def headers(self, _request: Request, _now: int) -> Headers:
        return ()

    def fill(self, document: Any, _now: int) -> Any:
        return document


@dataclass(frozen=True)
class HeaderToken:
    """The secret itself stands in a header, after `prefix`."""

    keys: tuple[bytes, ...] = field(repr=False)
    header: str
    prefix: bytes = b""

    @property
    def hidden(self) -> frozenset[bytes]:
        return frozenset({self.header.lower().encode()})

    def fails(self, request: Request, _now: int) -> str | None:
        given = request.header(self.header)
        if given is None:
            return f"no {self.header} header"
        if given.startswith(self.prefix) and same(given.removeprefix(self.prefix), self.keys):
            return None
        return f"a wrong token in {self.header}"

    def headers(self, _request: Request, _now: int) -> Headers:
        return ((self.header.encode(), self.prefix + self.keys[0]),)

    def fill(self, document: Any, _now: int) -> Any:
        return document


@dataclass(frozen=True)
class BodyToken:
    """The secret itself stands in the JSON body; where the place opens a list, in every element."""

    keys: tuple[bytes, ...] = field(repr=False)
    steps: place.Steps
    prefix: bytes = b""
    hidden: frozenset[bytes] = frozenset()

    def fails(self, request: Request, _now: int) -> str | None:
        found = place.find_all(request.json, self.steps)
        if all(self._matches(value) for value in found):
            return None
        return "a token in the body is missing or wrong"

    def _matches(self, value: object) -> bool:
        given = wire(value) if isinstance(value, str) else b""
        return given.startswith(self.prefix) and same(given.removeprefix(self.prefix), self.keys)

    def headers(self, _request: Request, _now: int) -> Headers:
        return ()

    def fill(self, document: Any, _now: int) -> Any:
        return place.plant(document, self.steps, (self.prefix + self.keys[0]).decode("utf-8", "replace"))


@dataclass(frozen=True)
class Bearer:
    """`Authorization: Bearer TOKEN`."""

    keys: tuple[bytes, ...] = field(repr=False)
    hidden: frozenset[bytes] = frozenset({b"authorization"})

    def fails(self, request: Request, _now: int) -> str | None:
        given = _credentials(request, b"bearer")
        if given is None:
            return "no bearer token"
        return None if same(given, self.keys) else "a wrong bearer token"

    def headers(self, _request: Request, _now: int) -> Headers:
        return ((b"Authorization", b"Bearer " + self.keys[0]),)

    def fill(self, document: Any, _now: int) -> Any:
        return document


@dataclass(frozen=True)
class Basic:
    """`Authorization: Basic`; a key is user name, colon and password."""

    keys: tuple[bytes, ...] = field(repr=False)
    hidden: frozenset[bytes] = frozenset({b"authorization"})

    def fails(self, request: Request, _now: int) -> str | None:
        given = _credentials(request, b"basic")
        if given is None:
            return "no basic authorization"
        try:
            pair = base64.b64decode(given, validate=True)
        except binascii.Error:
            return "a malformed basic authorization"
        return None if same(pair, self.keys) else "a wrong user name or password"

    def headers(self, _request: Request, _now: int) -> Headers:
        return ((b"Authorization", b"Basic " + base64.b64encode(self.keys[0])),)

    def fill(self, document: Any, _now: int) -> Any:
        return document


def _credentials(request: Request, scheme: bytes) -> bytes | None:
    """What follows the scheme in Authorization; its case does not count (RFC 9110, section 11.1)."""
    given, space, credentials = (request.header("Authorization") or b"").partition(b" ")
    return credentials.strip(b" ") if space and given.lower() == scheme else None
