"""The writer's pause between two large batches."""

import asyncio
from math import inf


class Pause:
    """Lasts until enough has come, or its time is over."""

    def __init__(self) -> None:
        self._enough = inf
        self._over = asyncio.Event()

    def came(self, count: int) -> None:
        """So many wait now."""
        if count >= self._enough:
            self._over.set()

    async def last(self, enough: int, seconds: float) -> None:
        """Return when `enough` wait, or after `seconds`."""
        self._enough = enough
        self._over.clear()
        timer = asyncio.get_running_loop().call_later(seconds, self._over.set)
        try:
            await self._over.wait()
        finally:
            timer.cancel()
            self._enough = inf
