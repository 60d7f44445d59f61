"""The archive of a file: what may be asked of it, whether a daemon has it or not."""

import os
import sqlite3
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import TypeVar

from relay.errors import StoreError, StoreUnavailable
from relay.event import Ids
from relay.store.progress import Json
from relay.store.protocol import Audit, EventView, Page, Query, Stats
from relay.store.sqlite import archive
from relay.store.sqlite.audit import audit
from relay.store.sqlite.connection import (
    Connection,
    cannot_open,
    open_reader,
    refuse_newer,
    written_version,
)

T = TypeVar("T")


class FileArchive:
    """See `relay.store.protocol.Archive`."""

    def __init__(self, path: Path, connection: Connection, ids: Ids) -> None:
        self._path = path
        self._archive = connection
        self.path = str(path)
        self.ids = ids

    async def find(self, query: Query) -> Page:
        return await look(self._archive.run(archive.find, query, self.ids))

    async def show(self, id: str) -> EventView | None:
        return await look(self._archive.run(archive.show, id, self.ids))

    async def stats(self, dead_since: int) -> Stats:
        targets = await look(self._archive.run(archive.target_stats, dead_since))
        unusable = await look(self._archive.run(archive.unusable_stats, dead_since))
        watched = await look(self._archive.run(archive.watch_counts))
        free = await look(free_bytes(self._path, self._archive))
        return Stats(targets, _size(self._path), free, unusable, watched)

    async def audit(self) -> Audit:
        return await look(self._archive.run(audit, self.ids))

    async def last_event(self, source: str) -> int | None:
        return await look(self._archive.run(archive.last_event, source))

    async def last_webhook(self, source: str) -> int | None:
        return await look(self._archive.run(archive.last_webhook, source))

    async def poll_states(self) -> Mapping[str, Mapping[str, Json]]:
        return await look(self._archive.run(archive.poll_states))

    async def close(self) -> None:
        await self._archive.close()


async def open_file(path: Path) -> FileArchive:
    """The archive of a store that no daemon has; StoreError where there is none."""
    if not path.exists():
        raise StoreError(f"there is no store at {path}", "the daemon makes it at its first start")
    refuse_newer(path, written_version(path))
    try:
        connection = await open_reader(path)
        try:
            settings = await connection.run(_settings, path)
        except BaseException:
            await connection.close()
            raise
    except sqlite3.Error as error:
        raise cannot_open(path, error) from error
    return FileArchive(path, connection, Ids(settings["tag"]))


def _settings(c: sqlite3.Connection, path: Path) -> Mapping[str, str]:
    refuse_newer(path, c.execute("PRAGMA user_version").fetchone()[0])
    return dict(c.execute("SELECT name, value FROM setting").fetchall())


async def look(reading: Awaitable[T]) -> T:
    """What `reading` finds; StoreUnavailable where the file cannot be read."""
    try:
        return await reading
    except (sqlite3.Error, OSError) as error:
        raise StoreUnavailable(f"the store cannot be read: {error}") from error


async def free_bytes(path: Path, connection: Connection) -> int:
    """Room for new events: what the disk has free, and the free pages of the file.

    Without what the file will grow by when the log is copied into it: on a disk without that much, nothing
    could be committed any more, not even what lets old events go.
    """
    disk = os.statvfs(path.parent)
    free_pages, pages = await connection.run(_pages)
    growth = max(0, pages - path.stat().st_size)
    return max(0, disk.f_bavail * disk.f_frsize + free_pages - growth)


def _pages(c: sqlite3.Connection) -> tuple[int, int]:
    """Bytes of free pages, and of all, with those that are in the log alone."""
    size: int = c.execute("PRAGMA page_size").fetchone()[0]
    free: int = c.execute("PRAGMA freelist_count").fetchone()[0]
    count: int = c.execute("PRAGMA page_count").fetchone()[0]
    return free * size, count * size


def _size(path: Path) -> int:
    files = (path, path.with_name(f"{path.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
