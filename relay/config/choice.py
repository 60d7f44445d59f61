"""One word out of few: what it may be, what it was meant to be."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from relay.config.types import quoted

LISTED: Final = 12
"""How many words an error lists."""


def meant(word: str, words: Iterable[str]) -> str:
    """`did you mean "github"?`, or nothing where no word is close."""
    close = get_close_matches(word, list(words), n=1)
    return f"did you mean {quoted(close[0])}?" if close else ""


def listed(words: Iterable[str]) -> str:
    shown = [quoted(word) for word in words]
    return ", ".join(shown[:LISTED] + ["…"] * (len(shown) > LISTED))
