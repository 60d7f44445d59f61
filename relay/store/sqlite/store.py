"""The store in one SQLite file: one daemon, one thread that writes, two that read."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace as but
from functools import partial
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

import structlog
from typing_extensions import override

from relay.clock import SECOND, Clock
from relay.delivery import Delivery, Ended, Settlement
from relay.errors import StoreUnavailable
from relay.event import Ids
from relay.store.batch import Batch
from relay.store.progress import Advance
from relay.store.protocol import Count, Entry, Keep, Pulse, Query, Receipt, Replan, Replay
from relay.store.sqlite import old, prune, replay
from relay.store.sqlite.archive_file import free_bytes, look
from relay.store.sqlite.backlogs import Backlogs
from relay.store.sqlite.connection import Connection, DaemonLock, cannot_open, open_reader, open_writer
from relay.store.sqlite.identity import Identity, know_itself
from relay.store.sqlite.memory import FileMemory, Remembered
from relay.store.sqlite.replay import Changed
from relay.store.sqlite.room import Room
from relay.store.sqlite.transaction import Written, commit, explain, immediately
from relay.store.writer import Writer

log = structlog.get_logger()
T = TypeVar("T")
P = ParamSpec("P")

IDLE_BEAT: Final = 1.0
"""Seconds without a commit after which one is made at the next look, a second later at most: with the time
that a commit needs to fail (`writer.HANG`) a store that would fail is noticed within 5 s."""


class SqliteStore(FileMemory):
    """See `relay.store.protocol`."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        min_free: int,
        lock: DaemonLock,
        writer: Connection,
        reader: Connection,
        archive: Connection,
        identity: Identity,
        remembered: Remembered,
        observe: Callable[[float], None],
    ) -> None:
        super().__init__(path, archive, Ids(identity.tag, identity.last), remembered)
        self._clock = clock
        self._room = Room(min_free)
        self._lock = lock
        self._writing = writer
        self._reading = reader
        self._backlogs = Backlogs(self.ids, reader, clock, self._born)
        self._writer = Writer(self._commit, explain, self._committed, observe)
        self._written = Written([], {}, {}, [])
        """What came of the last batch."""
        self._pruned_to = 0
        self._shed_to = 0
        self._names_part = 0
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to commit, and to watch the disk."""
        self._tasks = [asyncio.create_task(self._writer.run()), asyncio.create_task(self._watch())]

    async def close(self) -> None:
        """Commit what waits, once; let go of the file."""
        run, watch = self._tasks
        watch.cancel()
        self._writer.close()
        await asyncio.wait([run, watch])
        await self._backlogs.close()
        await self._reading.close()
        await super().close()
        await self._writing.close()
        self._lock.release()

    # outbox

    def next_id(self, now: int) -> str:
        return self.ids.next(now)

    async def append(
        self, entries: Sequence[Entry], within: float | None = None, advance: Advance | None = None
    ) -> list[Receipt]:
        if not self._room.take(entries, advance):
            raise StoreUnavailable("the disk is nearly full", "free some space: see [store] min_free")
        return await self._writer.append(entries, within, advance)

    async def claim(self, target: str, count: int, now: int) -> list[Delivery]:
        return self._backlogs.claim(target, count, now)

    def settle(self, settlements: Sequence[Settlement]) -> None:
        self._writer.settle(settlements)

    def release(self, deliveries: Iterable[Delivery]) -> None:
        self._backlogs.release(deliveries)

    def shelve(self, target: str) -> None:
        self._backlogs.of(target).shelve()

    def due_at(self, target: str, now: int) -> int | None:
        return self._backlogs.of(target).due_at(now)

    def listen(
        self, wake: Callable[[set[str]], None], recall: Callable[[set[str]], None] | None = None
    ) -> None:
        self._backlogs.wake, self._backlogs.recall = wake, recall or self._backlogs.recall

    @property
    def unsettled(self) -> int:
        return self._writer.backlog

    # changes by hand

    async def replay(self, query: Query, how: Replay, replan: Replan) -> Count:
        query = but(query, oldest_first=True)
        page = await look(self._archive.run(replay.find, query, self.ids))
        plans = await replay.plan_anew(self._archive, page, replan, self.ids)
        turn = replay.Turn(query, page, plans, how, self.ids, self._born, self._salt)
        return await self._by_hand(partial(replay.replay, turn=turn), dry_run=how.dry_run)

    async def discard(self, query: Query, now: int, *, dry_run: bool = False) -> Count:
        turn = partial(replay.discard, query=query, now=now, ids=self.ids, dry_run=dry_run)
        return await self._by_hand(turn, dry_run=dry_run)

    async def end_old(self, target: str, born_before: int, reason: str, now: int) -> Ended:
        taken = self._backlogs.taken(target).rows
        found = await look(self._reading.run(old.find, target, born_before, taken))
        if found.rows:
            end = partial(old.end, rows=found.rows, reason=reason, now=now)
            await self._rewrite(end, self._backlogs.promoted)
        return found.ended(self.ids)

    async def _by_hand(self, write: Callable[[sqlite3.Connection], Changed], *, dry_run: bool) -> Count:
        if dry_run:
            return (await look(self._archive.run(write))).taken

        def told(changed: Changed) -> None:
            self._backlogs.read_again(changed.targets)
            self._forget_answers(changed.events)

        return (await self._rewrite(write, told)).taken

    async def _rewrite(self, write: Callable[[sqlite3.Connection], T], told: Callable[[T], None]) -> T:
        """Memory is `told` before anything else happens, though whoever asked may be gone."""

        async def written() -> T:
            try:
                result = await self._writing.run(immediately, write)
            except BaseException:
                self._backlogs.read_again(None)  # it may be on disk all the same
                raise
            told(result)
            return result

        return await self._writer.change(written)

    # retention

    async def prune(self, keep: Keep, now: int) -> bool:
        done, dead, names = (now - int(seconds * SECOND) for seconds in (keep.done, keep.dead, keep.names))
        if not self._pruned_to:
            await self._change(prune.forget_names, self._names_part, names)
            self._names_part = (self._names_part + 1) % prune.SEEN_SLICES
        limits = prune.Limits(done, dead)
        found = await look(self._archive.run(prune.candidates, self._pruned_to, limits))
        await self._remove(found.ticks)
        self._pruned_to = found.after or 0
        return found.after is not None

    async def shed(self) -> bool:
        limits = prune.Limits(self._clock.now(), 0)
        found = await look(self._archive.run(prune.candidates, self._shed_to, limits))
        went = await self._remove(found.ticks)
        self._shed_to = found.after or 0
        await self._measure()
        return went > 0 or found.after is not None

    async def _remove(self, ticks: list[int]) -> int:
        return await self._change(prune.remove, ticks) if ticks else 0

    # health

    @property
    def changed(self) -> Callable[[], None]:
        return self._writer.changed

    @changed.setter
    def changed(self, callback: Callable[[], None]) -> None:
        self._writer.changed = callback

    def pulse(self) -> Pulse:
        pulse = self._writer.pulse()
        if pulse.failing is None and self._room.short:
            return Pulse(pulse.answers, self._room.why, pulse.commit_seconds, full=True)
        return pulse

    @property
    def short_of_disk(self) -> bool:
        return self._room.short

    @property
    def free_bytes(self) -> int | None:
        return self._room.free

    async def _watch(self) -> None:
        """Each second: is there room on the disk, and does an idle store still take writes?"""
        while True:
            await self._measure()
            if time.monotonic() - self._writer.last_commit > IDLE_BEAT:
                self._writer.beat()
            await self._clock.sleep(1)

    async def _measure(self) -> None:
        try:
            free = await free_bytes(self._path, self._reading)
        except (OSError, sqlite3.Error) as error:
            log.warning("store.disk-unknown", error=str(error))
            return
        if self._room.look(free):
            if self._room.short:
                log.error("store.short-of-disk", free_bytes=free)
            else:
                log.info("store.disk-free", free_bytes=free)
            self._writer.changed()

    # what happens inside

    async def _commit(self, batch: Batch) -> list[list[Receipt]]:
        about, now = self._touched(batch), self._clock.now()
        try:
            written = await self._writing.run(commit, batch, about, self.ids, self._salt, self._born, now)
        except Exception:
            self._backlogs.doubt(batch)
            raise
        self._moved(batch, written.dues)
        self._written = written
        return written.receipts

    def _committed(self, batch: Batch, _receipts: list[list[Receipt]]) -> None:
        self._backlogs.committed(batch, self._written)

    @override
    async def _change(
        self, write: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kw: P.kwargs
    ) -> T:
        """`write` in a transaction of its own, between two batches."""
        return await self._writer.change(lambda: self._writing.run(immediately, write, *args, **kw))

    def _born(self, target: str, now: int) -> int:
        state = self._states.get(target)
        return now if state is None else state.time(now)


async def open_store(
    path: Path, clock: Clock, min_free: int, observe: Callable[[float], None] = lambda _seconds: None
) -> SqliteStore:
    """Open the file, or make it, for this daemon alone; StoreLocked, StoreTooNew, StoreError."""
    lock = DaemonLock(path)
    lock.acquire()
    opened: list[Connection] = []
    try:
        opened.append(await open_writer(path))
        identity, remembered = await opened[0].run(immediately, know_itself)
        opened += [await open_reader(path), await open_reader(path)]
        writer, reader, archive = opened
    except BaseException as error:
        for connection in opened:
            await connection.close()
        lock.release()
        if isinstance(error, sqlite3.Error):
            raise cannot_open(path, error) from error
        raise
    store = SqliteStore(path, clock, min_free, lock, writer, reader, archive, identity, remembered, observe)
    store.start()
    return store
