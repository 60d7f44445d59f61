"""Slack's history of a channel: newest first, pages that are short or empty, errors in an answer of 200."""

from dataclasses import dataclass, field
from typing import Any, Final

from tests.journeys.providers.fake import Fake, at
from tests.poll.provider import Asked, Says

CHANNEL: Final = "C024BE91L"


def wrong(error: str) -> Says:
    """What went wrong, by HTTP all is well."""
    return Says({"ok": False, "error": error})


@dataclass
class Slack(Fake):
    """`conversations.history`."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    pages: tuple[int, ...] = (3, 0, 2)
    """How many messages a page holds, in turn."""

    def say(self, seconds: float, number: int) -> str:
        """A message; its key."""
        ts = f"{at(seconds)}.{number:06d}"
        self.messages.append({"type": "message", "ts": ts, "text": f"message {number}"})
        return f"{CHANNEL}:{ts}"

    def refusal(self, asked: Asked) -> Says | None:
        return None if asked.headers.get("authorization") == "Bearer SLACK_TOKEN" else wrong("invalid_auth")

    def answer(self, asked: Asked) -> Says:
        assert (asked.path, asked.query["channel"]) == ("/conversations.history", CHANNEL)
        oldest = float(asked.query.get("oldest", "0"))
        rows = sorted(self.messages, key=lambda row: float(row["ts"]))[::-1]
        rows = [row for row in rows if float(row["ts"]) >= oldest]
        turn, _, before = asked.query.get("cursor", "0:9999999999").partition(":")
        rows = [row for row in rows if float(row["ts"]) < float(before)]
        page = rows[: min(self.pages[int(turn) % len(self.pages)], int(asked.query["limit"]))]
        said: dict[str, Any] = {"ok": True, "messages": page, "has_more": len(rows) > len(page)}
        if len(rows) > len(page):
            last = page[-1]["ts"] if page else before
            said["response_metadata"] = {"next_cursor": f"{int(turn) + 1}:{last}"}
        return Says(said)
