"""FedEx: the carrier's answers, behind a login whose id and secret stand in the form."""

from dataclasses import dataclass, field
from typing import Any

from tests.journeys.providers.fake import Tokens
from tests.poll.carrier import Carrier
from tests.poll.provider import Asked, Says


@dataclass
class FedEx(Tokens):
    """`/track/v1/trackingnumbers`."""

    form: dict[str, str] = field(
        default_factory=lambda: {
            "grant_type": "client_credentials",
            "client_id": "FEDEX_KEY",
            "client_secret": "FEDEX_SECRET",
        }
    )
    expired: Any = field(default_factory=lambda: {"errors": [{"code": "NOT.AUTHORIZED.ERROR"}]})
    carrier: Carrier = field(default_factory=Carrier)

    def answer(self, asked: Asked) -> Says:
        return self.carrier(asked)
