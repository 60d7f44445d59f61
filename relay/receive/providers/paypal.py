"""PayPal: it signs with a key that a certificate tells; its source has no secret, but a subscription's id."""

from typing_extensions import override

from relay.config.schema import SourceConfig
from relay.receive.faults import Faults
from relay.receive.providers.named import Named
from relay.receive.verify.extra import crypto
from relay.receive.verify.proof import Anyone, Proof


class Paypal(Named):
    """`provider = "paypal"`."""

    @override
    def prove(self, source: SourceConfig, _public_url: str | None, faults: Faults) -> Proof:
        if not source.webhook_id:
            faults.add("webhook_id", "is missing", "the id of the subscription, from the dashboard")
        if not crypto(source, faults):
            return Anyone()
        from relay.receive.verify.paypal import paypal_signature  # noqa: PLC0415  needs the extra

        return paypal_signature(source.webhook_id, source.trust, faults)
