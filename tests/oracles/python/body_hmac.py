"""Senders without an SDK that put an HMAC-SHA256 of the body into one header."""

import base64
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.oracles.python.case import Case, Large, Request, post, refused, taken


@dataclass(frozen=True, slots=True)
class BodyHmac:
    """How one of them signs, and the cases that all of them have."""

    header: str
    secret: str
    old: str
    prefix: str = ""
    hex: bool = True

    def sign(self, body: bytes, secret: str = "", algorithm: str = "sha256") -> str:
        digest = hmac.digest((secret or self.secret).encode(), body, algorithm)
        return self.prefix + (digest.hex() if self.hex else base64.b64encode(digest).decode())

    def headed(self, body: bytes | Large, value: str | bytes) -> Request:
        return post(body, (self.header, value))

    def signed(self, body: bytes | Large, secret: str = "") -> Request:
        whole = body.whole() if isinstance(body, Large) else body
        return self.headed(body, self.sign(whole, secret))

    def cases(self, good: bytes, config: Mapping[str, Any], expect: Mapping[str, Any]) -> Iterator[Case]:
        """What is taken and what is not, beyond the bodies of the sender's own."""
        yield Case("good", self.signed(good), expect, config)
        both = {**config, "secret": [self.secret, self.old]}
        yield Case("second of two secrets", self.signed(good, self.old), expect, both)
        yield Case("neither of two secrets", self.signed(good, "of-another-app"), refused(), both)
        yield from self._refusals(good, config)
        yield Case("empty body", self.signed(b""), refused(400), config)
        large = Large(good[:1] + b'"note": "', b'", ' + good[1:])
        yield Case("large body", self.signed(large), taken(), config)
        method = Request(self.signed(good).headers, good, method="PUT")
        yield Case("another method", method, refused(405), config)

    def _refusals(self, good: bytes, config: Mapping[str, Any]) -> Iterator[Case]:
        value = self.sign(good)
        yield Case("wrong secret", self.signed(good, "of-another-app"), refused(), config)
        yield Case("one body byte changed", self.headed(good + b"\n", value), refused(), config)
        yield Case("signature missing", post(good), refused(), config)
        yield Case("signature empty", self.headed(good, ""), refused(), config)
        yield Case("malformed signature", self.headed(good, self.prefix + "***"), refused(), config)
        yield Case("signature cut short", self.headed(good, value[:-4]), refused(), config)
        sha1 = self.sign(good, algorithm="sha1")
        yield Case("wrong digest", self.headed(good, sha1), refused(), config)
        other = BodyHmac(self.header, self.secret, self.old, self.prefix, hex=not self.hex).sign(good)
        yield Case("wrong encoding", self.headed(good, other), refused(), config)
        non_ascii = self.headed(good, b"\xff\xe9" + value.encode())
        yield Case("non-ASCII header bytes", non_ascii, refused(), config)
