"""PayPal's events and transactions: links in the body that name another host, short pages, no order."""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any, Final

from tests.journeys.providers.fake import Tokens, iso
from tests.poll.provider import Asked, Says

EVENTS: Final = "/v1/notifications/webhooks-events"
TRANSACTIONS: Final = "/v1/reporting/transactions"


@dataclass
class PayPal(Tokens):
    """Both lists."""

    path: str = "/v1/oauth2/token"
    form: dict[str, str] = field(default_factory=lambda: {"grant_type": "client_credentials"})
    basic: str = f"Basic {b64encode(b'PAYPAL_ID:PAYPAL_SECRET').decode()}"
    expired: Any = field(default_factory=lambda: {"error": "invalid_token"})
    elsewhere: str = ""
    """Where its links lead."""
    events: list[dict[str, Any]] = field(default_factory=list)
    transactions: list[dict[str, Any]] = field(default_factory=list)
    size: int = 3

    def event(self, id: str, seconds: float) -> None:
        """One of the events of webhooks."""
        self.events.append({"id": id, "event_type": "PAYMENT.SALE.COMPLETED", "create_time": iso(seconds)})

    def transaction(self, id: str, code: str, seconds: float, status: str = "P") -> dict[str, Any]:
        """Its row, whose state may change; one id may stand for several."""
        told = {"transaction_id": id, "transaction_event_code": code, "transaction_status": status}
        told["transaction_updated_date"] = iso(seconds).replace("Z", "+0000")
        self.transactions.append({"transaction_info": told})
        return told

    def limited(self) -> Says:
        """Too many requests; what stands before it says until when by a date."""
        return Says({"name": "RATE_LIMIT_REACHED"}, status=429, headers={"Retry-After": self.date})

    def answer(self, asked: Asked) -> Says:
        return self._transactions(asked) if asked.path == TRANSACTIONS else self._events(asked)

    def _events(self, asked: Asked) -> Says:
        assert asked.path == EVENTS
        low, high = asked.query["start_time"], asked.query["end_time"]
        rows = [row for row in self.events if low <= str(row["create_time"]) <= high]
        begin = int(asked.query.get("next_page_token", "0"))
        # fewer than asked for, though more follow
        end = begin + min(self.size, int(asked.query["page_size"]))
        links = [{"href": f"{self.elsewhere}{EVENTS}", "rel": "self", "method": "GET"}]
        if end < len(rows):
            query = f"start_time={low}&end_time={high}&page_size={asked.query['page_size']}"
            href = f"{self.elsewhere}{EVENTS}?{query}&next_page_token={end}"
            links.append({"href": href, "rel": "next", "method": "GET"})
        return Says({"events": rows[begin:end], "count": end - begin, "links": links})

    def _transactions(self, asked: Asked) -> Says:
        assert (asked.query["fields"], asked.query["balance_affecting_records_only"]) == ("all", "N")
        page = int(asked.query.get("page", "1"))
        rows = self.transactions[(page - 1) * self.size : page * self.size]
        total = -(-len(self.transactions) // self.size)
        return Says({"transaction_details": rows, "page": page, "total_pages": total})
