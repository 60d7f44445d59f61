"""Signatures, in the words of a source's `verify`."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

import orjson
from typing_extensions import override

from relay.clock import SECOND
from relay.event import Headers
from relay.receive.providers.protocol import Request
from relay.receive.verify import place
from relay.receive.verify.proof import Proof
from relay.receive.verify.scheme import Mac, Scheme, written_mac
from relay.receive.verify.signed import Material, Signed
from relay.receive.verify.stamp import Window
from relay.receive.verify.wording import Wording
from relay.text import wire
from relay.view import ABSENT


@dataclass(frozen=True)
class BodySignature(Proof):
    """The plain case, and the fast one: one header with the HMAC of the body."""

    keys: tuple[bytes, ...] = field(repr=False)
    header: str
    prefix: bytes = b""
    algorithm: str = "sha256"
    encoding: str = "hex"

    @override
    def fails(self, request: Request, _now: int, _fetched: bytes | None = None) -> str | None:
        given = request.header(self.header)
        if given is None:
            return f"no {self.header} header"
        if not given.startswith(self.prefix):
            return f"{self.header} does not begin as it should"
        given = given[len(self.prefix) :]
        if self.encoding == "hex":
            given = given.lower()
        for key in self.keys:
            if hmac.compare_digest(written_mac(key, request.body, self.algorithm, self.encoding), given):
                return None
        return f"a wrong signature in {self.header}"

    @override
    def headers(self, request: Request, _now: int) -> Headers:
        signature = written_mac(self.keys[0], request.body, self.algorithm, self.encoding)
        return ((self.header.encode(), self.prefix + signature),)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a value stands: in a header, or in the JSON body."""

    header: str | None = None
    steps: place.Steps = ()

    def read(self, request: Request) -> bytes | None:
        if self.header is not None:
            return request.header(self.header)
        text = place.text_at(request.json, self.steps)
        return None if text is None else wire(text)


HMAC: Final = Mac()


@dataclass(frozen=True)
class Signature(Proof):
    """The general case: a signature by whatever scheme, in whatever wording, over whatever text."""

    keys: tuple[bytes, ...] = field(repr=False)
    spot: Spot
    signed: Signed
    wording: Wording
    scheme: Scheme = HMAC
    stamp_spot: Spot | None = None
    """None: the timestamp, if there is one, stands beside the signature."""
    window: Window | None = None
    """None: any age passes."""
    stamp_unit: int = SECOND
    """Microseconds in one unit of the timestamp."""
    body_digest: str = ""
    """A query parameter with the body's SHA-256; it may be missing where the signature covers the body."""

    @property
    @override
    def fills(self) -> bool:
        in_body = self.stamp_spot is not None and self.stamp_spot.header is None
        return in_body or self.spot.header is None or bool(self.signed.named("json"))

    @override
    def fails(self, request: Request, now: int, _fetched: bytes | None = None) -> str | None:
        value = self.spot.read(request)
        if value is None:
            return "no signature"
        signatures, stamp = self.wording.read(value)
        if not signatures:
            return "a malformed signature"
        if self.stamp_spot is not None:
            stamp = self.stamp_spot.read(request)
        return self._stale(stamp, now) or self._altered(request) or self._wrong(request, stamp, signatures)

    def _stale(self, stamp: bytes | None, now: int) -> str | None:
        if self.window is None:
            return None
        return "no timestamp" if stamp is None else self.window.refuses(stamp, now)

    def _altered(self, request: Request) -> str | None:
        if not self.body_digest:
            return None
        given = _parameter(request.query, self.body_digest)
        if given is None:
            return None if self._covers_body(request) else f"no {self.body_digest} in the query"
        digest = hashlib.sha256(request.body).hexdigest().encode()
        return None if hmac.compare_digest(given.lower(), digest) else "the body's digest is wrong"

    def _covers_body(self, request: Request) -> bool:
        covered = self.signed.placeholders
        return "body" in covered or ("form_sorted" in covered and request.is_form)

    def _wrong(self, request: Request, stamp: bytes | None, signatures: Sequence[bytes]) -> str | None:
        for key in self.keys:
            text = self.signed.text(Material(request, stamp, key))
            if text is None:
                return "something that is signed is missing"
            if any(self.scheme.proves(key, text, given) for given in signatures[: self.scheme.most]):
                return None
        return "a wrong signature"

    @property
    @override
    def needs_key(self) -> bool:
        return self.scheme.needs_key

    @override
    def new_key(self) -> bytes | None:
        return self.scheme.new_key()

    @override
    def with_key(self, pem: bytes) -> Self:
        return replace(self, scheme=self.scheme.with_key(pem))

    @override
    def public_half(self, pem: bytes) -> tuple[str, str]:
        return "secret", self.scheme.public_half(pem)

    @override
    def headers(self, request: Request, now: int) -> Headers:
        stamp = self._stamp(request, now)
        added = self._covered(request, stamp)
        if self.spot.header is None:
            return added
        request = Request(
            request.method, request.path, request.query, (*added, *request.headers), request.body
        )
        return (*added, (self.spot.header.encode(), self._value(request, stamp)))

    def _stamp(self, request: Request, now: int) -> bytes:
        """The body's own timestamp where it has one, else `now`."""
        if self.stamp_spot is not None and self.stamp_spot.header is None:
            return self.stamp_spot.read(request) or b""
        return self._now(now)

    def _now(self, now: int) -> bytes:
        return b"%d" % (now // self.stamp_unit)

    def _covered(self, request: Request, stamp: bytes) -> Headers:
        """The timestamp's header, and those that the signature covers and `request` has not."""
        names = [name for name in self.signed.named("header") if request.header(name) is None]
        covered = {name.lower(): (name.encode(), secrets.token_hex(8).encode()) for name in names}
        if self.stamp_spot is not None and self.stamp_spot.header is not None:
            name = self.stamp_spot.header
            covered[name.lower()] = (name.encode(), stamp)
        return tuple(covered.values())

    def _value(self, request: Request, stamp: bytes) -> bytes:
        text = self.signed.text(Material(request, stamp, self.keys[0])) or b""
        return self.wording.write(self.scheme.sign(self.keys[0], text), stamp)

    @override
    def fill(self, document: Any, now: int) -> Any:
        stamp = self._now(now)
        if self.stamp_spot is not None and self.stamp_spot.header is None:
            document = place.plant(document, self.stamp_spot.steps, int(stamp))
        document = self._fill_covered(document)
        if self.spot.header is not None:
            return document
        request = Request("POST", "", "", (), orjson.dumps(document))
        return place.plant(document, self.spot.steps, self._value(request, stamp).decode())

    def _fill_covered(self, document: Any) -> Any:
        for argument in self.signed.named("json"):
            steps = place.parse(argument) or ()
            if place.find(document, steps) is ABSENT:
                document = place.plant(document, steps, secrets.token_hex(16))
        return document


def _parameter(query: str, name: str) -> bytes | None:
    """The first query parameter of that name, as bytes."""
    pairs = (part.partition("=") for part in query.split("&"))
    return next((wire(value) for key, _, value in pairs if key == name), None)
