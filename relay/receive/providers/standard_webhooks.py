"""Standard Webhooks, version 1: `v1` signatures over id, timestamp and body; Svix's header names too."""

import base64
import hmac
import secrets
from collections.abc import Iterator, Sequence
from typing import Any, Final

import orjson

from relay.clock import SECOND, SystemClock, rfc3339
from relay.config.schema import SourceConfig
from relay.event import Headers
from relay.receive.faults import Faults
from relay.receive.fields.field import moment as moment_of
from relay.receive.fields.names import names
from relay.receive.fields.text import key_text, type_text
from relay.receive.providers.protocol import Identity, Rejected, Request, Sample
from relay.receive.verify.keys import keys
from relay.receive.verify.stamp import Window, moment
from relay.receive.verify.wording import MOST_SIGNATURES

SECRET_PREFIX: Final = "whsec_"  # noqa: S105  # how such secrets begin
WINDOW: Final = Window(300 * SECOND, SECOND)
_ED25519: Final = ("whsk_", "whpk_")


class StandardWebhooks:
    """`provider = "standard-webhooks"`."""

    ack_timeout: float | None = None
    max_body: int | None = None
    proofs: frozenset[bytes] = frozenset()

    def __init__(self, _name: str, source: SourceConfig, faults: Faults) -> None:
        self._keys = _keys(source, faults)
        self._names = names(source, faults)

    def verify(self, request: Request, now: int) -> Rejected | None:
        reason = self._fails(request, now)
        return None if reason is None else Rejected(401, reason)

    def _fails(self, request: Request, now: int) -> str | None:
        family = _family(request)
        event_id, stamp = request.header(f"{family}-id"), request.header(f"{family}-timestamp")
        value = request.header(f"{family}-signature")
        if not event_id or not stamp or not value:
            return f"no {family}-id, {family}-timestamp or {family}-signature header"
        stale = WINDOW.refuses(stamp, now)
        if stale is not None:
            return stale
        given = list(_signatures(value))
        text = b"%b.%b.%b" % (event_id, stamp, request.body)
        expected = [_sign(key, text) for key in self._keys]
        proven = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in given]
        return None if any(proven) else f"a wrong signature in {family}-signature"

    def identify(self, request: Request) -> Identity | Rejected:
        family = _family(request)
        event_id, stamp = request.fields.get(f"{family}-id"), request.header(f"{family}-timestamp")
        if not event_id or not stamp:
            return Rejected(400, f"no {family}-id or {family}-timestamp header")
        kind, occurred = _convention(request.json)
        own = Identity(
            key=key_text(event_id),
            type=type_text(kind) if kind else None,
            occurred=moment(stamp, SECOND) if occurred is None else occurred,
        )
        return self._names.of(request, own) if self._names else own

    def samples(self) -> Sequence[Sample]:
        kind = "invoice.paid"
        body = {
            "type": kind,
            # the sample is of this moment; a sample is given no other clock
            "timestamp": rfc3339(SystemClock().now()),
            "data": {"id": f"in_{secrets.token_hex(8)}", "amount": 4200, "currency": "eur", "paid": True},
        }
        return [Sample(kind, orjson.dumps(body))]

    def sign(self, sample: Sample, now: int) -> Headers:
        event_id, stamp = f"msg_{secrets.token_hex(12)}".encode(), b"%d" % (now // SECOND)
        text = b"%b.%b.%b" % (event_id, stamp, sample.body)
        return (
            (b"Content-Type", sample.content_type.encode()),
            (b"webhook-id", event_id),
            (b"webhook-timestamp", stamp),
            (b"webhook-signature", b" ".join(b"v1," + _sign(key, text) for key in self._keys)),
        )


def _keys(source: SourceConfig, faults: Faults) -> tuple[bytes, ...]:
    if any(secret.reveal().startswith(_ED25519) for secret in source.secret):
        faults.add("secret", "ed25519 keys are not available in this version", "use a whsec_ secret")
        return ()
    return keys(source.secret, faults, "base64", SECRET_PREFIX)


def _family(request: Request) -> str:
    """How this sender's headers begin. Only one family is looked at, so that no two are mixed."""
    fields = request.fields
    return "svix" if "svix-signature" in fields and "webhook-signature" not in fields else "webhook"


def _signatures(value: bytes) -> Iterator[bytes]:
    """The `v1` signatures of the list; other versions and malformed items are passed over."""
    for item in value.split(b" ", MOST_SIGNATURES)[:MOST_SIGNATURES]:
        version, _, signature = item.partition(b",")
        if version == b"v1":
            yield signature


def _sign(key: bytes, text: bytes) -> bytes:
    return base64.b64encode(hmac.digest(key, text, "sha256"))


def _convention(document: Any) -> tuple[str | None, int | None]:
    """Type and time, where the body follows the convention."""
    if not isinstance(document, dict):
        return None, None
    kind = document.get("type")
    return kind if isinstance(kind, str) else None, moment_of(document.get("timestamp"))
