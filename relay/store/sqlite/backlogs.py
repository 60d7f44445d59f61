"""The backlogs of all targets: filled by commits, and by reading rows where memory is behind."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from typing import Final

import structlog

from relay.clock import Clock
from relay.delivery import Delivery, Postponed, Retry, Settlement, State, Wait
from relay.event import Ids
from relay.store.batch import Batch
from relay.store.protocol import Entry
from relay.store.sqlite.backlog import Backlog
from relay.store.sqlite.chains import Head
from relay.store.sqlite.claims import Taken, read_due
from relay.store.sqlite.connection import Connection
from relay.store.sqlite.owed import Born, Chained
from relay.store.sqlite.rows import delivery_row, delivery_text
from relay.store.sqlite.transaction import Written

log = structlog.get_logger()

HOT_BYTES: Final = 32 << 20
"""Bodies of new events held at hand until they are tried, over all targets."""


class Backlogs:
    """`wake` is called with the names of targets at which something has become due."""

    def __init__(self, ids: Ids, reader: Connection, clock: Clock, born: Born) -> None:
        self.wake: Callable[[set[str]], None] = lambda _targets: None
        self.recall: Callable[[set[str]], None] = lambda _targets: None
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

    def taken(self, target: str) -> Taken:
        """What of `target` is ready or being tried."""
        backlog = self.of(target)
        rows = frozenset([delivery_row(id) for id in backlog.taken])
        return Taken(rows, frozenset(backlog.chains))

    def claim(self, target: str, count: int, now: int) -> list[Delivery]:
        """At most `count` ready ones; where memory is behind and few are left, reading begins."""
        backlog = self.of(target)
        taken = backlog.take(count)
        if backlog.wants_rows(now):
            backlog.begin_reading()
            task = asyncio.create_task(self._read(target, backlog, now))
            self._readings.add(task)
            task.add_done_callback(self._readings.discard)
        return taken

    def release(self, deliveries: Iterable[Delivery]) -> None:
        by_target: dict[str, list[Delivery]] = {}
        for delivery in deliveries:
            by_target.setdefault(delivery.target, []).append(delivery)
        for target, some in by_target.items():
            self.of(target).give_back(some)

    def read_again(self, targets: set[str] | None) -> None:
        """Rows of `targets` (None: of any) were changed by hand: what is ready may have another key now, or
        another time.
        """
        targets = set(self._backlogs) if targets is None else targets
        self.recall(targets)
        for target in targets:
            self.of(target).shelve()
        if targets:
            self.wake(targets)

    def doubt(self, batch: Batch) -> None:
        """It failed, and may be on disk all the same: the rows tell."""
        targets = {settlement.delivery.target for settlement in batch.settlements}
        for waiting in batch.appends:
            for entry in waiting.entries:
                targets.update([owed.target for owed in entry.planned])
        for target in targets:
            self.of(target).fall_behind()
        if targets:
            self.wake(targets)

    def committed(self, batch: Batch, written: Written) -> None:
        """It is on disk: new deliveries are at hand at once, settled ones are let go, the worker is told."""
        touched = {self._settled(settlement) for settlement in batch.settlements}
        touched |= self._promote(written.heads)
        space = HOT_BYTES - sum([backlog.bytes for backlog in self._backlogs.values()])
        for waiting, receipts in zip(batch.appends, written.receipts, strict=True):
            for entry, receipt in zip(waiting.entries, receipts, strict=True):
                if not receipt.duplicate:
                    space -= self._offer(entry, space, written.chained, touched)
        if touched:
            self.wake(touched)

    def promoted(self, heads: Iterable[Head]) -> None:
        """These are the first of their chains now."""
        if touched := self._promote(heads):
            self.wake(touched)

    def _promote(self, heads: Iterable[Head]) -> set[str]:
        """At which targets they are."""
        now = self._clock.now()
        for head in heads:
            backlog = self.of(head.target)
            if head.due > now:
                backlog.due_later(head.due)
            elif delivery_text(self._ids, head.row) not in backlog.taken:
                backlog.fall_behind()
        return {head.target for head in heads}

    async def close(self) -> None:
        """Return when nothing is being read any more."""
        await asyncio.gather(*self._readings, return_exceptions=True)

    def _offer(self, entry: Entry, space: int, chained: Chained, touched: set[str]) -> int:
        """How much room its deliveries took: they share one body. `touched` learns where they are due."""
        event, taken = entry.event, 0
        for n, planned in enumerate(entry.planned, start=1):
            if planned.state is not State.PENDING:
                continue
            id, chain = f"{event.id}-{n}", None
            if planned.order is not None:
                chain = chained.get(delivery_row(id))
                if chain is None:
                    continue  # it is held
            touched.add(planned.target)
            backlog = self.of(planned.target)
            if backlog.behind:
                backlog.fall_behind()
                continue  # it is found among the rows: no Delivery needs to be made of it
            born = self._born(planned.target, event.received)
            delivery = Delivery(id, id, planned.route, planned.target, 0, 0, born, event)
            delivery.shaped, delivery.due, delivery.chain = planned.shaped, event.received, chain
            if backlog.offer(delivery, space):
                taken = len(event.body)
        return taken

    def _settled(self, settlement: Settlement) -> str:
        delivery = settlement.delivery
        backlog = self.of(delivery.target)
        backlog.let_go(delivery)
        match settlement.outcome:
            case Retry(at) | Postponed(at):
                backlog.due_later(at)
            case Wait():
                backlog.fall_behind()
            case _:
                pass
        return delivery.target

    async def _read(self, target: str, backlog: Backlog, now: int) -> None:
        """Read the next due rows of `target` into its window, and wake it."""
        try:
            due = await self._reader.run(read_due, target, now, self.taken(target), self._ids)
        except sqlite3.Error as error:
            log.error("store.read-failed", target=target, error=str(error))
            backlog.end_reading((), all_due=False, next_due=None)
            await self._clock.sleep(1)
        else:
            backlog.end_reading(due.deliveries, all_due=due.all_due, next_due=due.next_due, passed=due.passed)
        self.wake({target})
