"""To an attempt: what is due is claimed in its order, by one only, whether memory or only the disk has it."""

import pytest

from relay.clock import MILLISECOND, SECOND
from relay.store.protocol import Store
from relay.store.sqlite import backlog, claims
from relay.store.sqlite.store import SqliteStore
from tests.clock import START
from tests.eventually import eventually
from tests.store.conftest import Home
from tests.store.words import (
    DELIVERED,
    WAIT,
    caught_up,
    claimed,
    claimed_all,
    delivered,
    put,
    put_many,
    retry,
    settled,
    shown,
    sound,
)


async def test_claims_are_in_order_of_acceptance(store: Store, home: Home) -> None:
    """Oldest due first, from memory and from disk."""
    ids = await put_many(store, 5)
    assert [d.event.id for d in await claimed(store, count=2)] == ids[:2]
    again = await home.restart()
    assert [d.event.id for d in await claimed_all(again)] == ids


async def test_a_claim_is_nobody_elses(store: Store) -> None:
    """What is claimed is not claimed again until it is settled or released, though the rows still say due."""
    await caught_up(store)
    await put_many(store, 3)
    first = await claimed(store, count=2)
    store.shelve("billing")
    second = await claimed_all(store)
    assert len({d.id for d in first} | {d.id for d in second}) == 3
    assert await claimed(store) == []


async def test_a_claim_is_of_one_target(store: Store) -> None:
    """What is owed to another target is not claimed."""
    id = (await put(store, to=("billing", "ledger"))).id
    assert [d.id for d in await claimed(store, "ledger")] == [f"{id}-2"]
    assert [d.id for d in await claimed(store, "billing")] == [f"{id}-1"]
    assert await claimed(store, "nobody") == []


async def test_what_a_claim_says_of_a_delivery(store: Store) -> None:
    """Its route, target, key, and nothing tried yet."""
    id = (await put(store, "k")).id
    (delivery,) = await claimed(store)
    assert (delivery.id, delivery.key, delivery.route, delivery.target) == (
        f"{id}-1",
        f"{id}-1",
        "all",
        "billing",
    )
    assert (delivery.attempts, delivery.step, delivery.born, delivery.event.id) == (0, 0, START, id)


async def test_no_more_than_asked_for(store: Store) -> None:
    """`count` is a bound, and zero claims nothing."""
    await put_many(store, 4)
    assert [len(await claimed(store, count=count)) for count in (3, 3)] == [3, 1]
    await put(store)
    assert await store.claim("billing", 0, START) == []
    assert len(await claimed(store)) == 1


async def test_a_backlog_beyond_the_window_is_claimed_whole_and_in_order(store: Store) -> None:
    """More than memory holds for a target comes from the disk, each once."""
    await caught_up(store)
    ids = await put_many(store, backlog.WINDOW + 300)
    assert [d.event.id for d in await claimed_all(store)] == ids
    assert await claimed(store) == []


async def test_a_waiting_backlog_is_claimed_whole_after_a_restart(store: Store, home: Home) -> None:
    """And delivering it piece by piece takes each once."""
    ids = await put_many(store, claims.READ_ROWS + 700)
    again = await home.restart()
    assert await delivered(again) == ids
    assert await claimed(again) == []
    await sound(again)


async def test_bodies_over_the_byte_window_are_claimed_whole(
    store: Store, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large bodies are read a few at a time, one at least, and none is left out."""
    monkeypatch.setattr(claims, "READ_BYTES", 1)
    monkeypatch.setattr(claims.read_due, "__defaults__", (5_000,))
    ids = [id for size in (9_000, 1, 2_500) for id in await put_many(store, 4, body=b"x" * size)]
    again = await home.restart()
    assert [d.event.id for d in await claimed_all(again)] == ids


async def test_a_retry_is_due_at_its_time_and_not_before(store: Store, home: Home) -> None:
    """`due_at` says when; the attempt and the step count on; a restart changes nothing of it."""
    await put(store)
    await settled(store, await claimed(store), retry(30), status=500, error="answered 500")
    due = START + 30 * SECOND
    for restarts in (False, True):
        each = await home.restart() if restarts else store
        assert await claimed(each, now=due - MILLISECOND) == []
        assert each.due_at("billing", START) == due
        (delivery,) = await claimed(each, now=due)
        assert (delivery.attempts, delivery.step) == (1, 1)


async def test_an_earlier_retry_is_not_held_up_by_a_later_one(store: Store) -> None:
    """Due times are each delivery's own."""
    ids = await put_many(store, 3)
    for delivery, seconds in zip(await claimed(store), (300, 10, 60), strict=True):
        await settled(store, [delivery], retry(seconds))
    got = [await claimed(store, now=START + seconds * SECOND) for seconds in (9, 10, 60, 300)]
    assert [[d.event.id for d in some] for some in got] == [[], [ids[1]], [ids[2]], [ids[0]]]


async def test_waiting_goes_to_the_end_of_the_line(store: Store, home: Home) -> None:
    """It is due at once, behind those that waited already, and has spent no step."""
    ids = await put_many(store, 3)
    first = await claimed(store, count=1)
    home.clock.advance(1)
    now = home.clock.now()
    await settled(store, first, WAIT, status=503)
    store.shelve("billing")
    line = await claimed_all(store, now=now)
    assert [d.event.id for d in line] == [ids[1], ids[2], ids[0]]
    assert (line[-1].attempts, line[-1].step) == (1, 0)


async def test_released_ones_are_due_again(store: Store) -> None:
    """Nothing was tried: as before, and nobody else was kept from it meanwhile."""
    ids = await put_many(store, 2)
    taken = await claimed(store)
    store.release(taken)
    assert store.due_at("billing", START) == START
    again = await claimed(store)
    assert [(d.event.id, d.attempts, d.step) for d in again] == [(id, 0, 0) for id in ids]


async def test_released_ones_keep_their_place(store: Store, home: Home) -> None:
    """Before what became due after them, though that was at hand when they came back."""
    ids = await put_many(store, 20)
    for restarts in (False, True):
        each = await home.restart() if restarts else store
        taken = [*await claimed(each, count=3), *await claimed(each, count=2)]
        each.release(taken[1:3])
        each.release(taken[:1])
        each.release(taken[3:])
        assert [d.event.id for d in await claimed_all(each)] == ids


async def test_what_is_released_while_rows_are_read_keeps_its_place(store: Store, home: Home) -> None:
    """The reading that had begun passed it over."""
    ids = await put_many(store, 600)
    again = await home.restart()
    taken = await claimed(again, count=500)
    assert await again.claim("billing", 0, START) == []
    again.release(taken)
    assert [d.event.id for d in await claimed_all(again)] == ids


async def test_a_large_claim_empties_the_window_and_has_it_filled_again(store: Store, home: Home) -> None:
    """Whoever takes all that is at hand is told when there is more, though nothing of it has ended."""
    ids = await put_many(store, claims.READ_ROWS * 3)
    again = await home.restart()
    woken: list[set[str]] = []
    got = [d.event.id for d in await claimed(again, count=5000)]
    again.listen(woken.append)
    await eventually(lambda: woken)
    while some := await claimed(again, count=5000):
        got += [d.event.id for d in some]
    assert got == ids


async def test_a_claim_says_when_it_became_due(store: Store, home: Home) -> None:
    """When it was received, or when it was to be tried again."""
    await caught_up(store)
    await put(store)
    (hot,) = await claimed(store)
    (cold,) = await claimed(await home.restart())
    assert (hot.due, cold.due) == (START, START)


async def test_a_shelved_backlog_is_found_again_in_order(store: Store) -> None:
    """What memory let go of is on the disk."""
    await caught_up(store)
    ids = await put_many(store, 20)
    store.shelve("billing")
    ids += await put_many(store, 5)
    assert [d.event.id for d in await claimed_all(store)] == ids


async def test_a_settled_delivery_never_comes_back(store: Store, home: Home) -> None:
    """Delivered is delivered: not after shelving, not after a restart."""
    await put_many(store, 3)
    await delivered(store)
    store.shelve("billing")
    assert await claimed(store) == []
    assert await claimed(await home.restart()) == []
    assert store.due_at("billing", START) is None


async def test_what_was_being_tried_is_due_after_a_restart(store: Store, home: Home) -> None:
    """A claim writes nothing: killed in the midst of an attempt, it is due again with the same key."""
    await put(store)
    (before,) = await claimed(store)
    (after,) = await claimed(await home.restart())
    assert (after.id, after.key, after.attempts) == (before.id, before.key, 0)


async def test_whoever_listens_hears_of_all_that_becomes_due(store: Store) -> None:
    """New events, retries and waits that were written, replays: the names of their targets."""
    heard: set[str] = set()
    await put(store, to=("a", "b"))
    (a,), (b,) = await claimed(store, "a"), await claimed(store, "b")
    store.listen(heard.update)
    await put(store, to=("c",))
    assert heard == {"c"}
    await settled(store, [a], retry(5))
    assert heard == {"a", "c"}
    await settled(store, [b], WAIT)
    assert heard == {"a", "b", "c"}


async def test_a_reading_wakes_its_target(store: Store, home: Home) -> None:
    """A claim that found nothing at hand has begun to read, and says when it has."""
    await put(store)
    again = await home.restart()
    assert again.due_at("billing", START) == START
    assert await again.claim("billing", 1, START) == []
    assert len(await claimed(again)) == 1


async def test_nothing_is_due_where_nothing_is_known_to_come(store: Store) -> None:
    """None: nobody has to look again by himself."""
    assert await claimed(store, "billing") == []
    assert store.due_at("billing", START) is None
    await put(store)
    assert store.due_at("billing", START) == START
    await settled(store, await claimed(store), DELIVERED)
    assert store.due_at("billing", START) is None


async def test_memory_is_bounded_by_bytes_too(
    store: Store, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However large the bodies and however often is claimed: a few readings' worth is at hand at most."""
    monkeypatch.setattr(claims.read_due, "__defaults__", (10_000,))
    monkeypatch.setattr(backlog, "LOW_BYTES", 10_000)
    ids = await put_many(store, 60, body=b"x" * 1_000)
    again = await home.restart()
    assert isinstance(again, SqliteStore)
    got: list[str] = []
    for _ in ids:
        got += [d.event.id for d in await claimed(again, count=1)]
        await eventually(lambda: not again._backlogs.of("billing").reading)
        assert again._backlogs.of("billing").bytes <= 20_000
    assert got == ids


async def test_a_body_that_vanished_stops_no_other_delivery(store: Store, home: Home) -> None:
    """The rest of the target's line is claimed; what cannot be tried is told by `audit`."""
    ids = await put_many(store, 3)
    again = await home.restart()
    await home.corrupt("DELETE FROM body WHERE event = (SELECT min(event) FROM body)")
    assert [d.event.id for d in await claimed_all(again)] == ids[1:]
    assert (await shown(again, ids[0])).state == "pending"
    assert (await again.audit()).ok is False
