"""What a pass has found so far: which items are news, which are known, which cannot be used."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from relay.config.poll import PollConfig
from relay.poll.cursor import Span
from relay.poll.item import Listed, Payload, Poison, Scope
from relay.store.progress import Item

MARKED: Final = -1
"""The `n` of an item that was there before relay was, where nothing is compared."""
MAX_BYTES: Final = 64 << 20
"""Bytes of the events of one pass."""


@dataclass(slots=True)
class News:
    """An item that makes an event."""

    id: str
    key: str
    time: int | None
    type: str
    body: bytes = field(repr=False)
    scope: Scope | None = field(default=None, repr=False)
    """Where its body is still to be asked for."""


@dataclass(slots=True)
class Gathered:
    """Gathers page by page; what is committed is let go."""

    config: PollConfig
    span: Span
    at: int
    """When the items are listed, by our own clock."""
    backfill: bool = False
    """What was only marked is asked for now."""
    items: dict[str, Item] = field(default_factory=dict)
    """What the list holds, news and known."""
    news: list[News] = field(default_factory=list)
    poisons: dict[str, Poison] = field(default_factory=dict)
    times: list[int] = field(default_factory=list)
    """Of all items that are not left for later."""
    bytes: int = 0
    found: int = 0
    """How many items the list held, news or not."""
    known: int = 0

    def judge(self, listed: Listed, before: Mapping[str, Item]) -> Item | None:
        """The item as it is to be remembered, if it is news; what is not is remembered here."""
        prior = self.items.get(listed.id) or before.get(listed.id)
        if prior is None or (self.backfill and _marked(prior)):
            return self._first(listed)
        if prior.digest is not None and listed.digest not in (None, prior.digest):
            return Item(listed.id, self.at, listed.digest, max(prior.n, 0) + 1)
        self.known += 1
        self.items[listed.id] = Item(listed.id, self.at, listed.digest, prior.n)
        return None

    def _first(self, listed: Listed) -> Item | None:
        compared = listed.digest is not None
        if self.span.marks(listed.time):
            self.items[listed.id] = Item(listed.id, self.at, listed.digest, 0 if compared else MARKED)
            return None
        return Item(listed.id, self.at, listed.digest, 1 if compared else 0)

    def add(self, item: Item, listed: Listed, payload: Payload, *, detailed: bool) -> None:
        """One more event."""
        key = item.id if item.digest is None else f"{item.id}#{item.n}"
        scope = listed.scope if detailed else None
        self.news.append(News(item.id, key, listed.time, payload.type, payload.body, scope))
        self.bytes += len(payload.body)

    def refuse(self, poison: Poison) -> None:
        """One more that cannot be used."""
        self.poisons[poison_id(poison)] = poison

    def drop(self, news: News) -> None:
        """Its body could not be had: it is as if it had not been listed."""
        self.items.pop(news.id, None)

    def ordered(self) -> list[News]:
        """Oldest first; of the same moment as the list has them, the other way round if newest come first."""
        read = self.news[::-1] if self.config.order == "newest" else self.news
        return sorted(read, key=lambda news: self.span.now if news.time is None else news.time)

    def clear(self, *, items: bool) -> None:
        """It is entered; `items`: the store knows them from now on."""
        if items:
            self.items.clear()
        self.news.clear()
        self.poisons.clear()
        self.bytes = 0


def _marked(item: Item) -> bool:
    """Whether it never made an event."""
    return item.n < (0 if item.digest is None else 1)


def poison_id(poison: Poison) -> str:
    """Another name than that of the item, which may be well one day."""
    return f"relay.poison:{poison.id}"
