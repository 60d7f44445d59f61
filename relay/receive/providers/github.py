"""GitHub: an event's type is its name and the body's action, of JSON hooks and of form hooks."""

from typing import Any
from urllib.parse import unquote_to_bytes

import orjson
from typing_extensions import override

from relay import form
from relay.event import Headers
from relay.mac import mac
from relay.receive.providers.named import Named
from relay.receive.providers.protocol import Identity, Request, Sample
from relay.receive.verify.signature import BodySignature
from relay.text import key_text, type_text


class GitHub(Named):
    """`provider = "github"`. An unreadable body loses no signed event: it only has no action."""

    @override
    def known(self, request: Request) -> Identity:
        delivery, event = request.fields["X-GitHub-Delivery"], request.fields["X-GitHub-Event"]
        action = _action(request)
        return Identity(key_text(delivery), type_text(f"{event}.{action}" if action else event))

    @override
    def sign(self, sample: Sample, now: int) -> Headers:
        assert isinstance(self.proof, BodySignature)
        old = mac(self.proof.keys[0], sample.body, "sha1").hex().encode()
        return (*super().sign(sample, now), (b"X-Hub-Signature", b"sha1=" + old))


def _action(request: Request) -> str | None:
    document = _document(request)
    action = document.get("action") if isinstance(document, dict) else None
    return action if isinstance(action, str) else None


def _document(request: Request) -> Any:
    """The JSON of either kind of hook: a form has it in its field `payload`."""
    if not request.is_form:
        return request.json
    try:
        return orjson.loads(_payload(request.body))
    except orjson.JSONDecodeError:
        return None


def _payload(body: bytes) -> bytes:
    parts = body.split(b"&", form.MOST_FIELDS)
    found = next((part for part in parts if part.startswith(b"payload=")), b"")
    return unquote_to_bytes(found.removeprefix(b"payload=").replace(b"+", b" "))
