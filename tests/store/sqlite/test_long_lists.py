"""Lists of ten thousand: what a pass costs, against an append of as many events in the same run."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from relay.clock import SECOND
from relay.store.open import open_store
from relay.store.sqlite.store import SqliteStore
from tests.clock import START, ManualClock
from tests.store.words import entry, items, stored

COUNT = 10_000
IDS = [f"item-{n}" for n in range(COUNT)]
HOUR = 3600 * SECOND


@pytest.fixture
async def store(tmp_path: Path, clock: ManualClock) -> AsyncIterator[SqliteStore]:
    opened = await open_store(tmp_path / "relay.db", clock, min_free=0)
    assert isinstance(opened, SqliteStore)
    await opened._writing.run(lambda c: c.execute("PRAGMA synchronous=OFF"))
    yield opened
    await opened.close()


class Cost:
    """What something costs: CPU of the whole process, and rows written."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._rows = self._count()
        self._began = time.process_time()

    def so_far(self) -> tuple[float, int]:
        return time.process_time() - self._began, self._count() - self._rows

    def _count(self) -> int:
        assert self._store._writing._conn is not None
        return self._store._writing._conn.total_changes


async def test_a_list_that_hardly_changes_is_hardly_written(store: SqliteStore) -> None:
    """Of ten thousand known items one changed: a few rows, and a fraction of what as many events take."""
    entries = [entry(store) for _ in IDS]
    cost = Cost(store)
    await store.append(entries)
    seconds, rows = cost.so_far()
    assert rows > 3 * COUNT
    await stored(store, items=items(*IDS, digest=b"old"))
    again = [*items(*IDS[1:], digest=b"old", at=START + SECOND), *items(IDS[0], digest=b"new", n=1)]
    cost = Cost(store)
    await stored(store, items=again, refresh=HOUR)
    seconds_again, rows_again = cost.so_far()
    assert rows_again < 10
    assert seconds_again < seconds / 2


async def test_known_items_are_found_for_less_than_they_are_stored(store: SqliteStore) -> None:
    """All of a long list at once."""
    entries = [entry(store) for _ in IDS]
    cost = Cost(store)
    await stored(store, *entries, items=items(*IDS))
    seconds, rows = cost.so_far()
    assert rows > 4 * COUNT
    cost = Cost(store)
    assert len(await store.items("list", "", IDS)) == COUNT
    assert cost.so_far()[0] < seconds
    assert cost.so_far()[1] == 0
