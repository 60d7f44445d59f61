"""Those who stand in line at a budget."""

import asyncio

from relay.bucket import Bucket
from relay.http.budget import Budget, Need
from tests.clock import ManualClock


async def settle() -> None:
    """Let every task run as far as it gets."""
    for _ in range(20):
        ready = asyncio.Event()
        asyncio.get_running_loop().call_soon(ready.set)
        await ready.wait()


class Line:
    """Who stands in line at a budget, and in what order they came through."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.through: list[str] = []
        self.told: dict[str, int] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def come(
        self, name: str, need: Need = Need.POLL, bucket: Bucket | None = None, patience: float = 60
    ) -> None:
        self.tasks[name] = asyncio.ensure_future(self._enter(name, need, bucket, patience))
        await settle()

    async def _enter(self, name: str, need: Need, bucket: Bucket | None, patience: float) -> None:
        until = await self.budget.enter(need, bucket, patience)
        if until is None:
            self.through.append(name)
        else:
            self.told[name] = until

    async def end(self) -> None:
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


async def later(clock: ManualClock, seconds: float) -> None:
    clock.advance(seconds)
    await settle()
