"""Order per key where people, or time, change what waits: of each key the first alone is due."""

import asyncio
from itertools import pairwise

import pytest

from relay.clock import SECOND
from relay.delivery import Outcome, Settlement
from relay.store.protocol import Query, Replay, Store
from tests.clock import START
from tests.eventually import PATIENCE
from tests.store.conftest import Home
from tests.store.words import (
    DEAD,
    DELIVERED,
    claimed_all,
    found,
    ids_of,
    in_order,
    line,
    one,
    put,
    replan,
    retry,
    settled,
    sound,
    states,
    together,
)

LATER = START + 100 * SECOND


async def test_a_discarded_first_one_lets_the_next_go(store: Store) -> None:
    """One in the middle changes nothing; all of them leave nothing behind."""
    all = await line(store, "a", "a", "a", "a")
    await store.discard(Query(ids=(all[1],)), START)
    await store.discard(Query(ids=(all[0],)), START)
    first = await one(store)
    assert first.event.id == all[2]
    store.release([first])
    await store.discard(Query(target="billing"), START)
    assert await claimed_all(store) == []
    await sound(store)
    (new,) = await line(store, "a")
    assert (await one(store)).event.id == new


async def test_what_is_too_old_lets_the_next_go(store: Store) -> None:
    """Ended for its age where nobody tried it."""
    await put(store, planned=in_order("a"))
    young = (await put(store, planned=in_order("a"), at=START + 10 * SECOND)).id
    store.shelve("billing")
    heard: list[set[str]] = []
    store.listen(heard.append)
    assert (await store.end_old("billing", START, "old", START)).count == 1
    assert heard == [{"billing"}]
    assert ids_of(await claimed_all(store, now=START + 10 * SECOND)) == [young]
    await sound(store)


async def test_none_goes_out_while_a_discarded_one_is_tried(store: Store) -> None:
    """Its attempt runs on: the next one waits for its end, one that came later too."""
    all = await line(store, "a", "a")
    first = await one(store)
    await store.discard(Query(target="billing"), START)
    all += await line(store, "a")
    assert await claimed_all(store) == []
    await settled(store, [first], DELIVERED)
    assert [(await states(store, id))[0] for id in all] == ["delivered", "dead", "pending"]
    assert ids_of(await claimed_all(store)) == all[2:]
    await sound(store)


async def test_a_replayed_one_goes_before_those_that_wait(store: Store) -> None:
    """It has its old place."""
    all = await line(store, "a", "a", "a")
    await settled(store, [await one(store)], DELIVERED)
    await store.replay(Query(ids=(all[0],)), Replay(START), replan())
    for id in all:
        delivery = await one(store)
        assert delivery.event.id == id
        await settled(store, [delivery], DELIVERED)


@pytest.mark.parametrize("outcome", [DELIVERED, retry(0), DEAD], ids=str)
async def test_a_replayed_one_waits_for_the_newer_one_that_is_tried(store: Store, outcome: Outcome) -> None:
    """Two of a key are never under way; then it goes first."""
    all = await line(store, "a", "a", "a")
    await settled(store, [await one(store)], DELIVERED)
    second = await one(store)
    await store.replay(Query(ids=(all[0],)), Replay(START), replan())
    assert await claimed_all(store) == []
    await settled(store, [second], outcome)
    assert (await one(store)).event.id == all[0]
    await sound(store)


async def test_one_that_is_replayed_while_it_is_tried_goes_again_first(store: Store) -> None:
    """Whatever that attempt comes to."""
    all = await line(store, "a", "a")
    first = await one(store)
    await store.replay(Query(), Replay(START), replan())
    assert await claimed_all(store) == []
    await settled(store, [first], DELIVERED)
    assert (await one(store)).event.id == all[0]


async def test_a_replay_of_all_keeps_the_order(store: Store, home: Home) -> None:
    """Also when none of them was pending, and over a restart."""
    all = await together(store, "a", "b", "a", "a")
    while deliveries := await claimed_all(store):
        await settled(store, deliveries, DELIVERED)
    await store.replay(Query(), Replay(LATER), replan())
    again = await home.restart()
    assert sorted(ids_of(await claimed_all(again, now=LATER))) == all[:2]
    await sound(again)


async def test_a_replay_in_pages_keeps_the_order(store: Store) -> None:
    """Though each page is due before the next one is known: the oldest come first."""
    all = await together(store, "a", "a", "a", "a")
    while deliveries := await claimed_all(store):
        await settled(store, deliveries, DELIVERED)
    got, cursor = [], None
    for _ in range(2):
        cursor = (await store.replay(Query(limit=2, cursor=cursor), Replay(LATER), replan())).next
        while deliveries := await claimed_all(store, now=LATER):
            got += ids_of(deliveries)
            await settled(store, deliveries, DELIVERED)
    assert got == all


async def test_a_paced_replay_keeps_order_and_pace(store: Store) -> None:
    """Of one key the first takes the first place of them all, so that nobody waits for a later one."""
    all = await together(store, "a", "a", "a")
    while deliveries := await claimed_all(store):
        await settled(store, deliveries, DELIVERED)
    await store.replay(Query(), Replay(LATER, per_second=1), replan())
    for n, id in enumerate(all):
        assert await claimed_all(store, now=LATER + n * SECOND - 1) == []
        assert store.due_at("billing", LATER + n * SECOND - 1) == LATER + n * SECOND
        delivery = await one(store, LATER + n * SECOND)
        assert delivery.event.id == id
        await settled(store, [delivery], DELIVERED)


async def test_what_is_planned_anew_takes_its_place(store: Store) -> None:
    """An unrouted event that today's routes order goes before those that came after it."""
    unrouted = [(await put(store, to=())).id for _ in range(2)]
    all = unrouted + await line(store, "a")
    await store.replay(Query(ids=tuple(unrouted)), Replay(START), replan(*in_order("a")))
    for id in all:
        delivery = await one(store)
        assert delivery.event.id == id
        await settled(store, [delivery], DELIVERED)
    await sound(store)


async def test_the_audit_tells_where_an_order_is_stuck(store: Store, home: Home) -> None:
    """None of a key is due, or two are, or one waits that has no key."""
    await line(store, "a", "a", None)
    await sound(store)
    for damage, told in (
        ("held = 1 WHERE chain IS NOT NULL", "0 are due, not one"),
        ("held = 0", "2 are due, not one"),
        ("held = id != (SELECT min(id) FROM delivery)", "0 are due, not one"),
    ):
        await home.corrupt(f"UPDATE delivery SET {damage}")
        (problem,) = (await store.audit()).problems
        assert told in problem


async def test_order_holds_whatever_is_done_by_hand_meanwhile(store: Store) -> None:
    """Claims, settlements, discards and replays all at once: never two of a key, and none is left over."""
    keys = [f"{n % 5}" for n in range(60)]
    all = await together(store, *keys)
    busy: dict[bytes, str] = {}
    left = [6]
    woken = asyncio.Event()
    store.listen(lambda _targets: woken.set())

    async def more() -> bool:
        if not left[0] and store.due_at("billing", START) is None:
            await store.flush()  # what waits for one that was settled is due when that is on disk
        return left[0] > 0 or store.due_at("billing", START) is not None

    async def deliver() -> None:
        while await more():
            woken.clear()
            got = await store.claim("billing", 4, START)
            for delivery in got:
                assert delivery.chain is not None
                assert delivery.chain not in busy
                busy[delivery.chain] = delivery.id
            if not got:
                await asyncio.wait_for(woken.wait(), PATIENCE)
                continue
            await store.flush()
            for delivery in got:
                assert delivery.chain is not None
                del busy[delivery.chain]
            store.settle([Settlement(delivery, DELIVERED, None) for delivery in got])

    async def by_hand(number: int) -> None:
        for first, last in pairwise(range(number, 60, 11)):
            some = Query(ids=tuple(all[first:last]))
            await store.discard(some, START)
            await store.replay(some, Replay(START, fresh=True), replan())
        left[0] -= 1
        woken.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(deliver())
        for number in range(left[0]):
            group.create_task(by_hand(number))
    await store.flush()
    assert await found(store, state="pending") == []
    await sound(store)
