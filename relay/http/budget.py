"""How much an api may be asked: one budget for all who ask it, served in the order of their need.

A rate evenly spaced with a burst, so many requests at the same time, and what the api itself says: a quota
that is spent, a wait that stops everybody. Times in microseconds.
"""

import asyncio
from bisect import insort
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import takewhile
from typing import Final

from relay.bucket import Bucket
from relay.clock import SECOND, Clock, micros
from relay.http.limits import Headers, calls_left, quota

PATIENCE: Final = 60.0
"""Seconds of a stop that one waits for; what is told to wait longer had better come back."""
FIRST_WAIT: Final = SECOND
LAST_WAIT: Final = 300 * SECOND
"""The waits where an api says that, but not for how long: doubling from the first to the last."""


class Need(IntEnum):
    """Who asks, the most urgent first."""

    ENRICH = 0
    WATCH = 1
    GAP = 2
    POLL = 3
    BACKFILL = 4


@dataclass(slots=True, order=True)
class Waiter:
    """One that stands in line."""

    need: Need
    number: int
    bucket: Bucket | None = field(compare=False)
    """A further rate, of the one who asks."""
    woken: asyncio.Event = field(compare=False, default_factory=asyncio.Event)
    served: bool = field(compare=False, default=False)


class Budget:
    """`enter` before a request, `leave` behind it; in between what its answer said."""

    def __init__(self, clock: Clock, bucket: Bucket | None = None, at_once: int = 4) -> None:
        self._clock = clock
        self._bucket = bucket
        self._at_once = at_once
        self._waiting: list[Waiter] = []
        self._came = 0
        self._under_way = 0
        self._stop = 0
        self._left: int | None = None
        """What the api's own quota leaves until `_reset`; None: as much as one likes."""
        self._reset = 0
        self._doubled = 0
        self._told = 0
        """When the last wait without a moment was told."""

    async def enter(self, need: Need, bucket: Bucket | None = None, patience: float = PATIENCE) -> int | None:
        """Return None once it is one's turn; the moment of the end of a stop that lasts over `patience`."""
        self._came += 1
        waiter = Waiter(need, self._came, bucket)
        insort(self._waiting, waiter)
        try:
            return await self._turn(waiter, micros(patience))
        except asyncio.CancelledError:
            if waiter.served:
                self.leave()
            raise
        finally:
            if not waiter.served:
                self._waiting.remove(waiter)
                self._serve()

    async def _turn(self, waiter: Waiter, patience: int) -> int | None:
        self._serve()
        while not waiter.served:
            stopped = self.stopped_until(self._clock.now())
            if stopped - self._clock.now() > patience:
                return stopped
            waiter.woken.clear()
            # the first in line watches the time for all
            first = waiter is self._waiting[0]
            await self._clock.wait(waiter.woken, self._next() if first else None)
            self._serve()
        return None

    def leave(self) -> None:
        """A request is over."""
        self._under_way -= 1
        self._serve()

    def stopped_until(self, now: int) -> int:
        """When the api may be asked again, by its own word; it may have been long ago."""
        spent = self._left is not None and self._left <= 0 and self._reset > now
        return max(self._stop, self._reset) if spent else self._stop

    def stop(self, until: int) -> None:
        """The api wants to be left alone: nobody asks before `until`."""
        if until > self._stop:
            self._stop = until
            self._wake_all()

    def back_off(self, asked: int, now: int) -> int:
        """The same, where it does not say how long: until when, twice as long as the last time.

        Those who were under way together, `asked` being when, were told the same thing.
        """
        if asked >= self._told:
            self._told = now + 1
            wait = min(FIRST_WAIT << min(self._doubled, 20), LAST_WAIT)
            self._doubled += 1
            self.stop(now + wait)
        return max(self._stop, now)

    def relax(self, asked: int) -> None:
        """It answered what it was asked, behind the last wait: the next one is short again."""
        if asked >= self._told:
            self._doubled = 0

    def correct(self, headers: Headers, now: int) -> None:
        """Go by what the api itself counts. Of what is under way it may have seen nothing yet."""
        left = calls_left(headers)
        if left is not None:
            self._correct_bucket(left, now)
        told = quota(headers, now)
        if told is not None and told.remaining is not None and told.reset is not None:
            self._left = told.remaining - max(0, self._under_way - 1)
            self._reset = told.reset
            self._wake_all()

    def _correct_bucket(self, left: int, now: int) -> None:
        if self._bucket is not None:
            self._bucket.leave(left, now)
        elif left == 0:
            self.stop(now + SECOND)

    def _serve(self) -> None:
        """Let go whom there is room for, in order; then somebody watches the time for the rest."""
        now = self._clock.now()
        place = 0
        while place < len(self._waiting) and self._room(now):
            waiter = self._waiting[place]
            if waiter.bucket is not None and waiter.bucket.ready_at() > now:
                place += 1  # it waits for a rate of its own: others need not
            else:
                self._let_go(self._waiting.pop(place), now)
        if self._waiting:
            self._waiting[0].woken.set()

    def _room(self, now: int) -> bool:
        ready = self._bucket is None or self._bucket.ready_at() <= now
        return self._under_way < self._at_once and ready and self.stopped_until(now) <= now

    def _let_go(self, waiter: Waiter, now: int) -> None:
        self._under_way += 1
        for bucket in (self._bucket, waiter.bucket):
            if bucket is not None:
                bucket.take(now)
        if self._left is not None:
            self._left = self._left - 1 if self._reset > now else None
        waiter.served = True
        waiter.woken.set()

    def _next(self) -> int | None:
        """When somebody may go at the earliest; None: only when another is over."""
        if self._under_way >= self._at_once:
            return None
        ready = self._bucket.ready_at() if self._bucket is not None else 0
        return max(ready, self.stopped_until(self._clock.now()), self._own_ready())

    def _own_ready(self) -> int:
        """When the first of those in line is ready by its own rate."""
        buckets = [waiter.bucket for waiter in takewhile(lambda one: one.bucket, self._waiting)]
        moments = [bucket.ready_at() for bucket in buckets if bucket is not None]
        return 0 if len(buckets) < len(self._waiting) else min(moments)

    def _wake_all(self) -> None:
        for waiter in self._waiting:
            waiter.woken.set()
