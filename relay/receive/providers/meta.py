"""Meta (Facebook, Instagram, WhatsApp): the handshake repeats a token of the user's own."""

from relay.config.schema import SourceConfig
from relay.config.verify import HandshakeConfig
from relay.receive.faults import Faults
from relay.receive.providers.named import Named


class Meta(Named):
    """`provider = "meta"`; without a `verify_token` no handshake is answered."""

    def __init__(self, name: str, source: SourceConfig, public_url: str | None, faults: Faults) -> None:
        if source.verify_token:
            source = source.model_copy(update={"handshake": (_subscription(source),)})
        super().__init__(name, source, public_url, faults)


def _subscription(source: SourceConfig) -> HandshakeConfig:
    return HandshakeConfig(
        method="GET",
        signed=False,
        when='query["hub.mode"] == "subscribe"',
        require={"hub.verify_token": source.verify_token},
        answer='query["hub.challenge"]',
    )
