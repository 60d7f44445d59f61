"""Letting go of what is old: by age, and earlier where the disk is nearly full. One loop, small bites."""

from collections.abc import Callable
from typing import Final

import structlog

from relay.clock import SECOND, Clock
from relay.errors import StoreUnavailable
from relay.store.protocol import Keep, Store

log = structlog.get_logger()

EVERY: Final = 60 * SECOND
"""How often old events are looked for."""
BREATH: Final = 0.02
"""Seconds between two bites, for those who wait for a commit."""


async def retain(store: Store, keep: Callable[[], Keep], clock: Clock) -> None:
    """Prune and shed until cancelled."""
    next_prune = 0
    while True:
        try:
            if store.short_of_disk:
                await _shed(store, clock)
            elif clock.now() >= next_prune:
                await _prune(store, keep(), clock)
                next_prune = clock.now() + EVERY
        except StoreUnavailable as error:
            log.warning("retention.failed", error=error.message)
        await clock.sleep(1)


async def _prune(store: Store, keep: Keep, clock: Clock) -> None:
    while await store.prune(keep, clock.now()):
        await clock.sleep(BREATH)


async def _shed(store: Store, clock: Clock) -> None:
    """Done events go early, the oldest first, until there is room or none is left."""
    while store.short_of_disk and await store.shed():
        await clock.sleep(BREATH)
