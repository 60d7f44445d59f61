"""Zoom's report and list of meetings: a range of dates, a page token that runs out, an account's login."""

from base64 import b64encode
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from relay.clock import SECOND
from tests.clock import START
from tests.journeys.providers.fake import Tokens, iso
from tests.poll.provider import Asked, Says

WORN: Final = Says({"code": 300, "message": "The next page token is invalid or expired."}, status=400)
LONGEST: Final = timedelta(days=31)


@dataclass
class Zoom(Tokens):
    """`/report/users/me/meetings` and `/users/me/meetings`."""

    path: str = "/oauth/token"
    form: dict[str, str] = field(
        default_factory=lambda: {"grant_type": "account_credentials", "account_id": "ZOOM_ACCOUNT"}
    )
    basic: str = f"Basic {b64encode(b'ZOOM_ID:ZOOM_SECRET').decode()}"
    expired: Any = field(default_factory=lambda: {"code": 124, "message": "Access token is expired."})
    ended: list[dict[str, Any]] = field(default_factory=list)
    planned: list[dict[str, Any]] = field(default_factory=list)
    size: int = 3

    def end(self, uuid: str, seconds: float, number: int) -> None:
        """A meeting that is over, and in the report from now on."""
        self.ended.append({"uuid": uuid, "id": number, "topic": "made up", "end_time": iso(seconds)})

    def limited(self, seconds: float) -> Says:
        """Too many of a kind; Zoom says until when as RFC 3339."""
        until = iso((self.clock.now() - START) / SECOND + seconds)
        headers = {"Retry-After": until, "X-RateLimit-Category": "Heavy"}
        return Says({"code": 429, "message": "made up"}, status=429, headers=headers)

    def answer(self, asked: Asked) -> Says:
        if asked.path == "/users/me/meetings":
            return self._page(asked, self.planned)
        assert asked.path == "/report/users/me/meetings"
        low, high = asked.query["from"], asked.query["to"]
        assert date.fromisoformat(high) - date.fromisoformat(low) <= LONGEST
        return self._page(asked, [row for row in self.ended if low <= str(row["end_time"])[:10] <= high])

    def _page(self, asked: Asked, rows: list[dict[str, Any]]) -> Says:
        assert int(asked.query["page_size"]) <= 300
        begin = int(asked.query.get("next_page_token", "page-0").removeprefix("page-"))
        end = begin + self.size
        token = f"page-{end}" if end < len(rows) else ""
        return Says({"meetings": rows[begin:end], "next_page_token": token, "page_size": self.size})
