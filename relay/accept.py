"""The one door in: whoever brings an event, it is planned and stored here, or not at all."""

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

    async def accept(self, event: Event, within: float | None = None) -> Receipt:
        """Store `event` and what it is owed; return when both are on disk.

        StoreUnavailable when the commit fails or does not end `within` seconds.
        """
        entry = Entry(event, plan(event, self.routes))
        (receipt,) = await self._store.append((entry,), within)
        self.note(event.source, event.received)
        if receipt.duplicate:
            self._metrics.duplicate(event.source, event.via).inc()
        return receipt

    def note(self, source: str, received: int) -> None:
        """`source` was heard of at `received`: a duplicate breaks its silence, too."""
        if received > self.last.get(source, 0):
            self.last[source] = received
