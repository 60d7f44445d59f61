"""Dropbox: its SDK does not verify webhooks; the recipe of the documents, with the standard library."""

import json
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlencode

from tests.oracles.python.body_hmac import BodyHmac
from tests.oracles.python.case import NOW, Case, Request, Vectors, answered, taken

DROPBOX: Final = BodyHmac("X-Dropbox-Signature", "dr0pb0xappsecr1", "dr0pb0xappsecr0")
CONFIG: Final = {"secret": [DROPBOX.secret]}


def changed(account: str = "dbid:AAH0Relay01") -> bytes:
    """Who has changes; not which."""
    accounts = {"list_folder": {"accounts": [account]}, "delta": {"users": [12345678]}}
    return json.dumps(accounts, ensure_ascii=False).encode()


GOOD: Final = changed()


def _handshakes() -> Iterator[Case]:
    for name, challenge in {"": "Xq3-relay_01", ", markup": "<b>1&2 + 3</b>", ", not ASCII": "Zoë"}.items():
        asked = Request((), method="GET", query=urlencode({"challenge": challenge}))
        expect = answered(challenge)
        expect["answer"]["headers"] = [["X-Content-Type-Options", "nosniff"]]
        yield Case(f"handshake{name}", asked, expect, CONFIG)


def _pairs() -> Iterator[Case]:
    unicode = changed("dbid:Zoë👋")
    yield Case("unicode body", DROPBOX.signed(unicode), taken(), CONFIG, differs_from="good")
    yield Case("retry of good", DROPBOX.signed(GOOD), taken(), CONFIG, NOW + 60, same_as="good")
    other = changed("dbid:AAH0Relay02")
    yield Case("another account", DROPBOX.signed(other), taken(), CONFIG, differs_from="good")


VECTORS: Final = Vectors(
    "dropbox",
    (*DROPBOX.cases(GOOD, CONFIG, taken()), *_handshakes(), *_pairs()),
    why="no SDK: HMAC of the standard library, by the provider's documents",
)
