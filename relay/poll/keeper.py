"""Keeps one part of a poll up to date: waits until it is due, and runs a pass."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

from relay.errors import StoreUnavailable
from relay.poll.book import Passed
from relay.poll.cursor import Span
from relay.poll.gap import Fill, Source, command, look, look_at, wanted
from relay.poll.run import Runner
from relay.poll.state import PartState, dump
from relay.poll.turns import Turn

log = structlog.get_logger()

STORE_PAUSE: Final = 5.0
"""Seconds after which a pass that could not be committed is run again."""
FAULT_PAUSE: Final = 60.0
"""Seconds after which a pass is run again that failed by a fault of ours."""


def spread(draw: Callable[[], float] = random.random) -> float:
    """Between -1 and 1: not all polls are due at once."""
    return 2 * draw() - 1


@dataclass(eq=False)
class Keeper:
    """One part. `turn` bounds how many passes of all polls run at once."""

    runner: Runner
    source: Callable[[], Source]
    """What is known of the webhook side now."""
    turn: Turn
    passed: Callable[["Keeper", Passed], None]
    """Told of each pass."""
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held during a pass: there is one at a time."""
    awaits_webhook: bool = False
    """A gap is open, and the next webhook tells that they come again."""

    @property
    def state(self) -> PartState:
        return self.runner.state

    async def keep(self) -> None:
        """For ever; neither a store that fails nor a fault of ours ends it."""
        while True:
            try:
                await self._turn()
            except StoreUnavailable as error:
                log.warning("poll.not-stored", poll=self.runner.poll.name, error=error.message)
                await self.runner.clock.sleep(STORE_PAUSE)
            except Exception as error:
                log.error("poll.failed", poll=self.runner.poll.name, exc_info=error)
                await self.runner.clock.sleep(FAULT_PAUSE)

    async def _turn(self) -> None:
        """Wait for what comes first, the next pass or a webhook; or run the pass that is due."""
        self.wake.clear()
        _, due = self._look()
        if due is None or due > self.runner.clock.now():
            await self.runner.clock.wait(self.wake, due)
            return
        async with self.lock, self.turn:
            # one by hand may have come first
            fill, due = self._look()
            if due is not None and due <= self.runner.clock.now():
                self.passed(self, await self.runner.run(fill))

    def _look(self) -> tuple[Fill | None, int | None]:
        """The pass that is next, and when it is due; None: only a webhook brings it."""
        state, config = self.state, self.runner.poll.config
        if config.gap is None:
            return None, _due(state, self.runner.clock.now())
        source, now = self.source(), self.runner.clock.now()
        looked = look(config, state, source, now)
        if looked != state:
            self._remember(looked)
        self.awaits_webhook = looked.point is not None and looked.resumed is None
        due = look_at(config, looked, source, now)
        if due is not None and looked.failing:
            due = max(due, looked.due)
        return wanted(config, looked, source, now), due

    def _remember(self, state: PartState) -> None:
        poll, part = self.runner.poll.name, self.runner.part.name
        self.runner.store.remember_poll(poll, part, dump(state))

    async def run_now(self, reading: Span | None = None, *, rehearsal: bool = False) -> Passed:
        """One pass by hand, also of a poll that sleeps. `reading`: another range, of a backfill."""
        async with self.lock:
            fill = (
                command(self.runner.poll.config, self.state, self.source()) if self._fills(reading) else None
            )
            passed = await self.runner.run(fill, reading, rehearsal=rehearsal)
        if not rehearsal:
            self.passed(self, passed)
            self.wake.set()
        return passed

    def _fills(self, reading: Span | None) -> bool:
        return self.runner.poll.config.gap is not None and reading is None

    def heard(self) -> None:
        """A webhook of its source was accepted."""
        if self.awaits_webhook:
            self.wake.set()


def _due(state: PartState, now: int) -> int:
    """When the next pass is due. A clock that was set back since does not put it off."""
    back = 0 if state.passed is None else max(0, state.passed - now)
    return state.due - back
