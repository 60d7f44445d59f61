"""A whole daemon whose own events go to somebody."""

import json
from pathlib import Path
from typing import Any, Final

from tests.clock import ManualClock
from tests.eventually import eventually
from tests.journeys.polling import rests
from tests.journeys.whole import Relay, box
from tests.target import ScriptedTarget

OWN: Final = '[route.own]\nfrom = "relay"\nto = "pager"\n'
Body = dict[str, Any]


class Watched(Relay):
    """A daemon whose own events go to `pager`."""

    def __init__(self, folder: Path, clock: ManualClock, pager: ScriptedTarget, *tables: str) -> None:
        super().__init__(folder, clock, box(pager.url, "pager"), OWN, *tables)
        self.pager = pager

    async def told(self) -> list[Body]:
        """What the pager got when nothing more happens without time going by."""
        alerts, poller = self.daemon.alerts, self.daemon.poller

        def still() -> bool:
            return (
                self.daemon._recalled
                and self.clock.waits_for(alerts._wake)
                and all(rests(task) for task in poller._tasks)
            )

        while True:
            await eventually(still)
            await self.idle()
            if still():
                return [json.loads(each.body) for each in self.pager.requests]

    async def later(self, seconds: float) -> list[Body]:
        """Let time go by; what the pager got by then."""
        self.clock.advance(seconds)
        return await self.told()


def types(told: list[Body]) -> list[tuple[str, str]]:
    return [(each["type"], each["name"]) for each in told]
