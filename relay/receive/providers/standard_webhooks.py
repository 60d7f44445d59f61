"""Standard Webhooks, and who signs as it says: a header has the id, the body by convention type and time."""

from typing import Any

from typing_extensions import override

from relay.clock import SECOND
from relay.config.schema import SourceConfig
from relay.moment import moment
from relay.receive.faults import Faults
from relay.receive.providers.named import Named
from relay.receive.providers.protocol import Identity, Rejected, Request
from relay.receive.verify import stamp
from relay.receive.verify.proof import Proof
from relay.receive.verify.standard_webhooks import family, standard_signature
from relay.text import key_text, type_text


class StandardWebhooks(Named):
    """`provider = "standard-webhooks"`."""

    @override
    def prove(self, source: SourceConfig, _public_url: str | None, faults: Faults) -> Proof:
        return standard_signature(source, faults)

    @override
    def unusable(self, request: Request) -> Rejected | None:
        start = family(request)
        if not request.fields.get(f"{start}-id") or not request.header(f"{start}-timestamp"):
            return Rejected(400, f"no {start}-id or {start}-timestamp header")
        return super().unusable(request)

    @override
    def known(self, request: Request) -> Identity:
        start = family(request)
        kind, occurred = _convention(request.json)
        if occurred is None:
            occurred = stamp.moment(request.header(f"{start}-timestamp") or b"", SECOND)
        return Identity(key_text(request.fields[f"{start}-id"]), type_text(kind) if kind else None, occurred)


class GitLabSigned(StandardWebhooks):
    """`provider = "gitlab-signed"`: the type is a header."""

    @override
    def known(self, request: Request) -> Identity:
        event_id, kind = request.fields[f"{family(request)}-id"], request.fields.get("X-Gitlab-Event")
        return Identity(key_text(event_id), type_text(kind) if kind else None)


def _convention(document: Any) -> tuple[str | None, int | None]:
    """Type and time, where the body follows the convention."""
    if not isinstance(document, dict):
        return None, None
    kind = document.get("type")
    return kind if isinstance(kind, str) else None, moment(document.get("timestamp"))
