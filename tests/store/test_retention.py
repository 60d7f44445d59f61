"""The loop that lets old things go: each minute by age, at once where the disk is nearly full."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typing_extensions import override

from relay.errors import StoreUnavailable
from relay.store.open import open_store
from relay.store.protocol import Keep
from relay.store.retention import retain
from relay.store.sqlite.store import SqliteStore
from tests.clock import ManualClock
from tests.eventually import eventually
from tests.store.words import delivered, found, put, put_many

DAY = 24 * 3600
KEEP = Keep(done=DAY, dead=DAY, names=DAY)


class Counting(ManualClock):
    """Says when the loop has come to rest for a second."""

    def __init__(self) -> None:
        super().__init__()
        self.rests = 0

    @override
    async def sleep(self, seconds: float) -> None:
        if seconds == 1:
            self.rests += 1
            await super().sleep(seconds)


@pytest.fixture
def clock() -> Counting:
    return Counting()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """One whose own look at the disk does not count as a rest of the loop."""
    opened = await open_store(tmp_path / "relay.db", ManualClock(), min_free=0)
    assert isinstance(opened, SqliteStore)
    yield opened
    await opened.close()


@pytest.fixture
async def loop(store: SqliteStore, clock: Counting) -> AsyncIterator[None]:
    running = asyncio.create_task(retain(store, lambda: KEEP, clock))
    yield
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()


async def rested(clock: Counting, seconds: float = 0) -> None:
    """`seconds` go by, and the loop has done what was to do."""
    await eventually(lambda: clock.rests)
    before = clock.rests
    clock.advance(max(1, seconds))
    await eventually(lambda: clock.rests > before)


@pytest.mark.usefixtures("loop")
async def test_old_events_go_each_minute(store: SqliteStore, clock: Counting) -> None:
    """All of them in one go, however many slices it takes; younger ones stay."""
    await rested(clock)
    await put_many(store, 1200)
    await delivered(store)
    await rested(clock, DAY)
    young = (await put(store, at=clock.now(), to=())).id
    await rested(clock, 60)
    assert await found(store) == [young]


@pytest.mark.usefixtures("loop")
async def test_a_nearly_full_disk_is_relieved_at_once(store: SqliteStore, clock: Counting) -> None:
    """Done events go before their age until there is room; pending ones never."""
    await rested(clock)
    await put_many(store, 1200)
    await delivered(store)
    pending = (await put(store, to=("slow",))).id
    store._clock.advance(1)  # type: ignore[attr-defined]  # the store's own is a ManualClock as well
    store._room.short = True
    store._room.look = lambda free: False  # type: ignore[method-assign]  # the disk stays as it is
    await rested(clock)
    assert await found(store) == [pending]
    await rested(clock)


@pytest.mark.usefixtures("loop")
async def test_a_store_that_fails_ends_no_loop(
    store: SqliteStore, clock: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Retention goes on when the store is well again."""
    await rested(clock)
    failed = asyncio.Event()

    async def unavailable(keep: Keep, now: int) -> bool:
        failed.set()
        raise StoreUnavailable("the store cannot be read: disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(store, "prune", unavailable)
        await rested(clock, 2 * DAY)
        assert failed.is_set()
    await put(store, to=())
    await rested(clock, 2 * DAY)
    assert await found(store) == []
