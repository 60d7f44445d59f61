"""Letting go: by age, and earlier where the disk is nearly full; never what is still owed."""

from relay.clock import SECOND
from relay.store.protocol import Keep, Query, Store
from tests.clock import START
from tests.store.conftest import Home
from tests.store.words import (
    DEAD,
    claimed,
    delivered,
    entry,
    found,
    put,
    put_many,
    replan,
    settled,
    shown,
    sound,
)  # fmt: skip

DAY = 24 * 3600
KEEP = Keep(done=7 * DAY, dead=30 * DAY, names=7 * DAY)


async def pruned(store: Store, days: float, keep: Keep = KEEP) -> None:
    """All that may go `days` after START is gone."""
    for _ in range(1000):
        if not await store.prune(keep, START + round(days * DAY) * SECOND):
            return
    raise AssertionError("it never ends")


async def dead(store: Store, now: int = START) -> str:
    id = (await put(store, to=("fax",))).id
    await settled(store, await claimed(store, "fax", now=now), DEAD)
    return id


async def test_each_kind_goes_at_its_age(store: Store) -> None:
    """Delivered and unrouted ones after `keep`, dead ones after `keep_dead`, pending ones never."""
    done = (await put(store)).id
    await delivered(store)
    unrouted = (await put(store, to=())).id
    given_up = await dead(store)
    pending = (await put(store, to=("slow",))).id
    await pruned(store, 7)
    assert await found(store) == [pending, given_up, unrouted, done]
    await pruned(store, 7.01)
    assert await found(store) == [pending, given_up]
    await pruned(store, 30.01)
    assert await found(store) == [pending]
    await pruned(store, 4000)
    assert await found(store) == [pending]
    await sound(store)


async def test_nothing_of_a_pruned_event_is_left(store: Store) -> None:
    """Headers, body, deliveries and attempts go with it; what lies beside it stays."""
    before = (await put(store, to=("slow",), headers=((b"a", b"1"),))).id
    gone = (await put(store, to=("billing", "ledger"))).id
    after = (await put(store, to=("slow",), body=b"after")).id
    await delivered(store)
    await delivered(store, "ledger")
    await pruned(store, 8)
    assert await store.show(gone) is None
    assert (await shown(store, before)).headers == ((b"a", b"1"),)
    assert ((await shown(store, after)).body, len((await shown(store, after)).deliveries)) == (b"after", 1)
    assert [d.event.id for d in await claimed(store, "slow")] == [before, after]
    await sound(store)


async def test_an_event_that_is_owed_to_one_target_stays_whole(store: Store) -> None:
    """Delivered at one and pending at another is pending."""
    id = (await put(store, to=("billing", "slow"))).id
    await delivered(store)
    await pruned(store, 4000)
    assert len((await shown(store, id)).deliveries) == 2


async def test_a_dead_one_is_kept_from_its_end_on(store: Store, home: Home) -> None:
    """However long it waited before: somebody has the whole of `keep_dead` to see it."""
    id = (await put(store, to=("fax",))).id
    home.clock.advance(40 * DAY)
    await store.discard(Query(target="fax"), home.clock.now())
    await pruned(store, 41)
    assert await found(store) == [id]
    await pruned(store, 71)
    assert await found(store) == []


async def test_a_large_backlog_goes_in_slices(store: Store) -> None:
    """A few hundred at once, so that nobody waits long for a commit, and all in the end."""
    await put_many(store, 1300)
    await delivered(store)
    left = []
    while await store.prune(KEEP, START + 8 * DAY * SECOND):
        left.append((await store.audit()).events["delivered"])
    assert left[0] >= 700
    assert await found(store) == []
    await sound(store)


async def test_a_key_is_known_after_its_event_went(store: Store, home: Home) -> None:
    """For the whole of the window: a duplicate is answered with the id of an event that is gone."""
    first = await put(store, "k", also=("name",))
    await delivered(store)
    keep = Keep(done=DAY, dead=DAY, names=7 * DAY)
    await pruned(store, 6.9, keep)
    assert await found(store) == []
    again = await home.restart()
    await pruned(again, 6.9, keep)
    for key, also in (("k", ()), ("other", ("name",))):
        second = await put(again, key, also=also)
        assert (second.id, second.duplicate) == (first.id, True)
    await sound(again)


async def test_a_key_is_forgotten_some_time_after_the_window(store: Store) -> None:
    """Memory of names is bounded; what came within the window stays known."""
    await store.append([entry(store, f"old{n}") for n in range(50)])
    await store.append([entry(store, f"new{n}", at=START + 2 * DAY * SECOND) for n in range(50)])
    for _ in range(300):
        await pruned(store, 8)
    old = await store.append([entry(store, f"old{n}") for n in range(50)])
    new = await store.append([entry(store, f"new{n}") for n in range(50)])
    assert not any(receipt.duplicate for receipt in old)
    assert all(receipt.duplicate for receipt in new)


async def test_a_further_name_is_remembered_from_when_it_was_heard(store: Store) -> None:
    """A name that a late duplicate brought stays known for the whole window, though its event is older."""
    await store.append([entry(store, "a")])
    await store.append([entry(store, "a", also=("b",), at=START + 6 * DAY * SECOND)])
    for _ in range(300):
        await pruned(store, 8)
    (again,) = await store.append([entry(store, "b")])
    assert again.duplicate is True


async def test_the_oldest_done_ones_are_shed_first(store: Store, home: Home) -> None:
    """The disk is nearly full: delivered ones go early, pending and dead ones do not."""
    done = await put_many(store, 600)
    await delivered(store)
    given_up = await dead(store)
    pending = (await put(store, to=("slow",))).id
    home.clock.advance(1)
    assert await store.shed() is True
    left = await found(store, state="delivered", limit=1000)
    assert left == done[len(done) - len(left) :][::-1]
    assert len(left) < len(done)
    while await store.shed():
        pass
    assert await found(store) == [pending, given_up]
    await sound(store)


async def test_a_replayed_event_is_not_taken_away(store: Store) -> None:
    """Pending again, it stays, however old it is."""
    from relay.store.protocol import Replay

    id = (await put(store)).id
    await delivered(store)
    await store.replay(Query(ids=(id,)), Replay(START + 8 * DAY * SECOND), replan())
    await pruned(store, 9)
    assert await found(store) == [id]
