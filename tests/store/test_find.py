"""Looking things up: lists with every filter, page by page, and single events whole."""

from typing import Any

import pytest

from relay.clock import SECOND
from relay.store.protocol import Query, Store
from tests.clock import START
from tests.store.conftest import Home
from tests.store.words import (
    DEAD,
    DELIVERED,
    claimed,
    found,
    put,
    put_many,
    retry,
    settled,
    settlement,
    shown,
)

FILTERS: dict[str, tuple[dict[str, Any], str]] = {
    "everything": ({}, "edcba"),
    "source": ({"source": "erp"}, "c"),
    "type": ({"type": "refund"}, "d"),
    "key": ({"key": "kb"}, "b"),
    "since": ({"since": START + 2 * SECOND}, "edc"),
    "until": ({"until": START + 2 * SECOND}, "ba"),
    "since and until": ({"since": START + SECOND, "until": START + 3 * SECOND}, "cb"),
    "target": ({"target": "ledger"}, "cb"),
    "route": ({"route": "all"}, "dcba"),
    "no such route": ({"route": "none"}, ""),
    "pending": ({"state": "pending"}, "db"),
    "delivered": ({"state": "delivered"}, "a"),
    "dead": ({"state": "dead"}, "c"),
    "unrouted": ({"state": "unrouted"}, "e"),
    "skipped": ({"state": "skipped"}, ""),
    "a target's own state": ({"target": "ledger", "state": "pending"}, "b"),
    "one target's, not the other's": ({"target": "billing", "state": "delivered"}, "cba"),
    "a route's own state": ({"route": "all", "state": "dead"}, "c"),
    "several together": ({"source": "shop", "type": "order.paid", "since": START + SECOND}, "eb"),
    "nothing": ({"source": "erp", "type": "refund"}, ""),
}


async def five(store: Store) -> dict[str, str]:
    """Five events a second apart, by letter: what each is, the filters say."""
    made: dict[str, dict[str, Any]] = {
        "a": {},
        "b": {"to": ("billing", "ledger")},
        "c": {"source": "erp", "to": ("billing", "ledger")},
        "d": {"type": "refund", "to": ("slow",)},
        "e": {"to": ()},
    }
    said: dict[str, dict[str, Any]] = {
        letter: {"at": START + n * SECOND} | what for n, (letter, what) in enumerate(made.items())
    }
    ids = {letter: (await put(store, f"k{letter}", **what)).id for letter, what in said.items()}
    later = START + 10 * SECOND
    await settled(store, await claimed(store, "billing", now=later), DELIVERED, status=200)
    _, c = await claimed(store, "ledger", now=later)
    await settled(store, [c], DEAD, status=500)
    return ids


@pytest.mark.parametrize(("filters", "letters"), FILTERS.values(), ids=FILTERS)
async def test_every_filter_finds_what_it_says(store: Store, filters: dict[str, Any], letters: str) -> None:
    """Newest first; all that are given have to hold."""
    ids = await five(store)
    assert await found(store, **filters) == [ids[letter] for letter in letters]


@pytest.mark.parametrize(("filters", "letters"), FILTERS.values(), ids=FILTERS)
async def test_pages_of_every_filter(store: Store, filters: dict[str, Any], letters: str) -> None:
    """Page by page the same, each once, and no page after the last."""
    ids = await five(store)
    got, cursor = [], None
    while True:
        page = await store.find(Query(**filters, limit=2, cursor=cursor))
        got += [event.id for event in page.events]
        cursor = page.next
        if cursor is None:
            break
        assert len(page.events) == 2
    assert got == [ids[letter] for letter in letters]


async def test_events_by_their_ids(store: Store) -> None:
    """Those, and no others; an id of another store is an error of whoever asked."""
    ids = await five(store)
    assert await found(store, ids=(ids["a"], ids["d"])) == [ids["d"], ids["a"]]
    with pytest.raises(ValueError, match="no event id"):
        await found(store, ids=("nonsense",))


async def test_new_events_move_no_page(store: Store) -> None:
    """What comes while somebody leafs through changes nothing of what he has yet to see."""
    ids = await put_many(store, 4)
    first = await store.find(Query(limit=2))
    await put_many(store, 3)
    second = await store.find(Query(limit=2, cursor=first.next))
    assert [event.id for event in (*first.events, *second.events)] == ids[::-1]
    assert second.next is None


async def test_since_counts_the_time_of_receiving(store: Store) -> None:
    """An event whose id ran ahead of the clock is found by when it was received."""
    await put(store, at=START)
    early = (await put(store, at=START - 60 * SECOND)).id
    assert await found(store, until=START) == [early]
    assert early not in await found(store, since=START - SECOND)


async def test_a_list_shows_deliveries_without_bodies(store: Store) -> None:
    """Each delivery as it stands, when it is tried again, and what was answered last."""
    await put(store, "k", to=("billing", "ledger"), body=b"12345")
    await settled(store, await claimed(store), retry(30), status=500, error="answered 500")
    (event,) = (await store.find(Query())).events
    assert (event.size, event.body, event.headers) == (5, None, None)
    billing, ledger = event.deliveries
    assert (billing.state, billing.attempts, billing.next_at) == ("pending", 1, START + 30 * SECOND)
    assert (billing.last_status, billing.last_error, billing.history) == (500, "answered 500", ())
    assert (ledger.target, ledger.attempts, ledger.next_at) == ("ledger", 0, START)


async def test_an_event_is_shown_whole(store: Store, home: Home) -> None:
    """With headers, query, body, and the history of each of its deliveries."""
    id = (await put(store, "k", to=("a", "b"), headers=((b"X", b"1"), (b"x", b"2")), query="q=1")).id
    for n in range(2):
        (delivery,) = await claimed(store, "a")
        store.settle([settlement(delivery, retry(0), status=500 + n, at=START + n)])
        await store.flush()
    event = await shown(await home.restart(), id)
    assert (event.headers, event.query, event.body) == (((b"X", b"1"), (b"x", b"2")), "q=1", b'{"n": 1}')
    assert [len(delivery.history) for delivery in event.deliveries] == [2, 0]
    assert [attempt["status"] for attempt in event.deliveries[0].history] == [500, 501]


@pytest.mark.parametrize("id", ["", "x", "0" * 20, "f" * 13, "☃" * 20, "0" * 100])
async def test_what_is_no_event_is_not_shown(store: Store, id: str) -> None:
    """None, whatever is asked for."""
    await put(store)
    assert await store.show(id) is None


@pytest.mark.parametrize("odd", [" {}", "_", "+", "0x"])
async def test_an_id_is_written_in_one_way_only(store: Store, odd: str) -> None:
    """Digits that Python would read, but relay never writes, name no event."""
    id = (await put(store)).id
    number = int(id[:13], 16)
    spelt = {" {}": f" {number:012x}", "_": f"{number >> 44:x}_{number:x}"[-13:], "+": f"+{number:012x}"}
    assert await store.show(spelt.get(odd, f"0x{number:011x}") + id[13:]) is None


async def test_when_a_source_was_last_heard_of(store: Store) -> None:
    """The newest event of that source; None where there is none."""
    await put(store, at=START)
    await put(store, at=START + 5)
    await put(store, source="erp", at=START + 9)
    assert [await store.last_event(name) for name in ("shop", "erp", "none")] == [START + 5, START + 9, None]


async def test_stats_of_targets(store: Store) -> None:
    """How many are pending and since when, how many are dead, and how many of them lately."""
    await put_many(store, 3, at=START, to=("billing", "ledger"))
    await put_many(store, 2, at=START + 5)
    later = START + 60 * SECOND
    deliveries = await claimed(store, now=later)
    await settled(store, deliveries[:1], DEAD)
    stats = await store.stats(dead_since=START)
    billing, ledger = stats.targets["billing"], stats.targets["ledger"]
    assert (billing.pending, billing.oldest, billing.dead, billing.dead_lately) == (4, START, 1, 1)
    assert (ledger.pending, ledger.oldest, ledger.dead, ledger.dead_lately) == (3, START, 0, 0)
    assert (await store.stats(dead_since=START + 1)).targets["billing"].dead_lately == 0
    assert stats.size_bytes > 0
    assert stats.free_bytes > 0
