"""The events that a pass makes: of news, of items that cannot be used, of what was missed."""

from collections.abc import Callable
from typing import Final

from relay.clock import rfc3339
from relay.delivery import State
from relay.event import Event, Headers
from relay.poll.cursor import Missed
from relay.poll.definition import Part, Poll
from relay.poll.gathered import News, poison_id
from relay.poll.item import Poison, gap_body, poison_body
from relay.route import Planned
from relay.store.protocol import Entry
from relay.text import key_text, type_text

VIA: Final = "poll"
JSON: Final[Headers] = ((b"Content-Type", b"application/json"),)
GAP: Final = "relay.gap"
POISON: Final = "relay.poison"
NOBODY: Final = ""
"""The target of what is never sent."""


class Maker:
    """Makes the events of one part of a poll; they are received at `now` (microseconds, our own clock)."""

    def __init__(self, poll: Poll, part: Part, next_id: Callable[[int], str], now: int) -> None:
        self._poll = poll
        self._part = part
        self._next_id = next_id
        self._now = now

    def news(self, news: News) -> Event:
        return self._event(news.key, news.type, news.body, news.time)

    def gap(self, missed: Missed) -> Event:
        """What was missed is told once for each point from which on it was."""
        poll, part = self._poll.name, self._part.name
        body = gap_body(poll, part, missed.since, missed.until)
        return self._event(f"{GAP}:{poll}:{part}:{rfc3339(missed.since)}", GAP, body)

    def poison(self, poison: Poison) -> Entry:
        """It is kept, and owed to nobody."""
        poll = self._poll.name
        body = poison_body(poll, self._part.name, poison)
        event = self._event(f"{poison_id(poison)}:{poll}:{self._part.name}", POISON, body)
        return Entry(event, (Planned(f"poll:{poll}", NOBODY, State.DEAD, type_text(poison.error)),))

    def _event(self, key: str, type_: str, body: bytes, occurred: int | None = None) -> Event:
        return Event(
            self._next_id(self._now),
            self._poll.source,
            key_text(key),
            type_,
            VIA,
            self._now,
            body,
            JSON,
            occurred=occurred,
        )
