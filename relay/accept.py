"""The one door in: whoever brings an event, it is planned and stored here, or not at all."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from relay.alert import Alert, Tell, untold
from relay.delivery import State
from relay.errors import StoreUnavailable
from relay.event import Event
from relay.metrics import Metrics
from relay.plan import QUICK_BODY, plan, plan_quickly
from relay.route import Planned, Routes
from relay.seen import Seen
from relay.store.progress import Watch
from relay.store.protocol import Entry, Outbox, Receipt
from relay.view import View

THREADS: Final = 2
"""On which events are planned that take more than a moment."""
TURN: Final = 100
"""Events that are planned on the loop before others have their turn."""
LOOPED: Final = 1 << 10
"""A longer body is not gone through on the loop to see what it begins."""
Begins = Callable[[Seen], tuple[Watch, ...]]


def nothing_begun(_seen: Seen) -> tuple[Watch, ...]:
    """Where the file has no watches."""
    return ()


class Door:
    """Plans by today's routes and appends to the store."""

    def __init__(self, store: Outbox, routes: Routes, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics
        self._threads = ThreadPoolExecutor(THREADS, "plan")
        self.routes = routes
        """Replaced as a whole by a reload."""
        self.last: dict[str, int] = {}
        """Source → when its newest webhook was received."""
        self.begins: Begins = nothing_begun
        """The watches that an event begins."""
        self.begins_loops = False
        """Whether that may go through lists."""
        self.heard: Callable[[str], None] = lambda _source: None
        """Called when a webhook of a source was accepted."""
        self.tell: Tell = untold
        """Told of deliveries that are dead before they were tried."""

    def close(self) -> None:
        """Nothing is planned any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def accept(
        self, events: Sequence[Event], within: float | None = None, view: View | None = None
    ) -> list[Receipt]:
        """Store webhooks and what they are owed, all or none; return when all of it is on disk.

        `view`: what was read of the request that brought them. StoreUnavailable when all that does not end
        `within` seconds.
        """
        began = time.perf_counter()
        entry = self._at_once(events[0], view) if len(events) == 1 else None
        entries = [entry] if entry is not None else await self._in_time(events, within)
        left = None if within is None else within - (time.perf_counter() - began)
        receipts = await self._store.append(entries, left)
        self.kept(entries, receipts)
        for event, receipt in zip(events, receipts, strict=True):
            self.note(event.source, event.received)
            if receipt.duplicate:
                self._metrics.duplicate(event.source, event.via).inc()
        return receipts

    def kept(self, entries: Sequence[Entry], receipts: Sequence[Receipt]) -> None:
        """What is on disk now: a delivery that is dead from the beginning is told."""
        for entry, receipt in zip(entries, receipts, strict=True):
            for planned in entry.planned:
                if planned.state is State.DEAD and not receipt.duplicate:
                    self.tell(_given_up(entry.event, planned))

    def note(self, source: str, received: int) -> None:
        """`source` was heard of at `received`: a duplicate breaks its silence, too."""
        if received > self.last.get(source, 0):
            self.last[source] = received
        self.heard(source)

    # planning

    async def entries(self, events: Sequence[Event]) -> list[Entry]:
        """`events` with what they are owed and what they begin, by today's file."""
        entries = []
        for number, event in enumerate(events, 1):
            if number % TURN == 0:
                await asyncio.sleep(0)
            entries.append(self._at_once(event) or await self._on_a_thread(event))
        return entries

    async def plans(self, events: Sequence[Event]) -> list[tuple[Planned, ...]]:
        """What events that are kept already would be owed by today's file."""
        return [entry.planned for entry in await self.entries(events)]

    async def _in_time(self, events: Sequence[Event], within: float | None) -> list[Entry]:
        try:
            async with asyncio.timeout(within):
                return await self.entries(events)
        except TimeoutError:
            raise StoreUnavailable("it could not be planned in time") from None

    def _at_once(self, event: Event, view: View | None = None) -> Entry | None:
        """The entry, where it takes a moment only."""
        certain = self.routes.of(event.source).certain
        if self.begins is nothing_begun and certain is not None:
            return Entry(event, certain)
        seen = Seen(event, view)
        planned = plan_quickly(seen, self.routes)
        if planned is None or not self._begins_quickly(event):
            return None
        return Entry(event, planned, self.begins(seen))

    def _begins_quickly(self, event: Event) -> bool:
        return self.begins is nothing_begun or len(event.body) <= (
            LOOPED if self.begins_loops else QUICK_BODY
        )

    async def _on_a_thread(self, event: Event) -> Entry:
        routes, begins = self.routes, self.begins

        def made() -> Entry:
            seen = Seen(event)
            return Entry(event, plan(seen, routes), begins(seen))

        return await asyncio.get_running_loop().run_in_executor(self._threads, made)


def _given_up(event: Event, planned: Planned) -> Alert:
    """An item that a poll, or watch, cannot use is owed to nobody: it has the name of that one."""
    detail = {"error": planned.reason, "event_id": event.id, "route": planned.route}
    if planned.target:
        text = f"event {event.id} is not delivered to {planned.target}: {planned.reason}"
        return Alert("delivery.dead", planned.target, text, detail)
    text = f"{planned.route} cannot use an item: {planned.reason}"
    return Alert("delivery.dead", planned.route.partition(":")[2], text, detail)
