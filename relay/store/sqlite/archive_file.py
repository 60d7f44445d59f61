"""The archive of a file: what may be asked of it, whether a daemon has it or not."""

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from relay.errors import StoreError
from relay.event import Ids
from relay.store.protocol import Audit, EventView, Page, Query, Stats
from relay.store.sqlite import archive
from relay.store.sqlite.audit import audit
from relay.store.sqlite.connection import Connection, open_reader, refuse_newer


class FileArchive:
    """See `relay.store.protocol.Archive`."""

    def __init__(self, path: Path, connection: Connection, ids: Ids) -> None:
        self._path = path
        self._archive = connection
        self.path = str(path)
        self.ids = ids

    async def find(self, query: Query) -> Page:
        return await self._archive.run(archive.find, query, self.ids)

    async def show(self, id: str) -> EventView | None:
        return await self._archive.run(archive.show, id, self.ids)

    async def stats(self, dead_since: int) -> Stats:
        targets = await self._archive.run(archive.target_stats, dead_since)
        return Stats(targets, _size(self._path), await free_bytes(self._path, self._archive))

    async def audit(self) -> Audit:
        return await self._archive.run(audit, self.ids)

    async def last_event(self, source: str) -> int | None:
        return await self._archive.run(archive.last_event, source)

    async def close(self) -> None:
        await self._archive.close()


async def open_file(path: Path) -> FileArchive:
    """The archive of a store that no daemon has; StoreError where there is none."""
    if not path.exists():
        raise StoreError(f"there is no store at {path}", "the daemon makes it at its first start")
    connection = await open_reader(path)
    try:
        settings = await connection.run(_settings, path)
    except BaseException:
        await connection.close()
        raise
    return FileArchive(path, connection, Ids(settings["tag"]))


def _settings(c: sqlite3.Connection, path: Path) -> Mapping[str, str]:
    refuse_newer(path, c.execute("PRAGMA user_version").fetchone()[0])
    try:
        return dict(c.execute("SELECT name, value FROM setting").fetchall())
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path} is no store of relay's: {error}") from error


async def free_bytes(path: Path, connection: Connection) -> int:
    """What the disk has free, and the pages that are free inside the file: room for new events."""
    disk = os.statvfs(path.parent)
    return disk.f_bavail * disk.f_frsize + await connection.run(_free_pages)


def _free_pages(c: sqlite3.Connection) -> int:
    pages: int = c.execute("PRAGMA freelist_count").fetchone()[0]
    size: int = c.execute("PRAGMA page_size").fetchone()[0]
    return pages * size


def _size(path: Path) -> int:
    files = (path, path.with_name(f"{path.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
