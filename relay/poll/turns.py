"""How many passes run at once: what each may hold in memory is bounded, and so is the sum."""

import asyncio
from types import TracebackType
from typing import Final

AT_ONCE: Final = 8
"""Each may hold some 50 MiB: 10,000 items of 400 bytes, as JSON, as values and as events."""
OF_ONE_API: Final = 2
"""An api that is slow, or wants to be left alone for a while, leaves the others their turns."""


class Turns:
    """Of all apis together."""

    def __init__(self) -> None:
        self._all = asyncio.Semaphore(AT_ONCE)
        self._apis: dict[str, asyncio.Semaphore] = {}

    def of(self, api: str) -> "Turn":
        """One that a pass of `api` takes: `async with`."""
        return Turn(self._apis.setdefault(api, asyncio.Semaphore(OF_ONE_API)), self._all)


class Turn:
    """First in line at its api, then among all: who waits for its api takes nobody else's place."""

    def __init__(self, own: asyncio.Semaphore, every: asyncio.Semaphore) -> None:
        self._own, self._every = own, every

    async def __aenter__(self) -> None:
        await self._own.acquire()
        try:
            await self._every.acquire()
        except BaseException:
            self._own.release()
            raise

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._every.release()
        self._own.release()
