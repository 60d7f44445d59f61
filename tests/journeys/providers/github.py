"""GitHub's lists: pages by number that shift, by time, by an opaque cursor; ETag, and two kinds of limits."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Final

from relay.clock import SECOND
from tests.journeys.providers.fake import Fake, iso
from tests.poll.provider import Asked, Says

REPO: Final = "/repos/octo/hello"
DELIVERIES: Final = f"{REPO}/hooks/42/deliveries"
MOST: Final = 300
"""Events that the activity holds."""
INTERVAL: Final = 60


@dataclass
class GitHub(Fake):
    """The activity, the issues, and the deliveries of one hook."""

    url: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    issues: dict[int, float] = field(default_factory=dict)
    """When each was updated."""
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    unchanged: int = 0
    """How many answers were 304."""

    def event(self, number: int, seconds: float) -> None:
        """One of the activity."""
        self.events.append({"id": str(number), "type": "PushEvent", "created_at": iso(seconds)})

    def delivery(self, number: int, guid: str, seconds: float, event: str = "push") -> None:
        """One of the hook; one that is sent again has the same guid."""
        row = {"id": number, "guid": guid, "event": event, "action": None, "delivered_at": iso(seconds)}
        self.deliveries.append(row | {"status": "OK", "redelivery": False})

    def spent(self, seconds: float) -> Says:
        """The hour's quota is used up, and begins anew so long from now."""
        reset = str(self.clock.now() // SECOND + int(seconds))
        return Says({}, status=403, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset})

    def refusal(self, asked: Asked) -> Says | None:
        assert asked.headers["x-github-api-version"] == "2022-11-28"
        good = asked.headers.get("authorization") == "Bearer GITHUB_TOKEN"
        return None if good else Says({"message": "Bad credentials"}, status=401)

    def answer(self, asked: Asked) -> Says:
        if asked.path == f"{REPO}/events":
            return self._activity(asked)
        if asked.path == f"{REPO}/issues":
            return self._issues(asked)
        if asked.path == DELIVERIES:
            return self._deliveries(asked)
        number = int(asked.path.removeprefix(f"{DELIVERIES}/"))
        (row,) = [row for row in self.deliveries if row["id"] == number]
        return Says(row | {"request": {"headers": {}, "payload": {"guid": row["guid"]}}})

    def _activity(self, asked: Asked) -> Says:
        rows = sorted(self.events, key=lambda row: str(row["created_at"]))[::-1][:MOST]
        said = self._numbered(asked, rows)
        said.headers["X-Poll-Interval"] = str(INTERVAL)
        etag = f'W/"{hashlib.sha256(json.dumps(said.document).encode()).hexdigest()}"'
        if asked.headers.get("if-none-match") == etag:
            self.unchanged += 1
            return Says(b"", status=304, headers=said.headers | {"ETag": etag})
        said.headers["ETag"] = etag
        return said

    def _issues(self, asked: Asked) -> Says:
        """By update, oldest first; a page by number holds what has come to stand there by now."""
        assert (asked.query["state"], asked.query["sort"], asked.query["direction"]) == (
            "all",
            "updated",
            "asc",
        )
        rows = [
            {"id": number, "created_at": iso(-90_000), "updated_at": iso(seconds)}
            for number, seconds in sorted(self.issues.items(), key=lambda pair: (pair[1], pair[0]))
        ]
        return self._numbered(
            asked, [row for row in rows if str(row["updated_at"]) >= asked.query.get("since", "")]
        )

    def _numbered(self, asked: Asked, rows: list[dict[str, Any]]) -> Says:
        page, size = int(asked.query.get("page", 1)), int(asked.query["per_page"])
        assert size <= 100
        end = page * size
        rest = "&".join(f"{name}={value}" for name, value in asked.query.items() if name != "page")
        link = f'<{self.url}{asked.path}?{rest}&page={page + 1}>; rel="next", <{self.url}/x>; rel="last"'
        return Says(rows[end - size : end], headers={"Link": link} if end < len(rows) else {})

    def _deliveries(self, asked: Asked) -> Says:
        """The cursor is the number of the delivery behind which it goes on."""
        rows = sorted(self.deliveries, key=lambda row: (str(row["delivered_at"]), int(row["id"])))[::-1]
        if (cursor := asked.query.get("cursor")) is not None:
            rows = rows[[f"v1_{row['id']}" for row in rows].index(cursor) + 1 :]
        size = int(asked.query["per_page"])
        if len(rows) <= size:
            return Says(rows)
        link = f'<{self.url}{asked.path}?per_page={size}&cursor=v1_{rows[size - 1]["id"]}>; rel="next"'
        return Says(rows[:size], headers={"Link": link})
