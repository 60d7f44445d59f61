"""Every kind of store, opened and opened again: each has to keep the promises of `relay.store.protocol`."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typing_extensions import override

import relay.store.writer
from relay.store.open import open_store
from relay.store.protocol import Store
from relay.store.sqlite.store import SqliteStore
from relay.store.writer import Writer
from tests.clock import ManualClock
from tests.store.disk import Disk


class Home(ABC):
    """Where a store of one kind lives."""

    def __init__(self, folder: Path, clock: ManualClock) -> None:
        self.folder = folder
        self.clock = clock
        self.opened: Store | None = None

    @abstractmethod
    async def open(self) -> Store:
        """The store that lives here, as it was left."""

    @abstractmethod
    async def corrupt(self, statement: str) -> None:
        """Do to its rows what nothing of relay's ever does."""

    async def restart(self) -> Store:
        """Closed and opened again, as by a new daemon."""
        await self.close()
        return await self.open()

    async def close(self) -> None:
        if self.opened is not None:
            await self.opened.close()
            self.opened = None


class SqliteHome(Home):
    """A file. Nothing here is about durability, so that nothing waits for the disk."""

    @override
    async def open(self) -> Store:
        self.opened = store = await open_store(self.folder / "relay.db", self.clock, min_free=0)
        assert isinstance(store, SqliteStore)
        await store._writing.run(lambda c: c.execute("PRAGMA synchronous=OFF"))
        return store

    @override
    async def corrupt(self, statement: str) -> None:
        assert isinstance(self.opened, SqliteStore)
        await self.opened._writing.run(lambda c: c.execute(statement))


@pytest.fixture(params=[SqliteHome])
async def home(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Home]:
    """A place for a store of each kind."""
    place: Home = request.param(tmp_path, clock)
    yield place
    await place.close()


@pytest.fixture
async def store(home: Home) -> Store:
    """A new store of each kind."""
    return await home.open()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """It takes what it is given, until it is told otherwise."""
    monkeypatch.setattr(relay.store.writer, "AGAIN", 0.0)
    return Disk()


@pytest.fixture
async def writer(disk: Disk) -> AsyncIterator[Writer]:
    """One that writes on `disk`."""
    made = Writer(disk.commit, disk.explain, lambda _batch, _receipts: None)
    running = asyncio.create_task(made.run())
    yield made
    disk.free.set()
    made.close()
    await asyncio.wait([running])
