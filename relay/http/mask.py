"""Strangers' words fit to be shown: no secret of ours in them, no control characters, not for ever."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, quote_plus

from relay.config.secret import MASK, Secret

SHOWN: Final = 300
"""Characters."""
SHORTEST: Final = 4
"""A secret shorter than this would blot out half of every text."""


def masked(text: str, secrets: Iterable[Secret]) -> str:
    """`text` with each of the secrets, as they are or percent-encoded, made unreadable."""
    for form in sorted(_forms(secrets), key=len, reverse=True):
        text = text.replace(form, MASK)
    clean = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[: SHOWN + 1])
    return clean if len(clean) <= SHOWN else f"{clean[:SHOWN]}…"


def _forms(secrets: Iterable[Secret]) -> set[str]:
    long = [secret.reveal() for secret in secrets if len(secret.reveal()) >= SHORTEST]
    return {form for text in long for form in (text, quote(text, safe=""), quote_plus(text))}
