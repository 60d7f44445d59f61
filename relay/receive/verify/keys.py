"""Secrets as keys: the bytes that a sender's secret stands for."""

import base64
import binascii
from collections.abc import Sequence
from typing import Final

from relay.config.secret import Secret
from relay.receive.faults import Faults
from relay.text import wire

NO_SECRET: Final = "a secret is needed"  # noqa: S105  # a message
SECRET_HINT: Final = 'secret = { env = "NAME" }'  # noqa: S105  # a message


def keys(
    secrets: Sequence[Secret],
    faults: Faults,
    encoding: str = "utf8",
    strip_prefix: str = "",
    key: str = "secret",
) -> tuple[bytes, ...]:
    """One key a secret; an unusable one is a fault that does not tell it."""
    if not secrets:
        faults.add(key, NO_SECRET, SECRET_HINT)
    found = (_key(secret.reveal(), faults, encoding, strip_prefix) for secret in secrets)
    return tuple(each for each in found if each)


def _key(secret: str, faults: Faults, encoding: str, strip_prefix: str) -> bytes:
    try:
        key = decoded(secret.removeprefix(strip_prefix), encoding)
    except ValueError:
        faults.add("secret", f"it is no {encoding}", "copy it again from the sender's page")
        return b""
    if not key:
        faults.add("secret", "it is empty", "an empty key would let everybody sign")
    return key


def decoded(text: str, encoding: str) -> bytes:
    """`text` by its encoding: utf8, hex, or base64 with or without padding. ValueError if it is not that."""
    if encoding == "hex":
        return bytes.fromhex(text)
    if encoding == "base64":
        return _base64(text.strip().rstrip("="))
    return wire(text)


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
