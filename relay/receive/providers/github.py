"""GitHub: HMAC-SHA256 over the raw body, JSON or form; an id for each delivery, the same when redelivered."""

import hmac
import uuid
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import orjson

from relay.config.schema import SourceConfig
from relay.event import Headers
from relay.receive.faults import Faults
from relay.receive.fields import form
from relay.receive.fields.names import names
from relay.receive.fields.text import key_text, type_text
from relay.receive.providers.github_samples import SAMPLES
from relay.receive.providers.protocol import Identity, Rejected, Request, Sample
from relay.receive.verify.keys import keys
from relay.receive.verify.signature import BodySignature

ACK_TIMEOUT: Final = 9.0
"""GitHub waits 10 s and never sends again."""
MAX_BODY: Final = 25 << 20
"""GitHub does not send events that are larger."""


class GitHub:
    """`provider = "github"`."""

    ack_timeout: float | None = ACK_TIMEOUT
    max_body: int | None = MAX_BODY
    proofs: frozenset[bytes] = frozenset()

    def __init__(self, _name: str, source: SourceConfig, faults: Faults) -> None:
        self._signature = BodySignature(keys(source.secret, faults), "X-Hub-Signature-256", b"sha256=")
        self._names = names(source, faults)

    def verify(self, request: Request, now: int) -> Rejected | None:
        reason = self._signature.fails(request, now)
        return None if reason is None else Rejected(401, reason)

    def identify(self, request: Request) -> Identity | Rejected:
        """An unreadable body is no reason to lose a signed event: it only has no action."""
        if not request.body:
            return Rejected(400, "an empty body")
        delivery, event = request.fields.get("X-GitHub-Delivery"), request.fields.get("X-GitHub-Event")
        if not delivery or not event:
            return Rejected(400, "no X-GitHub-Delivery or X-GitHub-Event header")
        action = _action(request)
        own = Identity(key_text(delivery), type_text(f"{event}.{action}" if action else event))
        return self._names.of(request, own) if self._names else own

    def samples(self) -> Sequence[Sample]:
        return [Sample(kind, orjson.dumps(make())) for kind, make in SAMPLES.items()]

    def sign(self, sample: Sample, now: int) -> Headers:
        request = Request("POST", "", "", (), sample.body)
        old = hmac.digest(self._signature.keys[0], sample.body, "sha1").hex().encode()
        return (
            (b"User-Agent", b"GitHub-Hookshot/0f1e2d3"),
            (b"Accept", b"*/*"),
            (b"Content-Type", sample.content_type.encode()),
            (b"X-GitHub-Delivery", str(uuid.uuid4()).encode()),
            (b"X-GitHub-Event", sample.type.partition(".")[0].encode()),
            (b"X-GitHub-Hook-ID", b"500000001"),
            (b"X-GitHub-Hook-Installation-Target-ID", b"700000001"),
            (b"X-GitHub-Hook-Installation-Target-Type", b"repository"),
            (b"X-Hub-Signature", b"sha1=" + old),
            *self._signature.headers(request, now),
        )


def _action(request: Request) -> str | None:
    document = _document(request)
    action = document.get("action") if isinstance(document, dict) else None
    return action if isinstance(action, str) else None


def _document(request: Request) -> Any:
    """The JSON of either kind of hook: a form has it in its field `payload`."""
    if not form.is_form(request):
        return request.json
    try:
        return orjson.loads(_payload(request.body))
    except orjson.JSONDecodeError:
        return None


def _payload(body: bytes) -> bytes:
    parts = body.split(b"&", form.MOST_FIELDS)
    found = next((part for part in parts if part.startswith(b"payload=")), b"")
    return unquote_to_bytes(found.removeprefix(b"payload=").replace(b"+", b" "))
