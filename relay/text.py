"""Strangers' text made fit to be kept: valid UTF-8, no NUL, bounded in length."""

import hashlib
from decimal import Decimal, InvalidOperation
from typing import Final

KEY_BYTES: Final = 1024
TYPE_CHARACTERS: Final = 256
LARGEST_EXPONENT: Final = 400


def key_text(text: str) -> str:
    """`text` as a key. Replacing or cutting could make two keys one, so an unfit one becomes its digest."""
    if _fit(text) and len(text.encode()) <= KEY_BYTES:
        return text
    return f"sha256:{hashlib.sha256(wire(text)).hexdigest()}"


def type_text(text: str) -> str:
    """`text` as an event's type: what cannot be kept is replaced, what is too long is cut."""
    clean = text if _fit(text) else wire(text).decode("utf-8", "replace").replace("\0", "\ufffd")
    return clean[:TYPE_CHARACTERS]


def wire(text: str) -> bytes:
    """The bytes that `text` was decoded from, whatever they were."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _fit(text: str) -> bool:
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def decimal_text(written: str) -> str:
    """A number as names have it: `1.50` and `15e-1` as `1.5`; with an extreme exponent as it was written."""
    try:
        number = Decimal(written)
    except InvalidOperation:
        return written
    if not number.is_finite() or abs(number.adjusted()) > LARGEST_EXPONENT:
        return written
    plain = f"{number:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
