"""How the value that holds a signature is written: bare, as a list, or as pairs."""

from dataclasses import dataclass
from typing import Final

MOST_SIGNATURES: Final = 32
"""Of a list no more are looked at: a sender lists one for each of its secrets."""


@dataclass(frozen=True, slots=True)
class Wording:
    """How the value that holds the signature is written."""

    prefix: bytes = b""
    separator: bytes = b""
    item_prefix: bytes = b""
    signature_key: bytes = b""
    """Not empty: the value is `KEY=VALUE` pairs, and this is the signatures' key."""
    time_key: bytes = b""

    def read(self, value: bytes) -> tuple[list[bytes], bytes | None]:
        """The signatures in `value`, and the timestamp if it holds one; malformed items are passed over."""
        if not value.startswith(self.prefix):
            return [], None
        value = value[len(self.prefix) :]
        if self.signature_key:
            return self._pairs(value)
        items = value.split(self.separator, MOST_SIGNATURES)[:MOST_SIGNATURES] if self.separator else [value]
        return [_after(self.item_prefix, item) for item in items], None

    def _pairs(self, value: bytes) -> tuple[list[bytes], bytes | None]:
        items = value.split(b",", MOST_SIGNATURES)[:MOST_SIGNATURES]
        pairs = [(key.strip(), word.strip()) for key, _, word in (item.partition(b"=") for item in items)]
        signatures = [word for key, word in pairs if key == self.signature_key]
        stamps = [word for key, word in pairs if self.time_key and key == self.time_key]
        return [_after(self.item_prefix, word) for word in signatures], stamps[0] if stamps else None

    def write(self, signature: bytes, stamp: bytes) -> bytes:
        """The value as a sender would write it."""
        signature = self.item_prefix + signature
        if self.signature_key:
            signature = self.signature_key + b"=" + signature
        if self.time_key:
            signature = self.time_key + b"=" + stamp + b"," + signature
        return self.prefix + signature


def _after(prefix: bytes, item: bytes) -> bytes:
    return item[len(prefix) :] if item.startswith(prefix) else b""
