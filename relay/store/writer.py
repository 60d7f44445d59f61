"""Group commit: one transaction at a time; what gathers while it runs goes into the next one.

A future is resolved only after the commit that holds its work has ended, so whoever awaits it may say 2xx.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from math import inf
from typing import Any, Final, TypeVar

import structlog

from relay.delivery import Settlement
from relay.store.alarm import Alarm
from relay.store.batch import Append, Batch, Commit, refuse, resolve
from relay.store.pause import Pause
from relay.store.progress import Advance, Json
from relay.store.protocol import Entry, Pulse, Receipt
from relay.store.queue import Queue
from relay.target import TargetState

log = structlog.get_logger()
T = TypeVar("T")

FEW: Final = 8
"""Appends of senders in a batch up to which the next one is committed without a pause."""
GATHER: Final = 0.004
"""Seconds of that pause at most; and it lasts no longer than two such commits."""
HANG: Final = 2.5
"""Seconds after which a commit that runs counts as failing: longer than a write waits for a lock."""
STUCK: Final = 10.0
"""Seconds after which the writer does not answer any more."""
AGAIN: Final = 0.2
"""Seconds between tries while commits fail."""
ENDED: Final = "nothing is written any more"


class Writer:
    """Gathers work into batches and has them committed, one after the other."""

    def __init__(
        self,
        commit: Commit,
        explain: Callable[[Exception], str | None],
        committed: Callable[[Batch, list[list[Receipt]]], None],
        observe: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._commit = commit
        self._explain = explain
        """Why the store could not commit; None where the fault is in what was to be stored."""
        self._committed = committed
        self._observe = observe
        self._queue = Queue()
        self._changes: list[tuple[Callable[[], Awaitable[Any]], asyncio.Future[Any]]] = []
        self._flushes: list[asyncio.Future[None]] = []
        self._writing: list[Append] = []
        """Those of the running transaction."""
        self._alarm = Alarm(self._expire)
        self._wake = asyncio.Event()
        self._pause = Pause()
        self._closing = False
        self._ended = False
        self._began: float | None = None
        self._error: str | None = None
        self._seconds = 0.0
        self.last_commit = time.monotonic()
        self.changed: Callable[[], None] = lambda: None
        """Called when commits begin to fail, and when they are well again."""

    # what the store asks

    def append(
        self, entries: Sequence[Entry], within: float | None, advance: Advance | None = None
    ) -> "asyncio.Future[list[Receipt]]":
        """A future that is done when all of it is on disk; StoreUnavailable after `within` seconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (inf if within is None else within)
        waiting = Append(entries, loop.create_future(), deadline, advance)
        self._alarm.by(deadline)
        self._queue.add(waiting)
        self._pause.came(self._queue.senders)
        self._call()
        return waiting.done

    def settle(self, settlements: Sequence[Settlement]) -> None:
        self._queue.settlements.extend(settlements)
        self._wake.set()

    def remember(self, name: str, state: TargetState) -> None:
        self._queue.states[name] = state
        self._wake.set()

    def remember_poll(self, poll: str, part: str, state: Json) -> None:
        self._queue.polls[poll, part] = state
        self._wake.set()

    def keep_answer(self, event: str, name: str, answer: Json) -> None:
        self._queue.answers[event, name] = answer
        self._wake.set()

    def forget_answers(self, events: AbstractSet[str]) -> None:
        """Those of `events` that wait are not written any more."""
        if events:
            self._queue.answers = {
                key: answer for key, answer in self._queue.answers.items() if key[0] not in events
            }

    def beat(self) -> None:
        """Commit something soon, be it nothing: a store that fails, or is well again, is to be noticed."""
        self._queue.beat = True
        self._wake.set()

    async def change(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run `work`, a transaction of its own, between two batches."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._changes.append((work, done))
        self._call()
        return await asyncio.shield(done)

    async def flush(self) -> None:
        """Return when all that was given until now is on disk."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._flushes.append(done)
        self._call()
        await asyncio.shield(done)

    def pulse(self) -> Pulse:
        running = 0.0 if self._began is None else time.monotonic() - self._began
        hangs = f"a commit hangs since {running:.0f} s" if running > HANG else None
        ended = ENDED if self._ended else None
        return Pulse(running < STUCK and not self._ended, ended or hangs or self._error, self._seconds)

    @property
    def backlog(self) -> int:
        """Settlements that wait for a commit."""
        return len(self._queue.settlements)

    def _call(self) -> None:
        """Something waits that somebody waits for."""
        self._wake.set()
        if self._ended:
            self._end()

    # the loop

    async def run(self) -> None:
        """Commit batches until `close`; then what is left, once."""
        try:
            while not self._closing:
                await self._wake.wait()
                self._wake.clear()
                await self._turn()
            await self._turn()
        finally:
            self._end()

    def close(self) -> None:
        self._closing = True
        self._wake.set()

    async def _turn(self) -> None:
        """Everything that waits now, and what gathers meanwhile."""
        while True:
            batch = self._queue.take()
            flushes = self._take_flushes()
            if batch is not None:
                await self._write(batch)
                await self._gather(batch)
            self._end_flushes(flushes)
            if self._error is not None and self._closing:
                break
            if self._error is not None:
                await self._breathe()
            if self._changes:
                await self._change(*self._changes.pop(0))
            elif batch is None:
                break

    async def _gather(self, batch: Batch) -> None:
        """After a large batch, let the loop answer the senders, until as many as they were have come.

        The two share one interpreter: in turns each does more than side by side.
        """
        senders = sum([waiting.advance is None for waiting in batch.appends])
        if senders <= FEW or self._closing:
            return
        if self._queue.senders >= senders:
            await asyncio.sleep(0)  # they came while it was committed
        else:
            await self._pause.last(senders, min(2 * self._seconds, GATHER))

    def _take_flushes(self) -> "list[asyncio.Future[None]]":
        """Who waits for no more than is taken by now."""
        if self._queue.settlements:
            return []
        flushes, self._flushes = self._flushes, []
        return flushes

    def _end_flushes(self, flushes: "list[asyncio.Future[None]]") -> None:
        if self._error is not None:
            self._flushes[:0] = flushes
            return
        for future in flushes:
            resolve(future, None)

    def _end(self) -> None:
        """Nothing is committed any more: whoever waits is told, and so is whoever comes."""
        self._ended = True
        self._alarm.stop()
        appends = [waiting.done for waiting in (*self._queue.appends, *self._writing)]
        changes = [done for _, done in self._changes]
        for future in (*appends, *changes, *self._flushes):
            refuse(future, ENDED)

    async def _breathe(self) -> None:
        """Commits fail: no more than a few tries a second."""
        await asyncio.sleep(AGAIN)

    async def _write(self, batch: Batch) -> None:
        self._began = began = time.monotonic()
        whole = self._writing
        self._writing = whole or batch.appends
        try:
            receipts = await self._commit(batch)
        except Exception as error:  # noqa: BLE001  whatever it is, senders are answered and the loop lives on
            reason = self._explain(error)
            if reason is None:
                await self._write_alone(batch, error)
            else:
                self._fail(batch, reason)
        else:
            self._succeed(batch, receipts, time.monotonic() - began)
        finally:
            self._began = None
        self._writing = whole

    def _succeed(self, batch: Batch, receipts: list[list[Receipt]], seconds: float) -> None:
        recovered, self._error, self._seconds = self._error, None, seconds
        self.last_commit = time.monotonic()
        self._observe(seconds)
        self._committed(batch, receipts)
        for waiting, receipt in zip(batch.appends, receipts, strict=True):
            resolve(waiting.done, receipt)
        if recovered is not None:
            log.info("store.recovered", was=recovered)
            self.changed()

    def _fail(self, batch: Batch, reason: str) -> None:
        """Nothing of `batch` is on disk: senders are told; the rest, and what can wait, is tried again."""
        news, self._error = self._error is None, reason
        patience = asyncio.get_running_loop().time() + HANG
        kept = [waiting for waiting in batch.appends if patience < waiting.deadline < inf]
        for waiting in batch.appends:
            if waiting not in kept:
                refuse(waiting.done, reason)
        self._queue.put_back(batch, kept)
        self._wake.set()
        if news:
            log.error("store.failing", error=reason)
            self.changed()

    async def _write_alone(self, batch: Batch, error: Exception) -> None:
        """Something in `batch` cannot be stored at all: each part in a transaction of its own."""
        parts = batch.parts()
        if len(parts) > 1:
            for part in parts:
                await self._write(part)
            return
        log.error("store.refused", exc_info=error)
        for waiting in batch.appends:
            refuse(waiting.done, "this event cannot be stored")

    async def _change(self, work: Callable[[], Awaitable[Any]], done: "asyncio.Future[Any]") -> None:
        self._began = time.monotonic()
        try:
            result = await work()
        except Exception as error:  # noqa: BLE001  it is whoever asked who has to know
            reason = self._explain(error)
            if reason is not None:
                refuse(done, reason)
            elif not done.done():
                done.set_exception(error)
        else:
            resolve(done, result)
        finally:
            self._began = None

    def _expire(self) -> None:
        """Senders wait no longer. What no transaction has taken yet is dropped; the rest may be kept."""
        now = asyncio.get_running_loop().time()
        for waiting in [*self._queue.appends, *self._writing]:
            if waiting.deadline > now:
                self._alarm.by(waiting.deadline)
            else:
                self._queue.drop(waiting)
                refuse(waiting.done, "the store did not commit in time")
