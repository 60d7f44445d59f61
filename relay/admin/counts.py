"""The store's counts for health and metrics: read once for all who ask within a second."""

import asyncio
from typing import Final

import structlog

from relay.admin.running import Running
from relay.clock import SECOND
from relay.store.protocol import Stats

log = structlog.get_logger()

LATELY: Final = 3600 * SECOND
"""How far back a dead delivery is a new one."""
FRESH: Final = SECOND
"""How long counts are good."""
STALE: Final = 60 * SECOND
"""How long they are better than none, while the store does not answer."""
PATIENCE: Final = 1.0
"""Seconds that whoever asks is kept waiting."""


class Counts:
    """Of the store of `running`."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._stats: Stats | None = None
        self._at = 0
        self._reading: asyncio.Task[None] | None = None

    async def get(self) -> Stats | None:
        """Counts of the last second; older ones while the store is slow; None while it does not answer."""
        now = self._running.clock.now()
        if self._stats is not None and 0 <= now - self._at < FRESH:
            return self._stats
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read(now))
        await asyncio.wait([self._reading], timeout=PATIENCE)
        return self._stats if now - self._at < STALE else None

    def forget(self) -> None:
        """Something has just been changed: who asks next is told what is so now."""
        self._at = 0

    async def now(self) -> Stats | None:
        """Counts from after this call: something has just been changed."""
        self._at = 0
        if self._reading is not None:
            await asyncio.wait([self._reading], timeout=PATIENCE)
        return await self.get()

    async def _read(self, now: int) -> None:
        try:
            self._stats = await self._running.store.stats(now - LATELY)
            self._at = now
        except Exception as error:  # noqa: BLE001  a store that cannot be read is what health has to tell
            log.warning("admin.no-counts", error=str(error))
