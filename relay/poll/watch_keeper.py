"""Keeps a watch going: waits until a thing is due, and asks for it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from relay.errors import StoreUnavailable
from relay.poll.keeper import FAULT_PAUSE, STORE_PAUSE
from relay.poll.turns import Turn
from relay.poll.watch_run import Turned, WatchRunner

log = structlog.get_logger()


@dataclass(eq=False)
class WatchKeeper:
    """One `[watch.NAME]`. `turn` bounds how many passes and turns run at once."""

    runner: WatchRunner
    turn: Turn
    turned: Callable[["WatchKeeper", Turned], None]
    """Told of each turn."""
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def keep(self) -> None:
        """For ever; neither a store that fails nor a fault of ours ends it."""
        while True:
            try:
                await self._turn()
            except StoreUnavailable as error:
                log.warning("watch.not-stored", watch=self.runner.watch.name, error=error.message)
                await self.runner.clock.sleep(STORE_PAUSE)
            except Exception as error:
                log.error("watch.failed", watch=self.runner.watch.name, exc_info=error)
                await self.runner.clock.sleep(FAULT_PAUSE)

    async def _turn(self) -> None:
        """Wait until a thing is due, or one begins; or ask for those that are."""
        self.wake.clear()
        due = self.runner.due
        if due is None or due > self.runner.clock.now():
            await self.runner.clock.wait(self.wake, due)
            return
        async with self.turn:
            self.turned(self, await self.runner.turn())
