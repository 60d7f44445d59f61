"""Time: whole microseconds since 1970, UTC. Decisions are given `now`; only loops own a clock."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

MILLISECOND: Final = 1_000
SECOND: Final = 1_000_000


class Clock(Protocol):
    """What a loop needs of time. Tests give one that they move by hand."""

    def now(self) -> int:
        """Microseconds since 1970, UTC."""

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""

    async def wait(self, event: asyncio.Event, until: int | None) -> None:
        """Return when `event` is set or `until` (microseconds) has come; None: never by itself."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        return time.time_ns() // 1_000

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def wait(self, event: asyncio.Event, until: int | None) -> None:
        if until is None:
            await event.wait()
            return
        timer = asyncio.get_running_loop().call_later(max(0.0, (until - self.now()) / SECOND), event.set)
        try:
            await event.wait()
        finally:
            timer.cancel()


def micros(seconds: float) -> int:
    """`seconds` as whole microseconds."""
    return round(seconds * SECOND)


def rfc3339(at: int) -> str:
    """`at` as RFC 3339 in UTC with microseconds: `2026-11-21T16:36:43.000001Z`."""
    moment = datetime.fromtimestamp(at // SECOND, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % SECOND:06d}Z"


def parse_rfc3339(text: str) -> int:
    """The microseconds of an RFC 3339 time; without an offset it is UTC. ValueError if it is none."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)
