"""What a source's table says that loads, and proves less than it seems to: warnings."""

import re
from collections.abc import Iterator
from typing import Final

from relay.config.schema import SourceConfig
from relay.config.verify import SignatureWords
from relay.errors import Problem

PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
SIGNED_HINT: Final = 'signed = "{ts}.{body}", or as the sender does it'
MAILGUN_WINDOW: Final = 24 * 3600.0
"""Seconds for which its signatures pass: their tokens have to be remembered as long."""
UPPER: Final = re.compile(r"""headers\s*\[\s*["'][^"'\]]*[A-Z]""")


def doubts(path: str, source: SourceConfig, dedupe_window: float) -> Iterator[Problem]:
    """Of one source; `dedupe_window` in seconds."""
    if source.provider == "meta" and not source.verify_token:
        hint = 'verify_token = { env = "NAME" }, the same text at Meta\'s page'
        yield _doubt(path, "has no verify_token: Meta's first request is answered 405", hint)
    if source.provider == "mailgun" and dedupe_window < MAILGUN_WINDOW:
        text = "its signatures pass for a day, but ids are forgotten before: a caught one could be used again"
        yield _doubt(path, text, 'dedupe_window = "1d" or more in [store]')
    if isinstance(source.verify, SignatureWords):
        yield from _signature(f"{path}.verify", source.verify)
    yield from _headers(path, source)


def _signature(path: str, words: SignatureWords) -> Iterator[Problem]:
    covered = PLACEHOLDER.findall(words.signed)
    if not set(covered) - {"secret"}:
        text = "is the same for every request: whoever saw one could send any"
        yield _doubt(f"{path}.signed", text, SIGNED_HINT)
    stamp = words.timestamp
    if stamp is None or "ts" in covered or ("body" in covered and stamp.json_path):
        return
    place = f"json:{stamp.json_path}" if stamp.json_path else f"header:{stamp.header}"
    if place.lower() not in [word.lower() for word in covered]:
        text = "is not signed: an old request passes with a new time"
        yield _doubt(f"{path}.timestamp", text, SIGNED_HINT)


def _headers(path: str, source: SourceConfig) -> Iterator[Problem]:
    for key in ("id", "also", "type", "time"):
        for text in getattr(source, key):
            if UPPER.search(text):
                yield _doubt(f"{path}.{key}", "names of headers are in lower case here", text.lower())


def _doubt(path: str, text: str, hint: str) -> Problem:
    return Problem(path, text, hint, warning=True)
