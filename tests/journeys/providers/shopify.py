"""Shopify's orders: a link that goes with no other filter, a leaking bucket, decimal seconds to wait."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any, Final

from tests.journeys.providers.fake import Fake, iso
from tests.poll.provider import Asked, Says

PATH: Final = "/admin/api/2025-07/orders.json"
LIMITED: Final = Says({"errors": "Exceeded 2 calls per second"}, status=429, headers={"Retry-After": "2.0"})


@dataclass
class Shopify(Fake):
    """`orders.json`."""

    url: str = ""
    orders: list[dict[str, Any]] = field(default_factory=list)
    size: int = 3
    bucket: str = "1/40"

    def order(self, id: int, created: float, updated: float) -> dict[str, Any]:
        """The row itself, which may be updated."""
        row = {"id": id, "created_at": iso(created), "updated_at": iso(updated), "note": None}
        self.orders.append(row)
        return row

    def refusal(self, asked: Asked) -> Says | None:
        good = asked.headers.get("x-shopify-access-token") == "SHOPIFY_TOKEN"
        return None if good else Says({"errors": "[API] Invalid API key"}, status=401)

    def answer(self, asked: Asked) -> Says:
        assert asked.path == PATH
        token, query = asked.query.get("page_info"), asked.query
        if token is not None and set(query) - {"page_info", "limit"}:
            return Says({"errors": {"page_info": "cannot be used with other filters"}}, status=400)
        since = query.get("updated_at_min", "")
        begin = 0
        if token is not None:
            since, _, place = urlsafe_b64decode(token).decode().partition("|")
            begin = int(place)
        else:
            assert query["status"] == "any"
        rows = [row for row in self.orders if str(row["updated_at"]) >= since]
        end = begin + min(self.size, int(query["limit"]))
        headers = {"X-Shopify-Shop-Api-Call-Limit": self.bucket}
        if end < len(rows):
            following = urlsafe_b64encode(f"{since}|{end}".encode()).decode()
            headers["Link"] = f'<{self.url}{PATH}?limit={query["limit"]}&page_info={following}>; rel="next"'
        return Says({"orders": rows[begin:end]}, headers=headers)
