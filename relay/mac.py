"""What a shared secret proves: the HMAC of a text (RFC 2104)."""

import hmac


def mac(key: bytes, text: bytes, algorithm: str) -> bytes:
    """The HMAC of `text`, raw; ValueError for an algorithm that is not there.

    Not by `hmac.digest`, which lets go of the interpreter's lock for however short a text: the loop would
    lose it to the store's writer at each event, and wait to have it back. This one keeps it up to 2 KB.
    """
    return hmac.new(key, text, algorithm).digest()
