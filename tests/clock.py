"""A clock that stands until a test moves it."""

import asyncio
from typing import Final

from relay.clock import SECOND, micros

START: Final = 1_790_000_000 * SECOND
"""When every test begins, microseconds since 1970."""


class ManualClock:
    """`relay.clock.Clock`, moved by hand."""

    def __init__(self, now: int = START) -> None:
        self._now = now
        self._waits: list[tuple[asyncio.Event, int | None]] = []

    def now(self) -> int:
        return self._now

    async def sleep(self, seconds: float) -> None:
        await self.wait(asyncio.Event(), self._now + micros(seconds))

    async def wait(self, event: asyncio.Event, until: int | None) -> None:
        if until is not None and until <= self._now:
            event.set()
        waiting = (event, until)
        self._waits.append(waiting)
        try:
            await event.wait()
        finally:
            self._waits.remove(waiting)

    def advance(self, seconds: float) -> None:
        """Let `seconds` go by: whoever waited for a moment in them wakes up."""
        self._now += micros(seconds)
        for event, until in self._waits:
            if until is not None and until <= self._now:
                event.set()

    def set(self, now: int) -> None:
        """Let it be `now`, earlier or later; nobody wakes up."""
        self._now = now

    def waits_for(self, event: asyncio.Event) -> bool:
        """Whether somebody waits for `event`, and neither it nor the time has come."""
        return not event.is_set() and any(waited is event for waited, _ in self._waits)
