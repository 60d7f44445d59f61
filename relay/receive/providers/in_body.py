"""Senders whose proof stands in the body: Mailgun, Microsoft Graph."""

from typing import Final

from typing_extensions import override

from relay.receive.providers.named import Named
from relay.receive.providers.protocol import Rejected, Request, Wanted

EMPTY: Final = Rejected(400, "an empty body")


class ProvenInBody(Named):
    """An empty body can hold no proof; it is refused for being empty, as every preset does it."""

    @override
    def verify(self, request: Request, now: int, fetched: bytes | None = None) -> Rejected | Wanted | None:
        return super().verify(request, now, fetched) if request.body else EMPTY
