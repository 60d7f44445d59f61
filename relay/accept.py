"""The one door in: whoever brings an event, it is planned and stored here, or not at all."""

from collections.abc import Sequence

from relay.event import Event
from relay.metrics import Metrics
from relay.route import Routes, plan
from relay.store.protocol import Entry, Outbox, Receipt


class Door:
    """Plans by today's routes and appends to the store."""

    def __init__(self, store: Outbox, routes: Routes, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics
        self.routes = routes
        """Replaced as a whole by a reload."""
        self.last: dict[str, int] = {}
        """Source → when its newest event was received."""

    async def accept(self, events: Sequence[Event], within: float | None = None) -> list[Receipt]:
        """Store `events` and what they are owed, all or none; return when all of it is on disk.

        StoreUnavailable when the commit fails or does not end `within` seconds.
        """
        entries = [Entry(event, plan(event, self.routes)) for event in events]
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
