"""Looks out for what nobody reports: sources that are silent, a disk that fills up."""

import asyncio
from collections.abc import Mapping
from typing import Final

from relay.alert import Alert
from relay.alerts import Alerts
from relay.clock import SECOND, Clock, rfc3339
from relay.config.schema import Config
from relay.signs import low_disk, silence, too_silent
from relay.store.protocol import Store

LOOK_EVERY: Final = 5 * SECOND
MARGIN: Final = 16
"""It is over when a 16th more than the limit is free: what relay itself writes, and lets go of, is less."""


class Lookout:
    """The daemon's one; it looks only while a route takes relay's own events.

    `heard`: source → when its newest webhook was received.
    """

    def __init__(self, store: Store, heard: Mapping[str, int], clock: Clock, alerts: Alerts) -> None:
        self._store, self._heard, self._clock, self._alerts = store, heard, clock, alerts
        self._config = Config()
        self._since: dict[str, int] = {}
        """From when on an event of a source is waited for."""
        self._told: dict[str, int | None] = {}
        """Sources that were told, and when the last event before that silence was received."""
        self._low = False
        self._wake = asyncio.Event()

    def open(self, config: Config) -> None:
        """By this file from now on."""
        now = self._clock.now()
        self._since = {name: self._since.get(name, now) for name in config.source}
        self._config = config
        if not self._alerts.wanted:
            self._told.clear()
            self._low = False
        self._wake.set()

    async def run(self) -> None:
        """For ever; begun when it is known when each source was last heard of."""
        while True:
            self._wake.clear()
            now, wanted = self._clock.now(), self._alerts.wanted
            if wanted:
                self._look(now)
            await self._clock.wait(self._wake, now + LOOK_EVERY if wanted else None)

    def _look(self, now: int) -> None:
        for name, table in self._config.source.items():
            self._listen(name, table.expect_every, now)
        free = self._store.free_bytes
        if free is not None:
            self._measure(free, self._config.health.free_disk)

    def _listen(self, name: str, expect_every: float | None, now: int) -> None:
        """Each silence is told once, also where it goes on over a restart."""
        last = self._heard.get(name)
        seconds = silence(last, self._since[name], now)
        silent = too_silent(seconds, expect_every)
        if silent is None or (name in self._told and self._told[name] == last):
            return
        self._told[name] = last
        at = None if last is None else rfc3339(last)
        detail = {"silence_seconds": round(seconds, 3), "last_event": at}
        key = f"source.silent:{name}:{at or 'never'}"
        self._alerts.tell(Alert("source.silent", name, f"source {name} is {silent}", detail, key=key))

    def _measure(self, free: int, wanted: int) -> None:
        low = low_disk(free, wanted)
        if low is None:
            self._low = self._low and free < wanted + wanted // MARGIN
        elif not self._low:
            self._low = True
            detail = {"free_bytes": free, "free_disk": wanted}
            self._alerts.tell(Alert("store.low-disk", "", f"{self._store.path}: {low}", detail))
