"""A whole daemon that polls. Its clock goes from one moment that somebody waits for to the next."""

import asyncio
import inspect
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from relay.clock import SECOND, micros
from relay.store.protocol import EventView, Query
from tests.clock import ManualClock
from tests.eventually import eventually
from tests.journeys.whole import Relay, box, route
from tests.target import ScriptedTarget

ONE_BY_ONE: Final = "concurrency = 1"
"""So that the target sees the order in which events were accepted."""


class Polling(Relay):
    """Opened with `async with`."""

    def __init__(self, folder: Path, clock: ManualClock, target: ScriptedTarget, *tables: str) -> None:
        super().__init__(folder, clock, *tables, box(target.url, more=ONE_BY_ONE), route("box"))
        self._target = target

    async def start(self) -> None:
        await super().start()
        await eventually(lambda: self.daemon._recalled)
        await self.still()

    async def still(self) -> None:
        """Return when neither polls nor deliveries do anything more without time going by."""
        while True:
            await eventually(self._rest)
            await self.idle()
            if self._rest():
                return

    def _rest(self) -> bool:
        return all(rests(task) for task in self.daemon.poller._tasks)

    async def pass_time(self, seconds: float) -> None:
        """Let time go by, moment after moment, and everything happen that it brings."""
        end = self.clock.now() + micros(seconds)
        while (now := self.clock.now()) < end:
            waited_for = [until for _, until in self.clock._waits if until is not None and until > now]
            self.clock.advance((min([end, *waited_for]) - now) / SECOND)
            await self.still()

    def error(self, name: str) -> str:
        """Why the last pass of a poll failed."""
        (keeper,) = self.daemon.poller.of(name)
        return keeper.state.error

    async def accepted(self, source: str) -> list[EventView]:
        """All of a source's events, in the order in which they were accepted."""
        found = await self.daemon.store.find(Query(source=source, limit=1000))
        assert found.next is None
        return list(reversed(found.events))

    async def once(self, source: str, keys: Iterable[str]) -> None:
        """Each of these came to the target once, and nothing else; those of a pass oldest first."""
        events = await self.accepted(source)
        assert sorted(str(event.key) for event in events) == sorted(keys)
        for earlier, later in pairwise(events):
            if earlier.received_at == later.received_at and None not in (
                earlier.occurred_at,
                later.occurred_at,
            ):
                assert (earlier.occurred_at or 0) <= (later.occurred_at or 0), (earlier.key, later.key)
        arrived = await self.arrived()
        assert [key for key in arrived if key in set(keys)] == [event.key for event in events]
        await self.sums_match()

    async def arrived(self) -> list[str]:
        """The keys of what the target took, in that order: each delivery once."""
        ids = [request.value("Relay-Event-Id") for request in self._target.requests]
        assert len(set(ids)) == len(ids)
        return [str((await self.event(id)).key) for id in ids]

    async def sums_match(self) -> None:
        """No event is lost or left over."""
        assert (await self.daemon.store.audit()).ok
        left = (await self.daemon.store.find(Query(state="pending"))).events
        assert not left, left


def rests(task: "asyncio.Task[None]") -> bool:
    """Whether a task waits for time to go by, or for news, and for neither a socket nor a disk."""
    running: Any = task.get_coro()
    while inspect.iscoroutine(running):
        if running.cr_code is ManualClock.wait.__code__ and running.cr_frame is not None:
            return not running.cr_frame.f_locals["event"].is_set()
        running = running.cr_await
    return task.done()
