"""relay's own events: of what is told, events of source `relay`; of a type and name at most one in `every`.

Made only while a route takes them. Whoever tells is never held up: what is told waits in memory, one thing of
each type and name, until it is its turn and the store has taken it.
"""

import asyncio
import json
from dataclasses import dataclass, replace
from typing import Final

import structlog

from relay.accept import Door
from relay.alert import Alert
from relay.clock import Clock, micros, rfc3339
from relay.errors import StoreUnavailable
from relay.event import Event, Headers
from relay.route import OWN_SOURCE, Routes
from relay.store.protocol import Outbox
from relay.text import wire

log = structlog.get_logger()

STORE_PAUSE: Final = 5.0
"""Seconds after which an event is tried again that the store did not take."""
LAST_TRY: Final = 3.0
"""Seconds that the store has for each event of a stop."""
TEXT: Final = 1_000
"""Characters of `text` at most."""
JSON: Final[Headers] = ((b"Content-Type", b"application/json"),)


@dataclass(slots=True)
class Line:
    """What there is of one type and name. Microseconds since 1970."""

    held: Alert | None = None
    """What was told since the last event was made, as one."""
    at: int = 0
    """When the latest of that happened."""
    made: int | None = None
    """When the last event was made."""
    event: Event | None = None
    """It was made, and the store has not taken it yet."""

    def add(self, alert: Alert, now: int) -> None:
        """It stands for what is held, too."""
        count = alert.count + (0 if self.held is None else self.held.count)
        self.held, self.at = replace(alert, count=count), now

    def next_at(self, every: int, now: int) -> int | None:
        """When an event is due; None: there is nothing to make one of."""
        if self.event is not None:
            return now
        if self.held is None:
            return None
        if self.made is None:
            return now
        # a clock that was set back makes nobody wait for longer
        self.made = min(self.made, now)
        return self.made + every

    @property
    def waits(self) -> bool:
        """Whether there is anything that the store has not taken yet."""
        return self.held is not None or self.event is not None

    def is_over(self, every: int, now: int) -> bool:
        """Whether nothing has to be known of it any more."""
        return not self.waits and (self.made is None or now - self.made >= every)


class Alerts:
    """The daemon's one."""

    def __init__(self, store: Outbox, door: Door, clock: Clock) -> None:
        self._store, self._door, self._clock = store, door, clock
        self._every = 0
        self._lines: dict[tuple[str, str], Line] = {}
        """By type and name."""
        self._wake = asyncio.Event()
        self.wanted = False
        """Whether a route takes relay's own events."""
        door.tell = self.tell

    def open(self, every: float, routes: Routes) -> None:
        """By this file from now on. What nobody wants any more is forgotten."""
        candidates = routes.of(OWN_SOURCE)
        self.wanted = bool(candidates.first or candidates.last)
        self._every = micros(every)
        if not self.wanted:
            self._lines.clear()
        self._wake.set()

    def tell(self, alert: Alert) -> None:
        """It happened just now."""
        if self.wanted:
            self._lines.setdefault((alert.type, alert.name), Line()).add(alert, self._clock.now())
            self._wake.set()

    async def run(self) -> None:
        """Make events of what is told, for ever; what the store does not take is tried again."""
        while True:
            self._wake.clear()
            if await self._make_due():
                await self._clock.wait(self._wake, self._next())
            else:
                await self._clock.sleep(STORE_PAUSE)

    async def close(self) -> None:
        """Make events of what is held back, too: after a stop nobody would know of it."""
        taken = True
        for (type_, name), line in list(self._lines.items()):
            while taken and line.waits:
                taken = await self._make(line, LAST_TRY)
            if line.waits:
                log.error("alert.lost", type=type_, name=name)
        self._lines.clear()

    async def _make_due(self) -> bool:
        """Whether the store has taken all that is due."""
        now, taken = self._clock.now(), True
        for name, line in list(self._lines.items()):
            due = line.next_at(self._every, now)
            if due is not None and due <= now:
                taken = await self._make(line) and taken
            if line.is_over(self._every, now) and self._lines.get(name) is line:
                del self._lines[name]
        return taken

    def _next(self) -> int | None:
        """When there is something to do, if nothing is told before."""
        now = self._clock.now()
        times = [line.next_at(self._every, now) for line in self._lines.values()]
        return min([at for at in times if at is not None], default=None)

    async def _make(self, line: Line, within: float | None = None) -> bool:
        """Whether the store has taken the event of `line`; if not, it is the same one at the next try."""
        now, again = self._clock.now(), line.event is not None
        if line.event is None and line.held is not None:
            line.event, line.held = self._event(line.held, line.at, now), None
        if line.event is None:
            return True
        try:
            entries = await self._door.entries([line.event])
            (receipt,) = await self._store.append(entries, within)
        except StoreUnavailable as error:
            if not again:
                log.warning("alert.not-stored", type=line.event.type, error=error.message)
            return False
        except Exception as error:
            log.error("alert.failed", type=line.event.type, exc_info=error)
            line.event = None
            return True
        if not receipt.duplicate:
            line.made = now
        line.event = None
        return True

    def _event(self, alert: Alert, at: int, now: int) -> Event:
        id = self._store.next_id(now)
        return Event(
            id=id,
            source=OWN_SOURCE,
            key=alert.key or id,
            type=alert.type,
            via="webhook",
            received=now,
            body=body(alert, at),
            headers=JSON,
            occurred=at,
        )


def body(alert: Alert, at: int) -> bytes:
    """What is told, as JSON. `at`: when the latest of it happened."""
    told = {
        "type": alert.type,
        "name": alert.name,
        "time": rfc3339(at),
        "text": one_line(alert.text),
        "count": alert.count,
        "detail": dict(alert.detail),
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def one_line(text: str) -> str:
    """`text` for people: strangers' words in it may be of several lines, and no valid text."""
    return " ".join(wire(text).decode("utf-8", "replace").split())[:TEXT]
