"""A file that an earlier version left: opened by today's relay, with all that was in it."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from relay.clock import SECOND
from relay.delivery import Shaped
from relay.errors import StoreError
from relay.event import Ids
from relay.store.open import open_archive, open_store
from relay.store.protocol import Query, Replay, Store
from relay.store.sqlite import connection
from relay.store.sqlite.connection import migrations
from relay.store.sqlite.rows import PER_EVENT, seen_name
from relay.target import TargetState
from tests.clock import START, ManualClock
from tests.store.words import (
    DELIVERED,
    claimed,
    delivered,
    entry,
    in_order,
    items,
    put,
    replan,
    settled,
    shown,
    sound,
    states,
    stored,
    watch,
)

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


OLDER = (1, 2)


@pytest.fixture(params=OLDER)
def before(request: pytest.FixtureRequest) -> int:
    """The version that was here before."""
    number: int = request.param
    return number


@pytest.fixture
def path(tmp_path: Path, before: int) -> Path:
    """What relay of that version left behind when it was stopped."""
    return left_behind(tmp_path, before, ROWS)


def left_behind(folder: Path, before: int, rows: Sequence[tuple[str, tuple[object, ...]]]) -> Path:
    file = folder / "relay.db"
    c = sqlite3.connect(file, isolation_level=None)
    c.execute("PRAGMA journal_mode=WAL")
    for number, script in enumerate(migrations()[:before], start=1):
        c.executescript(f"BEGIN; {script}; PRAGMA user_version={number}; COMMIT;")
    for statement, values in rows:
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


async def test_it_can_be_looked_at_before_it_is_brought_up_to_date(path: Path, before: int) -> None:
    """The commands of a stopped daemon find all that is there, and leave the file as it is."""
    archive = await open_archive(path)
    try:
        (event,) = (await archive.find(Query())).events
        assert (event.id, [each.next_at for each in event.deliveries]) == (ID, [START, None])
        assert await archive.show(ID) is not None
        assert (await archive.audit()).ok
        stats = await archive.stats(START)
        assert (stats.targets["billing"].pending, stats.watches, stats.unusable) == (1, {}, {})
        assert (await archive.last_event("shop"), await archive.last_webhook("shop")) == (START, START)
        assert await archive.last_webhook("erp") is None
        assert await archive.poll_states() == {}
    finally:
        await archive.close()
    assert version(path) == before


async def test_a_step_that_fails_leaves_it_as_it_was(
    path: Path, before: int, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step is one transaction: its first statements are undone with the version's number."""
    scripts = migrations()[:before]
    scripts.append(f"{migrations()[before]}; INSERT INTO nowhere VALUES (1)")
    with monkeypatch.context() as patch:
        patch.setattr(connection, "migrations", lambda: scripts)
        with pytest.raises(StoreError, match="nowhere"):
            await open_store(path, clock, min_free=0)
    assert version(path) == before
    store = await open_store(path, clock, min_free=0)
    await is_kept(store)
    await store.close()


async def test_what_was_pending_has_no_order_and_goes_as_it_came(path: Path, clock: ManualClock) -> None:
    """What comes after it, of whatever key, waits for none of it."""
    store = await open_store(path, clock, min_free=0)
    await put(store, planned=in_order("a"))
    old, new = await claimed(store)
    assert (old.chain, old.shaped, old.batch, old.due) == (None, Shaped.PLAIN, None, START)
    assert new.chain is not None
    await settled(store, [old, new], DELIVERED)
    await store.replay(Query(), Replay(START), replan())
    assert len(await claimed(store)) == 2
    await sound(store)
    await store.close()


@pytest.mark.slow
async def test_a_million_rows_are_brought_up_to_date(tmp_path: Path, clock: ManualClock) -> None:
    """All of them pending; and what is due is found as before."""
    pending = (
        "INSERT INTO delivery (id, route, target, state, attempts, step, due, born, fresh) "
        "SELECT id * 4096 + 1, 'all', 'billing', 0, 0, 0, id, id, 0 FROM event"
    )
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)"
    path = left_behind(
        tmp_path,
        2,
        [
            ROWS[0],
            (f"{numbers} INSERT INTO event SELECT i, 's', NULL, 't', 0, 0, NULL, 1, 0, 1 FROM n", ()),
            ("INSERT INTO body SELECT id, x'', '', x'00' FROM event", ()),
            (pending, ()),
        ],
    )
    store = await open_store(path, clock, min_free=0)
    assert (await store.stats(START)).targets["billing"].pending == 1_000_000
    assert len(await claimed(store, count=500)) == 500
    await store.close()


async def test_old_names_keep_their_time(path: Path, clock: ManualClock) -> None:
    """An id that version 1 gave is never given again."""
    store = await open_store(path, clock, min_free=0)
    assert Ids(TAG).tick(store.next_id(START - SECOND)) > TICK
    await store.close()
