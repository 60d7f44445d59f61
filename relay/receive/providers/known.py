"""The providers there are, and how a source's table becomes one."""

from collections.abc import Callable
from typing import Final

from relay.config.schema import SourceConfig
from relay.errors import Problem
from relay.receive.faults import Faults
from relay.receive.providers.alertmanager import Alertmanager
from relay.receive.providers.cloudevents import CloudEvents
from relay.receive.providers.custom import Custom
from relay.receive.providers.fedex import FedEx
from relay.receive.providers.github import GitHub
from relay.receive.providers.hubspot_v3 import HubSpot
from relay.receive.providers.in_body import ProvenInBody
from relay.receive.providers.linear import Linear
from relay.receive.providers.meta import Meta
from relay.receive.providers.named import Named
from relay.receive.providers.paypal import Paypal
from relay.receive.providers.protocol import Provider
from relay.receive.providers.shopify import Shopify
from relay.receive.providers.sns import Sns
from relay.receive.providers.standard_webhooks import GitLabSigned, StandardWebhooks
from relay.receive.providers.twilio import Twilio
from relay.receive.providers.x import X
from relay.receive.providers.zoom import Zoom

Build = Callable[[str, SourceConfig, str | None, Faults], Provider]

IN_CODE: Final[dict[str, Build]] = {
    "alertmanager": Alertmanager,
    "cloudevents": CloudEvents,
    "fedex": FedEx,
    "github": GitHub,
    "gitlab-signed": GitLabSigned,
    "hubspot-v3": HubSpot,
    "linear": Linear,
    "mailgun": ProvenInBody,
    "meta": Meta,
    "microsoft-graph": ProvenInBody,
    "paypal": Paypal,
    "shopify": Shopify,
    "sns": Sns,
    "standard-webhooks": StandardWebhooks,
    "twilio": Twilio,
    "x": X,
    "zoom": Zoom,
}
"""Presets that words alone cannot say; all others are `Named`."""


def build(name: str, source: SourceConfig, public_url: str | None) -> Provider | list[Problem]:
    """The provider of `[source.NAME]`, or everything that is wrong with its table.

    `public_url` is [server]'s, needed where a signature covers the URL.
    """
    faults = Faults(name)
    faults.preset = source.provider is not None
    provider = _build(name, source, public_url, faults)
    return faults.found or provider


def _build(name: str, source: SourceConfig, public_url: str | None, faults: Faults) -> Provider:
    if source.provider is None:
        return Custom(name, source, public_url, faults)
    return IN_CODE.get(source.provider, Named)(name, source, public_url, faults)
