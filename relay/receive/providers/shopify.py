"""Shopify: the same signature under two families of headers, those of webhooks and those of Events."""

from dataclasses import dataclass, replace
from typing import Final

from typing_extensions import override

from relay.config.schema import SourceConfig
from relay.event import Headers
from relay.moment import moment
from relay.receive.faults import Faults
from relay.receive.providers.named import Named
from relay.receive.providers.protocol import Identity, Rejected, Request
from relay.receive.verify.proof import Proof
from relay.receive.verify.signature import BodySignature
from relay.text import key_text, type_text

WEBHOOKS: Final = "X-Shopify-"
EVENTS: Final = "shopify-"
_NEEDED: Final = {
    WEBHOOKS: ("Topic", "Shop-Domain", "API-Version", "Webhook-Id"),
    EVENTS: ("topic", "webhook-id"),
}


def family(request: Request) -> str:
    """How this request's headers begin. Only one family is looked at, so that no two are mixed."""
    return EVENTS if f"{EVENTS}hmac-sha256" in request.fields else WEBHOOKS


@dataclass(frozen=True)
class ShopifySignature(Proof):
    """One proof for each family."""

    webhooks: BodySignature
    events: BodySignature

    @override
    def fails(self, request: Request, now: int, fetched: bytes | None = None) -> str | None:
        proof = self.events if family(request) == EVENTS else self.webhooks
        return proof.fails(request, now, fetched)

    @override
    def headers(self, request: Request, now: int) -> Headers:
        return self.webhooks.headers(request, now)


class Shopify(Named):
    """`provider = "shopify"`. The body may be XML: all but `also` stands in headers."""

    @override
    def prove(self, source: SourceConfig, public_url: str | None, faults: Faults) -> Proof:
        webhooks = super().prove(source, public_url, faults)
        assert isinstance(webhooks, BodySignature)
        return ShopifySignature(webhooks, replace(webhooks, header=f"{EVENTS}hmac-sha256"))

    @override
    def unusable(self, request: Request) -> Rejected | None:
        start = family(request)
        missing = [name for name in _NEEDED[start] if not request.fields.get(start + name)]
        return Rejected(400, f"no {start}{missing[0]} header") if missing else super().unusable(request)

    @override
    def known(self, request: Request) -> Identity:
        start, fields = family(request), request.fields
        key, topic = fields[f"{start}webhook-id"], fields[f"{start}topic"]
        return Identity(key_text(key), type_text(topic), moment(fields.get(f"{start}triggered-at")))
