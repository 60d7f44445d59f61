"""The providers there are, and how a source's table becomes one."""

from collections.abc import Callable
from typing import Final

from relay.config.schema import SourceConfig
from relay.errors import Problem
from relay.receive.faults import Faults
from relay.receive.providers.custom import Custom
from relay.receive.providers.github import GitHub
from relay.receive.providers.protocol import Provider
from relay.receive.providers.standard_webhooks import StandardWebhooks

PRESETS: Final[dict[str, Callable[[str, SourceConfig, Faults], Provider]]] = {
    "github": GitHub,
    "standard-webhooks": StandardWebhooks,
}


def build(name: str, source: SourceConfig, public_url: str | None) -> Provider | list[Problem]:
    """The provider of `[source.NAME]`, or everything that is wrong with its table.

    `public_url` is [server]'s, needed where a signature covers the URL.
    """
    faults = Faults(name)
    provider = _build(name, source, public_url, faults)
    return faults.found or provider


def _build(name: str, source: SourceConfig, public_url: str | None, faults: Faults) -> Provider:
    if source.provider is None:
        return Custom(name, source, public_url, faults)
    return PRESETS[source.provider](name, source, faults)
