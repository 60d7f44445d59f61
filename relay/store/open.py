"""From a path to a store: the only file that knows which kinds there are."""

from collections.abc import Callable
from pathlib import Path

from relay.clock import Clock
from relay.store.protocol import Archive, Store
from relay.store.sqlite.archive_file import open_file
from relay.store.sqlite.store import open_store as open_sqlite


async def open_store(
    path: Path, clock: Clock, min_free: int, observe: Callable[[float], None] = lambda _seconds: None
) -> Store:
    """The store at `path`, for this daemon alone; StoreError where it cannot be had.

    `min_free`: bytes of disk below which nothing new is taken. `observe` is told the seconds of commits.
    """
    return await open_sqlite(path, clock, min_free, observe)


async def open_archive(path: Path) -> Archive:
    """What may be looked at in a store that no daemon has; StoreError where there is none."""
    return await open_file(path)
