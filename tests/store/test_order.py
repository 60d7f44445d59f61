"""Order per key: the next of a key goes out when the one before it is settled on disk, and not before."""

import pytest

from relay.clock import SECOND
from relay.delivery import Outcome, Postponed, Settlement, Skipped, State
from relay.route import Planned
from relay.store.protocol import Query, Replay, Store
from tests.clock import START
from tests.store.conftest import Home
from tests.store.words import (
    DEAD,
    DELIVERED,
    WAIT,
    caught_up,
    claimed,
    claimed_all,
    entry,
    found,
    ids_of,
    in_order,
    line,
    one,
    put,
    replan,
    retry,
    settled,
    shown,
    sound,
    states,
    together,
)


@pytest.mark.parametrize("hot", [True, False], ids=["from memory", "from disk"])
@pytest.mark.parametrize("append", [line, together])
async def test_one_of_a_key_at_a_time(store: Store, home: Home, append: type, *, hot: bool) -> None:
    """In the order of acceptance, each after the one before it was delivered."""
    if hot:
        await caught_up(store)
    all = await append(store, "a", "a", "a")
    again = store if hot else await home.restart()
    for id in all:
        delivery = await one(again)
        assert delivery.event.id == id
        await settled(again, [delivery], DELIVERED)
    assert again.due_at("billing", START) is None
    await sound(again)


@pytest.mark.parametrize("append", [line, together])
async def test_keys_do_not_wait_for_each_other(store: Store, append: type) -> None:
    """Nor does what has no order, nor the same key at another target."""
    all = await append(store, "a", "b", "a", None, "b", None)
    other = (await put(store, planned=in_order("a", "ledger", "fax"))).id
    assert ids_of(await claimed_all(store)) == [all[0], all[1], all[3], all[5]]
    assert ids_of(await claimed_all(store, "ledger")) == [other]
    assert ids_of(await claimed_all(store, "fax")) == [other]


async def test_two_deliveries_of_one_event_and_key_are_in_order(store: Store) -> None:
    """Two routes to one target: in the order of the file."""
    id = (await put(store, planned=in_order("a", "billing", "billing"))).id
    for number in (1, 2):
        delivery = await one(store)
        assert delivery.id == f"{id}-{number}"
        await settled(store, [delivery], DELIVERED)


@pytest.mark.parametrize("outcome", [DELIVERED, DEAD, Skipped("null")], ids=str)
async def test_whatever_ended_lets_the_next_one_go(store: Store, outcome: Outcome) -> None:
    """Delivered, dead or skipped; its target is told."""
    all = await line(store, "a", "a")
    first = await one(store)
    heard: list[set[str]] = []
    store.listen(heard.append)
    await settled(store, [first], outcome)
    assert heard == [{"billing"}]
    assert ids_of(await claimed(store)) == all[1:]


@pytest.mark.parametrize("outcome", [retry(30), WAIT, Postponed(START + 30 * SECOND)], ids=str)
async def test_whatever_is_tried_again_keeps_the_others_waiting(
    store: Store, home: Home, outcome: Outcome
) -> None:
    """However long; the others of its key alone, and over a restart too."""
    all = await line(store, "a", "a", "b", "a")
    first = (await claimed_all(store))[0]
    await settled(store, [first], outcome)
    again = await home.restart()
    assert all[1] not in ids_of(await claimed_all(again))
    later = START + 30 * SECOND
    again = await home.restart()
    assert ids_of(await claimed_all(again, now=later)) in ([all[0], all[2]], [all[2], all[0]])


async def test_an_attempt_cut_off_is_made_again_first(store: Store, home: Home) -> None:
    """Killed between the target's answer and its settlement: the same one again, and none that is newer."""
    all = await line(store, "a", "a")
    before = await one(store)
    after = await one(await home.restart())
    assert (before.key, after.key) == (f"{all[0]}-1", f"{all[0]}-1")


async def test_a_released_one_stays_the_first(store: Store) -> None:
    """Nobody overtakes it."""
    all = await line(store, "a", "a")
    store.release([await one(store)])
    assert ids_of(await claimed_all(store)) == all[:1]


async def test_the_order_is_that_of_the_ids(store: Store) -> None:
    """Of those that wait, whichever was stored first."""
    entries = [entry(store, planned=in_order("a")) for _ in range(4)]
    await store.append([entries[3], entries[0]])
    await store.append([entries[2], entries[1]])
    for each in entries:
        delivery = await one(store)
        assert delivery.event.id == each.event.id
        await settled(store, [delivery], DELIVERED)


KEYS = ["", " ", "a", "A", "\0", "a\0", "é", "e\u0301", "\ud800", "\udfff", "a" * 100_000, "a" * 100_001]


async def test_any_text_is_a_key_of_its_own(store: Store) -> None:
    """However long, or no valid text at all."""
    await line(store, *KEYS, *KEYS)
    first = await claimed_all(store)
    assert len(first) == len({delivery.chain for delivery in first}) == len(KEYS)
    await settled(store, first, DELIVERED)
    assert len(await claimed_all(store)) == len(KEYS)


async def test_the_next_of_many_keys_are_let_go_at_once(store: Store) -> None:
    """More than a statement takes."""
    keys = [str(n) for n in range(150)]
    all = await together(store, *keys, *keys)
    for half in (all[:150], all[150:]):
        deliveries = await claimed_all(store)
        assert sorted(ids_of(deliveries)) == half
        await settled(store, deliveries, DELIVERED)
    await sound(store)


async def test_what_comes_while_the_last_one_ends_is_due(store: Store) -> None:
    """In one transaction: the one before it ended, so it is held by none."""
    await line(store, "a")
    first = await one(store)
    store.settle([Settlement(first, DELIVERED, None)])
    id = (await put(store, planned=in_order("a"))).id
    assert ids_of(await claimed_all(store)) == [id]


async def test_one_that_waits_for_another_is_pending(store: Store) -> None:
    """Counted, listed and found as such; nobody knows when it is due."""
    all = await line(store, "a", "a")
    stats = (await store.stats(START)).targets["billing"]
    assert (stats.pending, stats.oldest) == (2, START)
    assert await found(store, state="pending") == all[::-1]
    assert await found(store, state="pending", target="billing") == all[::-1]
    shows = [(await shown(store, id)).deliveries[0] for id in all]
    assert [each.state for each in shows] == ["pending", "pending"]
    assert [each.next_at for each in shows] == [START, None]
    page = await store.find(Query())
    assert [event.deliveries[0].next_at for event in page.events] == [None, START]
    assert (await store.audit()).deliveries["pending"] == 2


async def test_one_that_ended_before_it_was_tried_holds_nobody(store: Store) -> None:
    """Dead or skipped by its route, it is none that could be waited for; replayed, it has its place."""
    bad = (await put(store, planned=(Planned("all", "billing", State.DEAD, "no", order="a"),))).id
    (good,) = await line(store, "a")
    assert ids_of(await claimed_all(store)) == [good]
    store.shelve("billing")
    await store.replay(Query(ids=(bad,)), Replay(START), replan())
    assert await states(store, bad) == ["pending", "pending"]
    await sound(store)
