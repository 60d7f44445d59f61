"""Stripe's lists: newest first, pages by the last id, filtered by `created` in whole seconds."""

from dataclasses import dataclass, field
from typing import Any, Final

from tests.journeys.providers.fake import Fake, at
from tests.poll.provider import Asked, Says

LIMITED: Final = Says(
    {"error": {"code": "rate_limit", "type": "invalid_request_error"}},
    status=429,
    headers={"Stripe-Rate-Limited-Reason": "global-rate"},
)
"""It does not say how long."""


@dataclass
class Stripe(Fake):
    """`/v1/events` and `/v1/payment_intents`."""

    objects: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def event(self, id: str, seconds: float, **further: Any) -> None:
        """One that is listed from now on, of so many seconds after the test began."""
        row = {"id": id, "object": "event", "type": "charge.succeeded", "created": at(seconds), **further}
        self.objects.setdefault("/v1/events", []).append(row)

    def payment(self, id: str, seconds: float, status: str) -> dict[str, Any]:
        """The row itself, whose state may change."""
        row = {"id": id, "status": status, "amount_received": 0, "created": at(seconds)}
        self.objects.setdefault("/v1/payment_intents", []).append(row)
        return row

    def refusal(self, asked: Asked) -> Says | None:
        good = asked.headers.get("authorization") == "Bearer STRIPE_KEY"
        return None if good else Says({"error": {"type": "invalid_request_error"}}, status=401)

    def answer(self, asked: Asked) -> Says:
        assert set(asked.query) <= {"limit", "created[gte]", "starting_after"}
        since, limit = int(asked.query.get("created[gte]", 0)), int(asked.query["limit"])
        assert 1 <= limit <= 100
        rows = sorted(self.objects.get(asked.path, []), key=lambda row: int(row["created"]))[::-1]
        rows = [row for row in rows if row["created"] >= since]
        if (after := asked.query.get("starting_after")) is not None:
            ids = [row["id"] for row in rows]
            if after not in ids:
                return Says({"error": {"code": "resource_missing"}}, status=400)
            rows = rows[ids.index(after) + 1 :]
        return Says(
            {"object": "list", "url": asked.path, "has_more": len(rows) > limit, "data": rows[:limit]}
        )
