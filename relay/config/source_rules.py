"""Which keys of one source go together: told even where some of their values are wrong."""

import re
from collections.abc import Iterator
from typing import Any, Final, get_args

from relay.config.choice import listed
from relay.config.schema import Provider
from relay.config.secret import HINT
from relay.config.verify import TYPES
from relay.errors import Problem

SECRETLESS: Final = frozenset({"paypal", "sns", "none"})
"""Providers and types of verify that have no secret."""
SIGNED: Final = (frozenset(get_args(Provider)) | set(TYPES)) - SECRETLESS
PLACED: Final = ("hmac", "digest", "ed25519", "ecdsa", "token")
"""Types of verify whose proof stands at a place that the file names."""
OWN_KEYS: Final = {
    "header": ("fedex",),
    "verify_token": ("meta",),
    "webhook_id": ("paypal",),
    "topic_arn": ("sns",),
    "trust": ("paypal", "sns"),
    "allowed_origins": ("cloudevents",),
    "allowed_rate": ("cloudevents",),
}
"""Keys that only some providers have."""
NEEDED: Final = {
    "paypal": ("webhook_id", "the id of the subscription, from the dashboard"),
    "sns": ("topic_arn", 'topic_arn = "arn:aws:sns:REGION:ACCOUNT:TOPIC"'),
}
ARN: Final = re.compile(r"arn:[^:]+:sns:[^:]+:[^:]+:.+")
Raw = dict[str, Any]


def broken(path: str, table: Raw) -> Iterator[Problem]:
    """Every rule that its keys break."""
    provider, verify = "provider" in table, "verify" in table
    if provider and verify:
        yield Problem(f"{path}.verify", "stands beside provider, which verifies by itself", "leave one out")
    if not provider and not verify:
        yield Problem(
            path,
            "has neither provider nor verify, so nobody could be trusted",
            'provider = "github", verify = { type = "hmac", … }, or verify = "none" to take all from anyone',
        )
    yield from _secret(path, table)
    yield from _own_keys(path, table)
    yield from _handshakes(path, table)
    if isinstance(table.get("verify"), dict):
        yield from _place(f"{path}.verify", table["verify"], table["verify"].get("type"))


def _secret(path: str, table: Raw) -> Iterator[Problem]:
    verify = table.get("verify")
    kind = verify.get("type") if isinstance(verify, dict) else verify
    if kind == "none" and "secret" in table:
        yield Problem(
            f"{path}.secret", 'stands beside verify = "none", which checks nothing', "leave one out"
        )
    words = [word for word in (kind, table.get("provider")) if isinstance(word, str)]
    words = [word for word in words if word in SECRETLESS | SIGNED]
    secretless = SECRETLESS & set(words)
    if words and not secretless and table.get("secret", []) == []:
        yield Problem(f"{path}.secret", "is missing", f"secret = {HINT}")
    if secretless - {"none"} and "secret" in table:
        yield Problem(f"{path}.secret", f"{words[0]} has none: it signs with a certificate", "leave it out")


def _place(path: str, verify: Raw, kind: object) -> Iterator[Problem]:
    """A signature or a token stands in a header, or in the JSON; so does a timestamp, if not beside it."""
    if kind in PLACED:
        yield from _one_place(path, verify)
    stamp, pairs = verify.get("timestamp"), verify.get("pairs")
    beside = isinstance(pairs, dict) and "time" in pairs
    if kind in PLACED and isinstance(stamp, dict) and not (beside and not {"header", "json"} & set(stamp)):
        yield from _one_place(f"{path}.timestamp", stamp)


def _one_place(path: str, table: Raw) -> Iterator[Problem]:
    if ("header" in table) == ("json" in table):
        text = "has both header and json" if "header" in table else "has neither header nor json"
        yield Problem(path, text, 'one of them: header = "X-Signature", or json = "path.in.the.body"')


def _own_keys(path: str, table: Raw) -> Iterator[Problem]:
    provider = table.get("provider")
    for key, owners in OWN_KEYS.items():
        if key in table and provider not in owners:
            hint = ("" if "provider" in table else VERIFY_HAS.get(key)) or "leave it out"
            yield Problem(f"{path}.{key}", f"is a key of provider {listed(owners)}", hint)
    key, hint = NEEDED.get(str(provider), ("", ""))
    if key and not table.get(key):
        yield Problem(f"{path}.{key}", "is missing", hint)
    arns = table.get("topic_arn", [])
    for arn in arns if isinstance(arns, list) else [arns]:
        if isinstance(arn, str) and not ARN.fullmatch(arn):
            yield Problem(
                f"{path}.topic_arn", "is no topic: its messages would all be refused", NEEDED["sns"][1]
            )
    if "allowed_rate" in table and "allowed_origins" not in table:
        yield Problem(f"{path}.allowed_rate", "is granted to nobody", "allowed_origins says to whom")


VERIFY_HAS: Final = {
    "header": "verify has it: verify.header",
    "verify_token": "handshake has it: require = { PARAMETER = SECRET }",
    "webhook_id": "verify has it: verify.webhook_id",
    "topic_arn": "verify has it: verify.topic_arn",
    "trust": "verify has it: verify.trust",
}


def _handshakes(path: str, table: Raw) -> Iterator[Problem]:
    handshakes = table.get("handshake")
    if "provider" in table and handshakes:
        yield Problem(f"{path}.handshake", "stands beside provider, which has its own", "leave one out")
    for number, handshake in enumerate(handshakes if isinstance(handshakes, list) else ()):
        if not isinstance(handshake, dict) or "when" in handshake:
            continue
        if handshake.get("method", "POST") == "POST":
            hint = "CEL that holds for handshakes only"
            yield Problem(f"{path}.handshake[{number}].when", "is missing: events are posted too", hint)
