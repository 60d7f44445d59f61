"""Delivering again: contract 5, Replay."""

from collections.abc import Sequence
from typing import Any

import pytest

from relay.clock import SECOND
from relay.delivery import Attempt, Dead, Delivered, Outcome, Retry, Settlement, Wait
from relay.event import Event
from relay.route import Planned
from relay.store.protocol import Count, Query, Replay, Store
from tests.clock import START
from tests.store.conftest import Home
from tests.store.words import (
    DEAD,
    DELIVERED,
    caught_up,
    claimed,
    claimed_all,
    delivered,
    put,
    put_many,
    replan,
    retry,
    settled,
    shown,
    sound,
    states,
)

LATER = START + 100 * SECOND


async def replayed(store: Store, query: Query | None = None, now: int = LATER, **how: Any) -> Count:
    return await store.replay(query or Query(), Replay(now, **how), replan())


async def died(store: Store, target: str = "billing") -> None:
    """All that is due has spent its schedule: two attempts, and then dead."""
    await settled(store, await claimed_all(store, target), retry(5))
    await settled(store, await claimed_all(store, target, START + 5 * SECOND), DEAD, status=500)


async def test_it_is_the_same_delivery_again(store: Store) -> None:
    """The same key, attempts counting on, schedule and age from the start; and it can end well."""
    id = (await put(store, "k")).id
    (first,) = await claimed(store)
    await settled(store, [first], retry(5))
    (second,) = await claimed(store, now=START + 5 * SECOND)
    await settled(store, [second], DEAD)
    assert await replayed(store) == Count(1, 1)
    assert await states(store, id) == ["pending", "pending"]
    (again,) = await claimed(store, now=LATER)
    assert (again.id, again.key, again.attempts, again.step, again.born) == (first.id, first.key, 2, 0, LATER)
    await settled(store, [again], DELIVERED, status=200)
    (view,) = (await shown(store, id)).deliveries
    assert (view.state, view.attempts, [attempt["n"] for attempt in view.history]) == (
        "delivered",
        3,
        [1, 2, 3],
    )
    await sound(store)


async def test_a_delivered_one_is_delivered_again(store: Store) -> None:
    """Also what went well can be asked for again."""
    ids = await put_many(store, 3)
    await delivered(store)
    assert await replayed(store) == Count(3, 3)
    assert sorted(d.event.id for d in await claimed_all(store, now=LATER)) == ids


async def test_a_fresh_replay_has_a_new_key_each_time(store: Store, home: Home) -> None:
    """For targets that remember keys: a new one, the same on every attempt, over a restart too."""
    await put(store)
    (first,) = await claimed(store)
    keys = [first.key]
    await settled(store, [first], DELIVERED)
    for _ in range(2):
        await replayed(store, fresh=True)
        (delivery,) = await claimed(store, now=LATER)
        keys.append(delivery.key)
        await settled(store, [delivery], DEAD)
    assert len(set(keys)) == 3
    await replayed(store)
    (delivery,) = await claimed(await home.restart(), now=LATER)
    assert (delivery.key, delivery.attempts) == (keys[-1], 3)


async def test_a_fresh_replay_of_what_waits_already_has_a_new_key(store: Store) -> None:
    """Though memory had it at hand under the old one."""
    await caught_up(store)
    id = (await put(store)).id
    await replayed(store, fresh=True)
    (delivery,) = await claimed(store, now=LATER)
    assert delivery.key != f"{id}-1"


async def test_a_paced_replay_spaces_its_deliveries(store: Store) -> None:
    """So many a second, oldest first, counting on from page to page; none before its time."""
    ids = await put_many(store, 4)
    await delivered(store)
    first = await replayed(store, Query(limit=2), per_second=2)
    assert first == Count(2, 2, first.next)
    assert first.next is not None
    second = await replayed(store, Query(limit=2, cursor=first.next), per_second=2, before=2)
    assert (second.events, second.deliveries) == (2, 2)
    half = SECOND // 2
    got = [[d.event.id for d in await claimed(store, now=LATER + n * half)] for n in range(4)]
    assert got == [[id] for id in ids]
    assert await claimed(store, now=LATER - 1) == []


async def test_a_page_is_so_many_events_and_says_where_the_next_begins(store: Store) -> None:
    """All pages together take each event once."""
    await put_many(store, 5, to=("billing", "ledger"))
    counts, cursor = [], None
    while True:
        count = await replayed(store, Query(limit=2, cursor=cursor))
        counts.append((count.events, count.deliveries))
        cursor = count.next
        if cursor is None:
            break
    assert counts == [(2, 4), (2, 4), (1, 2)]


@pytest.mark.parametrize(
    ("filters", "again"),
    [
        ({"target": "billing"}, {"billing"}),
        ({"state": "dead"}, {"billing"}),
        ({"state": "delivered", "target": "ledger"}, {"ledger"}),
        ({"state": "delivered", "target": "billing"}, set()),
        ({"route": "all"}, {"billing", "ledger"}),
        ({"route": "none"}, set()),
        ({}, {"billing", "ledger"}),
    ],
)
async def test_only_what_the_filter_means_is_replayed(
    store: Store, filters: dict[str, Any], again: set[str]
) -> None:
    """With a target, a route or a state: only such deliveries of the events."""
    id = (await put(store, to=("billing", "ledger"))).id
    await died(store)
    await delivered(store, "ledger")
    count = await replayed(store, Query(**filters))
    assert count.deliveries == len(again)
    pending = {d.target for d in (await shown(store, id)).deliveries if d.state == "pending"}
    assert pending == again
    await sound(store)


async def test_a_dry_run_counts_and_changes_nothing(store: Store) -> None:
    """The same numbers, and everything as it was."""
    id = (await put(store)).id
    unrouted = (await put(store, to=())).id
    await died(store)
    dry = await store.replay(Query(), Replay(LATER, dry_run=True), replan(Planned("new", "fax")))
    assert dry == Count(2, 2)
    assert (await states(store, id), await states(store, unrouted)) == (["dead", "dead"], ["unrouted"])
    assert await claimed(store, now=LATER) == []


async def test_an_unrouted_event_is_planned_anew(store: Store, home: Home) -> None:
    """By today's routes, from the event as it came; what they do not take stays unrouted."""
    ids = [(await put(store, source=source, to=(), body=b"\xff")).id for source in ("shop", "erp")]
    seen: list[Event] = []

    async def plans(events: Sequence[Event]) -> list[tuple[Planned, ...]]:
        seen.extend(events)
        both = (Planned("new", "fax"), Planned("new", "billing"))
        return [both if event.source == "erp" else () for event in events]

    assert await store.replay(Query(), Replay(LATER), plans) == Count(1, 2)
    assert {event.body for event in seen} == {b"\xff"}
    assert await states(store, ids[0]) == ["unrouted"]
    assert await states(store, ids[1]) == ["pending", "pending", "pending"]
    (delivery,) = await claimed(store, "fax", now=LATER)
    assert (delivery.id, delivery.route, delivery.born) == (f"{ids[1]}-1", "new", LATER)
    await sound(await home.restart())


async def test_a_routed_event_is_not_planned_anew(store: Store) -> None:
    """Its deliveries were planned when it was accepted; a replay repeats them."""
    await put(store)
    await delivered(store)
    assert await store.replay(Query(), Replay(LATER), replan(Planned("new", "fax"))) == Count(1, 1)
    assert await claimed(store, "fax", now=LATER) == []


async def test_more_deliveries_than_a_statement_takes(store: Store) -> None:
    """A page of many is replayed whole."""
    await put_many(store, 300)
    await delivered(store)
    assert await replayed(store, Query(limit=1000)) == Count(300, 300)
    assert len(await claimed_all(store, now=LATER)) == 300


async def test_whoever_listens_hears_of_a_replay(store: Store) -> None:
    """The names of the targets that have something to do again."""
    await put(store, to=("a", "b"))
    await delivered(store, "a")
    heard: set[str] = set()
    store.listen(heard.update)
    await replayed(store, Query(target="a"))
    assert heard == {"a"}


@pytest.mark.parametrize(
    "outcome", [Dead("schedule used up"), Retry(START + 3600 * SECOND), Delivered()], ids=str
)
async def test_a_replay_outlives_the_attempt_that_ran(store: Store, outcome: Outcome) -> None:
    """Replayed while it is tried, it is due again at once, whatever that attempt comes to; which counts."""
    id = (await put(store)).id
    (running,) = await claimed_all(store)
    await store.replay(Query(ids=(id,)), Replay(START, fresh=True), replan())
    store.settle([Settlement(running, outcome, Attempt(1, START, 0.1, 500, "answered 500"))])
    await store.flush()
    (again,) = await claimed_all(store)
    assert (again.event.id, again.step, again.attempts, again.key) == (id, 0, 1, f"{id}-1.1")
    await sound(store)


async def test_an_attempt_counts_though_its_delivery_was_discarded(store: Store) -> None:
    """No number is given twice: a replay counts on."""
    id = (await put(store)).id
    (running,) = await claimed_all(store)
    await store.discard(Query(ids=(id,)), START)
    store.settle([Settlement(running, Wait(), Attempt(1, START, 0.1, 500, "answered 500"))])
    await store.flush()
    assert await states(store, id) == ["dead", "dead"]
    await store.replay(Query(ids=(id,)), Replay(START), replan())
    (again,) = await claimed_all(store)
    assert again.attempts == 1
