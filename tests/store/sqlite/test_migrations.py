"""A file that version 1 left: opened by today's relay, with all that was in it."""

import sqlite3
from pathlib import Path

import pytest

from relay.clock import SECOND
from relay.errors import StoreError
from relay.event import Ids
from relay.store.open import open_archive, open_store
from relay.store.protocol import Query, Store
from relay.store.sqlite import connection
from relay.store.sqlite.connection import migrations
from relay.store.sqlite.rows import PER_EVENT, seen_name
from relay.target import TargetState
from tests.clock import START, ManualClock
from tests.store.words import claimed, delivered, entry, items, put, shown, sound, states, stored, watch

TAG, SALT = "0123abc", bytes(16)
TICK = Ids(TAG).tick(Ids(TAG).next(START))
ID = Ids(TAG).text(TICK)
DELIVERY = TICK * PER_EVENT
ROWS: list[tuple[str, tuple[object, ...]]] = [
    ("INSERT INTO setting VALUES ('tag', ?), ('salt', ?)", (TAG, SALT.hex())),
    ("UPDATE counter SET value = 1 WHERE name = 'events.accepted'", ()),
    ("UPDATE counter SET value = 2 WHERE name = 'deliveries.planned'", ()),
    (
        "INSERT INTO event VALUES (?, 'shop', 'k', 'order', 0, ?, NULL, 4, 0, 2)",
        (TICK, START),
    ),
    ("INSERT INTO body VALUES (?, ?, 'a=1', ?)", (TICK, b"X-A:1", b"body")),
    ("INSERT INTO seen VALUES (?, ?, NULL)", (seen_name(SALT, "shop", "k"), TICK)),
    (
        "INSERT INTO delivery VALUES (?, 'all', 'billing', 0, 1, 1, ?, ?, 0, NULL, 500, 'no', 0)",
        (DELIVERY + 1, START, START),
    ),
    (
        "INSERT INTO delivery VALUES (?, 'all', 'ledger', 1, 1, 0, ?, ?, 0, ?, 200, NULL, 0)",
        (DELIVERY + 2, START, START, START),
    ),
    ("INSERT INTO attempt VALUES (?, 1, ?, 0.5, 500, 'no', 0)", (DELIVERY + 1, START)),
    ("INSERT INTO target VALUES ('billing', ?)", ('{"probes":7}',)),
]
"""An event that is known as `k`, delivered to one target and waiting for the other; one target's state."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """What relay of version 1 left behind when it was stopped."""
    file = tmp_path / "relay.db"
    c = sqlite3.connect(file, isolation_level=None)
    c.execute("PRAGMA journal_mode=WAL")
    c.executescript(f"BEGIN; {migrations()[0]}; PRAGMA user_version=1; COMMIT;")
    for statement, values in ROWS:
        c.execute(statement, values)
    c.close()
    return file


def version(path: Path) -> int:
    c = sqlite3.connect(path)
    try:
        return int(c.execute("PRAGMA user_version").fetchone()[0])
    finally:
        c.close()


async def is_kept(store: Store) -> None:
    """All that was in it."""
    event = await shown(store, ID)
    assert (event.key, event.body, event.headers) == ("k", b"body", ((b"X-A", b"1"),))
    assert await states(store, ID) == ["pending", "pending", "delivered"]
    assert [attempt["error"] for attempt in event.deliveries[0].history] == ["no"]
    assert store.target_state("billing") == TargetState(probes=7)
    assert await store.last_webhook("shop") == START
    await sound(store)


async def test_what_was_in_it_is_in_it(path: Path, clock: ManualClock) -> None:
    """Events, names, deliveries, states; and what is new works on it."""
    store = await open_store(path, clock, min_free=0)
    await is_kept(store)
    assert (await put(store, "k")).id == ID
    assert [(d.id, d.attempts, d.step) for d in await claimed(store)] == [(f"{ID}-1", 1, 1)]
    assert (store.poll_names(), store.watch_names()) == (set(), set())
    await stored(store, entry(store, "p", watches=(watch(),)), state="1", items=items("p"))
    await store.close()
    assert version(path) == len(migrations())
    again = await open_store(path, clock, min_free=0)
    assert (again.poll_state("list"), again.watch_due("parcel")) == ("1", START)
    assert len(await delivered(again)) == 2
    await sound(again)
    await again.close()


async def test_it_can_be_looked_at_before_it_is_brought_up_to_date(path: Path) -> None:
    """The commands of a stopped daemon find all that is there, and leave the file as it is."""
    archive = await open_archive(path)
    try:
        assert [event.id for event in (await archive.find(Query())).events] == [ID]
        assert (await archive.audit()).ok
        stats = await archive.stats(START)
        assert (stats.targets["billing"].pending, stats.watches, stats.unusable) == (1, {}, {})
        assert (await archive.last_event("shop"), await archive.last_webhook("shop")) == (START, START)
        assert await archive.last_webhook("erp") is None
        assert await archive.poll_states() == {}
    finally:
        await archive.close()
    assert version(path) == 1


async def test_a_step_that_fails_leaves_it_as_it_was(
    path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step is one transaction: its first statements are undone with the version's number."""
    one, two, *_ = migrations()
    with monkeypatch.context() as patch:
        patch.setattr(connection, "migrations", lambda: [one, f"{two}; INSERT INTO nowhere VALUES (1)"])
        with pytest.raises(StoreError, match="nowhere"):
            await open_store(path, clock, min_free=0)
    assert version(path) == 1
    store = await open_store(path, clock, min_free=0)
    await is_kept(store)
    await store.close()


async def test_old_names_keep_their_time(path: Path, clock: ManualClock) -> None:
    """An id that version 1 gave is never given again."""
    store = await open_store(path, clock, min_free=0)
    assert Ids(TAG).tick(store.next_id(START - SECOND)) > TICK
    await store.close()
