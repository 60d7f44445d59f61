"""What it costs to verify one request with a body of 1 KB, for each kind of sender."""

import hmac
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from multidict import CIMultiDict, CIMultiDictProxy

from bench.message import SECRET, body_of
from bench.row import Row
from bench.timing import microseconds
from relay.clock import SystemClock
from relay.config.schema import SourceConfig
from relay.receive.providers.known import build
from relay.receive.providers.protocol import Provider, Request

HMAC_BELOW: Final = 15.0
"""Microseconds."""
BODY: Final = body_of(b"verify-00000000")
HMAC: Final = {"type": "hmac", "header": "X-Signature", "prefix": "sha256="}
SENDERS: Final[dict[str, dict[str, Any]]] = {
    "github": {"provider": "github", "secret": [SECRET]},
    "standard-webhooks": {
        "provider": "standard-webhooks",
        "secret": ["whsec_YmVuY2gtc2VjcmV0LWJlbmNoLXNlY3JldA=="],
    },
    "stripe": {"provider": "stripe", "secret": [SECRET]},
    "slack": {"provider": "slack", "secret": [SECRET]},
    "shopify": {"provider": "shopify", "secret": [SECRET]},
    "zoom": {"provider": "zoom", "secret": [SECRET]},
    "discord (ed25519)": {"provider": "discord", "secret": ["00" * 32]},
    "hmac": {"verify": HMAC, "secret": [SECRET]},
    "token": {"verify": {"type": "token", "header": "X-Token"}, "secret": [SECRET]},
    "bearer": {"verify": {"type": "bearer"}, "secret": [SECRET]},
    "basic": {"verify": {"type": "basic", "username": "bench"}, "secret": [SECRET]},
}


def verification(step: Callable[[str], None]) -> list[Row]:
    """Microseconds of one verification, beside those of a bare HMAC over the same body."""
    bare = microseconds(lambda: hmac.compare_digest(hmac.digest(SECRET.encode(), BODY, "sha256"), bytes(32)))
    rows = []
    for name, table in SENDERS.items():
        step(name)
        figure = microseconds(checking(provider_of(name, table)))
        below = None if "ed25519" in name else HMAC_BELOW
        rows.append(Row(f"verify 1 KB, {name}", "µs", figure, "bare HMAC", bare, below=below))
    return rows


def provider_of(name: str, table: dict[str, Any]) -> Provider:
    built = build(name, SourceConfig.model_validate(table), None)
    if isinstance(built, list):
        raise TypeError(f"{name}: {built}")
    return with_own_key(name, table, built) if built.needs_key else built


def with_own_key(name: str, table: dict[str, Any], built: Provider) -> Provider:
    """The same, with a key pair of its own: whose sender's private key is nowhere but there."""
    pem = built.new_key()
    assert pem is not None
    key, value = built.public_half(pem)
    believing = build(name.split(maxsplit=1)[0], SourceConfig.model_validate({**table, key: [value]}), None)
    assert not isinstance(believing, list)
    return believing.with_key(pem)


def checking(provider: Provider) -> Callable[[], object]:
    """One verification of a request that the sender would have made, read as the server reads it."""
    now = SystemClock().now()
    sample = replace(provider.samples()[0], body=BODY)
    headers = provider.sign(sample, now)
    fields = CIMultiDictProxy(CIMultiDict([(name.decode(), value.decode()) for name, value in headers]))

    def check() -> object:
        return provider.verify(Request("POST", "/in/bench", "", headers, BODY, fields), now)

    if (rejected := check()) is not None:
        raise ValueError(f"a request of its own sender was refused: {rejected}")
    return check
