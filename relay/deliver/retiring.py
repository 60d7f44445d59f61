"""Closing targets by which nothing is sent any more."""

import asyncio
from collections.abc import Iterable
from typing import Final

import structlog

from relay.deliver.lane import Lane

log = structlog.get_logger()

CLOSE: Final = 5.0
"""Seconds that a target has for letting go of its connections."""


class Retiring:
    """Each target is closed once, when the last lane that sends by it has ended."""

    def __init__(self) -> None:
        self._closing: set[asyncio.Task[None]] = set()

    def retire(self, lane: Lane, others: Iterable[Lane]) -> None:
        """Close the target of `lane`, unless it is sending, or one of `others` has the same."""
        if lane.sending or any(other.target is lane.target for other in others):
            return
        task = asyncio.create_task(_close(lane))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def wait(self) -> None:
        """Return when all of them are closed."""
        if self._closing:
            await asyncio.wait(self._closing)


async def _close(lane: Lane) -> None:
    try:
        async with asyncio.timeout(CLOSE):
            await lane.target.close()
    except Exception as error:
        log.warning("target.not-closed", target=lane.name, exc_info=error)
