"""Locked, full, nearly full: senders are told in time, nothing is lost, and it is well again by itself."""

import asyncio
import os
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from relay.errors import StoreUnavailable
from relay.store import writer
from relay.store.open import open_store
from relay.store.protocol import Keep, Query, Store
from relay.store.sqlite import connection
from relay.store.sqlite.store import SqliteStore
from tests.clock import ManualClock
from tests.eventually import eventually
from tests.store.sqlite.faulty import Faulty
from tests.store.words import DELIVERED, claimed, entry, put, settlement, shown, sound


@pytest.fixture
async def store(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SqliteStore]:
    """One that waits for no lock."""
    monkeypatch.setattr(connection, "BUSY_TIMEOUT", 0.0)
    monkeypatch.setattr(writer, "AGAIN", 0.0)
    opened = await open_store(tmp_path / "relay.db", clock, min_free=0)
    assert isinstance(opened, SqliteStore)
    yield opened
    await opened.close()


@pytest.fixture
def locker(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody else with the file open."""
    other = sqlite3.connect(tmp_path / "relay.db", isolation_level=None)
    yield other
    other.close()


async def test_a_locked_store_refuses_and_recovers(store: SqliteStore, locker: sqlite3.Connection) -> None:
    """Appends fail, settlements wait, readiness says so; unlocked, all is written without any request."""
    id = (await put(store, "before")).id
    (delivery,) = await claimed(store)
    locker.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        await put(store, "meanwhile")
    store.settle([settlement(delivery, DELIVERED, status=200)])
    await eventually(lambda: store.pulse().failing)
    assert (store.pulse().answers, store.unsettled > 0) == (True, True)
    locker.execute("ROLLBACK")
    await eventually(lambda: store.pulse().failing is None)
    await store.flush()
    assert (await shown(store, id)).state == "delivered"
    assert (await put(store, "meanwhile")).duplicate is False
    await sound(store)


async def test_a_lock_that_lasts_is_answered_in_time(
    tmp_path: Path, clock: ManualClock, locker: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the write still waits for the lock; what it writes then, the sender's retry finds known."""
    monkeypatch.setattr(connection, "BUSY_TIMEOUT", 60.0)
    store = await open_store(tmp_path / "relay.db", clock, min_free=0)
    locker.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="in time"):
        await store.append([entry(store, "k")], within=0.05)
    locker.execute("ROLLBACK")
    await store.flush()
    assert (await put(store, "k")).duplicate is True
    await sound(store)
    await store.close()


async def fill(store: Store) -> list[str]:
    """Append until there is no room; the ids that were acknowledged."""
    told: list[str] = []
    with pytest.raises(StoreUnavailable):
        for n in range(1000):
            told.append((await put(store, f"k{n}", body=bytes(50_000))).id)  # noqa: PERF401  kept when it ends
    return told


async def test_a_full_store_refuses_and_recovers(store: SqliteStore) -> None:
    """What was acknowledged before is there, nothing else is, and with room again it goes on."""
    pages = await store._writing.run(lambda c: int(c.execute("PRAGMA page_count").fetchone()[0]))
    await store._writing.run(lambda c: c.execute(f"PRAGMA max_page_count={pages + 100}"))
    told = await fill(store)
    assert "full" in (store.pulse().failing or "")
    assert store.pulse().answers is True
    await store._writing.run(lambda c: c.execute("PRAGMA max_page_count=1000000"))
    await eventually(lambda: store.pulse().failing is None)
    told.append((await put(store, "after")).id)
    assert sorted(d.event.id for d in await claimed(store)) == told
    await sound(store)


@pytest.mark.faults
async def test_a_full_disk_refuses_and_recovers(tmp_path: Path, clock: ManualClock) -> None:
    """The same on a file system that has no room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    if os.geteuid() or (await asyncio.to_thread(subprocess.run, mount, check=False)).returncode:
        pytest.skip("mounting a small tmpfs needs root")
    try:
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(1 << 20))
        store = await open_store(disk / "relay.db", clock, min_free=0)
        told = await fill(store)
        assert store.pulse().answers is True
        ballast.unlink()
        await eventually(lambda: store.pulse().failing is None)
        told.append((await put(store, "after")).id)
        assert {d.event.id for d in await claimed(store)} >= set(told)
        await sound(store)
        await store.close()
    finally:
        await asyncio.to_thread(subprocess.run, ["umount", str(disk)], check=True)


async def looked(clock: ManualClock, holds: Callable[[], bool]) -> None:
    """Seconds go by until it has been noticed."""

    def a_second_later() -> bool:
        clock.advance(1)
        return holds()

    await eventually(a_second_later)


async def test_less_than_the_floor_refuses_new_events_only(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below `min_free` appends are refused, settlements are written; with room again it goes on."""
    free = 1 << 40
    disk = SimpleNamespace(f_frsize=1)
    monkeypatch.setattr(os, "statvfs", lambda _folder: disk)
    disk.f_bavail = free
    store = await open_store(tmp_path / "relay.db", clock, min_free=1 << 30)
    changed: list[str | None] = []
    store.changed = lambda: changed.append(store.pulse().failing)
    await put(store, "before")
    (delivery,) = await claimed(store)
    disk.f_bavail = 1 << 20
    await looked(clock, lambda: store.short_of_disk)
    with pytest.raises(StoreUnavailable, match="nearly full"):
        await put(store, "meanwhile")
    store.settle([settlement(delivery, DELIVERED)])
    await store.flush()
    disk.f_bavail = free
    await looked(clock, lambda: not store.short_of_disk)
    await put(store, "meanwhile")
    assert [failing and "disk" in failing for failing in changed] == [True, None]
    await sound(store)
    await store.close()


async def test_a_failing_read_is_the_stores_failure(store: SqliteStore) -> None:
    """Whoever looks, or lets go of old events, is told as of any other failure, and the next look is well."""
    id = (await put(store, to=())).id
    real = store._archive._conn
    looks: tuple[Callable[[], Awaitable[object]], ...] = (
        lambda: store.show(id),
        lambda: store.find(Query()),
        lambda: store.stats(0),
        store.audit,
        lambda: store.last_event("shop"),
        lambda: store.prune(Keep(1, 1, 1), store._clock.now()),
        store.shed,
    )
    for look in looks:
        store._archive._connection = Faulty(real, 0, "before")  # type: ignore[assignment]  # it does as it is asked
        with pytest.raises(StoreUnavailable, match="disk I/O error"):
            await look()
        store._archive._connection = real
        await look()
