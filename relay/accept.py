"""The one door in: whoever brings an event, it is planned and stored here, or not at all."""

from collections.abc import Callable, Sequence

from relay.event import Event
from relay.metrics import Metrics
from relay.route import Routes, plan
from relay.store.progress import Watch
from relay.store.protocol import Entry, Outbox, Receipt


def nothing_begun(_event: Event) -> tuple[Watch, ...]:
    """Where the file has no watches."""
    return ()


class Door:
    """Plans by today's routes and appends to the store."""

    def __init__(self, store: Outbox, routes: Routes, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics
        self.routes = routes
        """Replaced as a whole by a reload."""
        self.last: dict[str, int] = {}
        """Source → when its newest webhook was received."""
        self.begins: Callable[[Event], tuple[Watch, ...]] = nothing_begun
        """The watches that an event begins."""
        self.heard: Callable[[str], None] = lambda _source: None
        """Called when a webhook of a source was accepted."""

    def entry(self, event: Event) -> Entry:
        """`event` with what it is owed and what it begins, by today's file."""
        return Entry(event, plan(event, self.routes), self.begins(event))

    async def accept(self, events: Sequence[Event], within: float | None = None) -> list[Receipt]:
        """Store webhooks and what they are owed, all or none; return when all of it is on disk.

        StoreUnavailable when the commit fails or does not end `within` seconds.
        """
        entries = [self.entry(event) for event in events]
        receipts = await self._store.append(entries, within)
        for event, receipt in zip(events, receipts, strict=True):
            self.note(event.source, event.received)
            if receipt.duplicate:
                self._metrics.duplicate(event.source, event.via).inc()
        return receipts

    def note(self, source: str, received: int) -> None:
        """`source` was heard of at `received`: a duplicate breaks its silence, too."""
        if received > self.last.get(source, 0):
            self.last[source] = received
        self.heard(source)
