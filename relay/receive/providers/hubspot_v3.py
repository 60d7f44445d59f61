"""HubSpot: what it signs of a URL is not what it asks for, where characters in it are percent-encoded."""

import re
from typing import Final

from typing_extensions import override

from relay.receive.providers.named import Named
from relay.receive.providers.protocol import Rejected, Request, Wanted

_ENCODED: Final = re.compile("%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)
"""The table of "Validate the v3 request signature" in HubSpot's documentation."""


class HubSpot(Named):
    """`provider = "hubspot-v3"`.

    The documentation has some characters of the URL decoded before it is signed; HubSpot's own library takes
    the URL as it is given. A request whose signature is right in either way is HubSpot's.
    """

    @override
    def verify(self, request: Request, now: int, fetched: bytes | None = None) -> Rejected | Wanted | None:
        refused = super().verify(request, now, fetched)
        if refused is None or not _ENCODED.search(request.path + request.query):
            return refused
        return super().verify(_decoded(request), now, fetched)


def _decoded(request: Request) -> Request:
    path, query = _plain(request.path), _plain(request.query)
    return Request(request.method, path, query, request.headers, request.body, request.fields)


def _plain(text: str) -> str:
    return _ENCODED.sub(lambda match: chr(int(match[1], 16)), text)
