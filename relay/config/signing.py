"""What relay signs with: the forms of keys, and what a signature may cover."""

import base64
import binascii
import re
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator
from pydantic import StrictStr as Str

from relay.config.secret import Secret
from relay.config.table import several
from relay.config.types import fault, quoted

SHARED: Final = "whsec_"
PRIVATE: Final = "whsk_"
PUBLIC: Final = "whpk_"
PRIVATE_SIZES: Final = frozenset({32, 64})
"""Bytes of an ed25519 seed, and of seed and public key."""
PLACEHOLDERS: Final = ("body", "id", "url")
"""What the text that is signed may be made of: the body as sent, the `Idempotency-Key`, the url as sent."""
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


def standard_key(text: str) -> bytes | None:
    """The key of a secret of Standard Webhooks, `whsec_…` or `whsk_…`; None where it is none."""
    private = text.startswith(PRIVATE)
    key = _decoded(text.removeprefix(PRIVATE if private else SHARED).rstrip("="))
    if not key or (private and len(key) not in PRIVATE_SIZES):
        return None
    return key


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):  # beyond the alphabet, beyond ASCII
        return None


def _standard(secret: Secret) -> Secret:
    text = secret.reveal()
    if secret.missing:
        return secret
    if text.startswith(PUBLIC):
        raise fault("is a public key, which only verifies", f"{PRIVATE}… signs")
    if standard_key(text) is not None:
        return secret
    if text.startswith(PRIVATE):
        raise fault(
            "is no private key",
            f"{PRIVATE} and base64 of the ed25519 seed, 32 bytes, or of seed and public key",
        )
    raise fault("is no key of Standard Webhooks", f"{SHARED} or {PRIVATE}, and base64")


def _signed(text: str) -> str:
    for word in _PLACEHOLDER.findall(text):
        if word not in PLACEHOLDERS:
            raise fault(f"unknown placeholder {quoted('{' + word + '}')}", f"there are {_ALL}")
    if re.search(r"[{}]", _PLACEHOLDER.sub("", text)):
        raise fault("a brace without its other half", f"there are {_ALL}")
    return text


_ALL: Final = " ".join(f"{{{word}}}" for word in PLACEHOLDERS)

StandardSecrets = Annotated[
    tuple[Annotated[Secret, AfterValidator(_standard)], ...],
    BeforeValidator(several, tuple[Secret, ...] | Secret),
]
Signed = Annotated[Str, AfterValidator(_signed)]
