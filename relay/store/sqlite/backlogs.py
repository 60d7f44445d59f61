"""The backlogs of all targets: filled by commits, and by reading rows where memory is behind."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from typing import Final

import structlog

from relay.clock import Clock
from relay.delivery import Delivery, Retry, Settlement, State, Wait
from relay.event import Ids
from relay.store.batch import Batch
from relay.store.protocol import Entry, Receipt
from relay.store.sqlite.append import Born
from relay.store.sqlite.backlog import Backlog
from relay.store.sqlite.claims import read_due
from relay.store.sqlite.connection import Connection
from relay.store.sqlite.rows import delivery_row

log = structlog.get_logger()

HOT_BYTES: Final = 32 << 20
"""Bodies of new events held at hand until they are tried, over all targets."""


class Backlogs:
    """`wake` is called with the names of targets at which something has become due."""

    def __init__(self, ids: Ids, reader: Connection, clock: Clock, born: Born) -> None:
        self.wake: Callable[[set[str]], None] = lambda _targets: None
        self._ids = ids
        self._reader = reader
        self._clock = clock
        self._born = born
        self._backlogs: dict[str, Backlog] = {}
        self._readings: set[asyncio.Task[None]] = set()

    def of(self, target: str) -> Backlog:
        backlog = self._backlogs.get(target)
        if backlog is None:
            backlog = self._backlogs[target] = Backlog()
        return backlog

    def held(self, target: str) -> frozenset[int]:
        """Rows of `target` that are ready or being tried."""
        return frozenset([delivery_row(self._ids, id) for id in self.of(target).held])

    def claim(self, target: str, count: int, now: int) -> list[Delivery]:
        """At most `count` ready ones; where memory is behind, reading begins."""
        backlog = self.of(target)
        if backlog.wants_rows(now):
            backlog.begin_reading()
            task = asyncio.create_task(self._read(target, backlog, now))
            self._readings.add(task)
            task.add_done_callback(self._readings.discard)
        return backlog.take(count)

    def release(self, deliveries: Iterable[Delivery]) -> None:
        for delivery in deliveries:
            backlog = self.of(delivery.target)
            backlog.let_go(delivery.id)
            backlog.fall_behind()

    def read_again(self, targets: set[str]) -> None:
        """Rows of `targets` were changed by hand: what is ready may have another key now, or another time."""
        for target in targets:
            self.of(target).shelve()
        if targets:
            self.wake(targets)

    def committed(self, batch: Batch, receipts: list[list[Receipt]]) -> None:
        """It is on disk: new deliveries are at hand at once, settled ones are let go, the worker is told."""
        touched = {self._settled(settlement) for settlement in batch.settlements}
        space = HOT_BYTES - sum([backlog.bytes for backlog in self._backlogs.values()])
        for waiting, each in zip(batch.appends, receipts, strict=True):
            for entry, receipt in zip(waiting.entries, each, strict=True):
                if not receipt.duplicate:
                    space -= self._offer(entry, space, touched)
        if touched:
            self.wake(touched)

    async def close(self) -> None:
        """Return when nothing is being read any more."""
        await asyncio.gather(*self._readings, return_exceptions=True)

    def _offer(self, entry: Entry, space: int, touched: set[str]) -> int:
        """How much room its deliveries took: they share one body. `touched` learns where they are due."""
        event, taken = entry.event, 0
        for n, planned in enumerate(entry.planned, start=1):
            if planned.state is not State.PENDING:
                continue
            touched.add(planned.target)
            id, born = f"{event.id}-{n}", self._born(planned.target, event.received)
            delivery = Delivery(id, id, planned.route, planned.target, 0, 0, born, event)
            if self.of(planned.target).offer(delivery, space):
                taken = len(event.body)
        return taken

    def _settled(self, settlement: Settlement) -> str:
        delivery = settlement.delivery
        backlog = self.of(delivery.target)
        backlog.let_go(delivery.id)
        match settlement.outcome:
            case Retry(at):
                backlog.due_later(at)
            case Wait():
                backlog.fall_behind()
            case _:
                pass
        return delivery.target

    async def _read(self, target: str, backlog: Backlog, now: int) -> None:
        """Read the next due rows of `target` into its window, and wake it."""
        try:
            due = await self._reader.run(read_due, target, now, self.held(target), self._ids)
        except sqlite3.Error as error:
            log.error("store.read-failed", target=target, error=str(error))
            backlog.end_reading((), all_due=False, next_due=None)
            await self._clock.sleep(1)
        else:
            backlog.end_reading(due.deliveries, all_due=due.all_due, next_due=due.next_due)
        self.wake({target})
