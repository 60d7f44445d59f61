"""Giving up by hand, and by age: what is pending becomes dead, and stays to be seen."""

import asyncio

from relay.clock import SECOND
from relay.delivery import Ended
from relay.store.protocol import Count, Query, Store
from tests.clock import START
from tests.store.conftest import Home
from tests.store.words import (
    DELIVERED,
    claimed,
    claimed_all,
    delivered,
    put,
    put_many,
    retry,
    settled,
    shown,
    sound,
    states,
)  # fmt: skip


async def test_pending_ones_become_dead(store: Store) -> None:
    """Reason `discarded`; what was delivered stays delivered."""
    id = (await put(store, to=("billing", "ledger"))).id
    await delivered(store, "ledger")
    assert await store.discard(Query(source="shop"), START) == Count(1, 1)
    assert await states(store, id) == ["dead", "dead", "delivered"]
    assert (await shown(store, id)).deliveries[0].last_error == "discarded"
    assert await claimed(store) == []
    await sound(store)


async def test_only_what_the_filter_means_is_discarded(store: Store, home: Home) -> None:
    """Other targets' and other events' deliveries are still owed, in memory and on disk."""
    ids = await put_many(store, 2, to=("billing", "ledger"))
    await put(store, source="erp")
    assert await store.discard(Query(target="billing", source="shop"), START) == Count(2, 2)
    assert [d.event.source for d in await claimed_all(store)] == ["erp"]
    again = await home.restart()
    assert [d.event.id for d in await claimed_all(again, "ledger")] == ids


async def test_a_dry_run_discards_nothing(store: Store) -> None:
    """It counts what would go."""
    ids = await put_many(store, 3)
    assert await store.discard(Query(target="billing"), START, dry_run=True) == Count(3, 3)
    assert [d.event.id for d in await claimed_all(store)] == ids


async def test_pages_of_a_discard(store: Store) -> None:
    """At most so many events at once, and where it goes on."""
    await put_many(store, 150)
    first = await store.discard(Query(target="billing", limit=100), START)
    second = await store.discard(Query(target="billing", limit=100, cursor=first.next), START)
    assert ((first.events, second.events), second.next) == ((100, 50), None)
    await sound(store)


async def test_what_is_discarded_while_it_is_being_read_is_not_claimed(store: Store, home: Home) -> None:
    """A reading that began before the discard brings nothing back that is given up."""
    await put_many(store, 50)
    for _ in range(20):
        again = await home.restart()
        reading = await again.claim("billing", 1, START)
        assert reading == []
        await again.discard(Query(target="billing", limit=1), START)
        assert (await again.find(Query(state="dead", target="billing", limit=1000))).events
        claims = {d.event.id for d in await claimed_all(again)}
        dead = {e.id for e in (await again.find(Query(state="dead", limit=1000))).events}
        assert claims.isdisjoint(dead)


async def test_the_old_ones_of_a_target_are_ended(store: Store) -> None:
    """Born before a moment, with a reason; the others stay, and how old the oldest of them is, is told."""
    old = await put_many(store, 3, at=START)
    young = await put_many(store, 2, at=START + 10 * SECOND)
    other = (await put(store, at=START, to=("ledger",))).id
    store.shelve("billing")
    ended = await store.end_old("billing", START + 5 * SECOND, "older than max_age", START + 20 * SECOND)
    assert (ended.count, ended.oldest) == (3, START + 10 * SECOND)
    assert [await states(store, id) for id in old] == [["dead", "dead"]] * 3
    assert (await shown(store, old[0])).deliveries[0].last_error == "older than max_age"
    assert [d.event.id for d in await claimed_all(store, now=START + 20 * SECOND)] == young
    assert await states(store, other) == ["pending", "pending"]
    assert await store.end_old("billing", START + 5 * SECOND, "old", START) == Ended(0, START + 10 * SECOND)
    assert await store.end_old("nobody", START, "old", START) == Ended(0, None)
    await sound(store)


async def test_own_events_that_are_ended_are_counted_apart(store: Store) -> None:
    """Nothing is told of them: the last one that is told is another's."""
    await put(store, source="relay")
    id = (await put(store)).id
    await put(store, source="relay")
    store.shelve("billing")
    ended = await store.end_old("billing", START, "old", START)
    assert ended == Ended(3, None, own=2, event=id, route="all")
    await sound(store)


async def test_the_old_ones_are_ended_some_hundreds_at_once(store: Store) -> None:
    """All of them in the end, each counted once."""
    await put_many(store, 1200)
    store.shelve("billing")
    ended: list[int] = []
    while not ended or ended[-1]:
        some = await store.end_old("billing", START, "old", START)
        ended.append(some.count)
        assert (some.oldest is None) == (sum(ended) == 1200)
    assert sum(ended) == 1200
    assert max(ended) < 1000
    await sound(store)


async def test_what_is_being_tried_is_not_ended_for_its_age(store: Store) -> None:
    """Its attempt says what becomes of it."""
    id = (await put(store)).id
    deliveries = await claimed(store)
    assert await store.end_old("billing", START, "old", START) == Ended(0, None)
    await settled(store, deliveries, DELIVERED)
    assert await states(store, id) == ["delivered", "delivered"]


async def test_an_age_is_counted_from_the_retry_on_as_before(store: Store) -> None:
    """A failed attempt makes no delivery younger."""
    id = (await put(store)).id
    await settled(store, await claimed(store), retry(60))
    assert await store.end_old("billing", START, "old", START) == Ended(1, None, event=id, route="all")
    assert await states(store, id) == ["dead", "dead"]


async def test_changes_and_appends_at_once_keep_the_sums(store: Store) -> None:
    """Whatever overlaps, every event is counted once."""
    async with asyncio.TaskGroup() as group:
        for n in range(20):
            group.create_task(put(store, f"k{n % 15}", to=("billing", "ledger")))
            group.create_task(store.discard(Query(target="billing"), START))
            group.create_task(store.end_old("ledger", START, "old", START))
    await sound(store)
    assert (await store.audit()).events["accepted"] == 15
