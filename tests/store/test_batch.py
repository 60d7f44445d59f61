"""Deliveries that were tried in one batch: one outcome for all of them, and tried again together."""

import pytest

from relay.clock import SECOND
from relay.delivery import Dead, Delivery, Settlement
from relay.store.protocol import Query, Replay, Store
from relay.store.sqlite import claims
from tests.clock import START
from tests.store.conftest import Home
from tests.store.words import (
    DELIVERED,
    WAIT,
    claimed,
    claimed_all,
    entry,
    put_many,
    replan,
    retry,
    settled,
    settlement,
    sound,
    states,
)  # fmt: skip

LATER = START + 5 * SECOND


async def failed(store: Store, deliveries: list[Delivery], batch: int) -> None:
    """They went out as a batch, and are due again in five seconds."""
    made = [settlement(delivery, retry(5), status=500) for delivery in deliveries]
    store.settle([Settlement(each.delivery, each.outcome, each.attempt, batch) for each in made])
    await store.flush()


async def test_the_batch_is_known_when_it_is_tried_again(store: Store, home: Home) -> None:
    """Over a restart too; who was in none is in none."""
    await put_many(store, 3)
    one, two, three = await claimed_all(store)
    await failed(store, [one, two], 1 << 61)
    await settled(store, [three], retry(5))
    for restarts in (False, True):
        each = await home.restart() if restarts else store
        again = await claimed_all(each, now=LATER)
        assert {(d.id, d.batch) for d in again} == {(one.id, 1 << 61), (two.id, 1 << 61), (three.id, None)}
        assert len({d.due for d in again}) == 1


async def test_an_end_without_a_batch_changes_nothing_of_it(store: Store, home: Home) -> None:
    """What is postponed before it was tried again stays in its batch."""
    await put_many(store, 2)
    await failed(store, await claimed_all(store), 7)
    for delivery in await claimed_all(store, now=LATER):
        store.settle([Settlement(delivery, WAIT, None)])
    await store.flush()
    home.clock.advance(60)
    assert [d.batch for d in await claimed_all(store, now=home.clock.now())] == [7, 7]


async def test_a_replay_leaves_the_batch(store: Store) -> None:
    """It goes out with whatever is there then."""
    ids = await put_many(store, 2)
    await failed(store, await claimed_all(store), 7)
    await store.replay(Query(ids=(ids[0],)), Replay(LATER), replan())
    assert {d.event.id: d.batch for d in await claimed_all(store, now=LATER)} == {ids[0]: None, ids[1]: 7}


@pytest.mark.parametrize("rows", [4, 10, 512])
@pytest.mark.parametrize("restarts", [True, False])
async def test_a_batch_is_claimed_as_a_whole(
    store: Store, home: Home, monkeypatch: pytest.MonkeyPatch, rows: int, *, restarts: bool
) -> None:
    """Be it more than was asked for, more than is read at once, or mixed with others of the same moment."""
    monkeypatch.setattr(claims, "READ_ROWS", rows)
    await put_many(store, 30)
    all = await claimed_all(store)
    for number in (1, 2):
        await failed(store, all[number::3], number)
    await settled(store, all[::3], retry(5))
    again = await home.restart() if restarts else store
    got: list[set[str]] = []
    while some := await claimed(again, count=1, now=LATER):
        numbers = {d.batch for d in some}
        for number in [number for number in numbers if number is not None]:
            assert {d.id for d in some if d.batch == number} == {d.id for d in all[number::3]}
        got.append({d.id for d in some})
    assert sum(map(len, got)) == 30
    assert set.union(*got) == {d.id for d in all}


async def test_a_batch_is_read_as_a_whole_though_its_bodies_are_large(
    store: Store, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was at hand once before."""
    monkeypatch.setattr(claims.read_due, "__defaults__", (1000,))
    await put_many(store, 9, body=b"x" * 400)
    all = await claimed_all(store)
    await failed(store, all, 3)
    again = await home.restart()
    assert len(await claimed(again, count=1, now=LATER)) == 9


@pytest.mark.parametrize("before", [0, 200, 255])
async def test_a_batch_is_settled_in_one_transaction(store: Store, home: Home, before: int) -> None:
    """All of it or nothing is on disk, wherever in the line it stands."""
    ids = await put_many(store, before + 200)
    deliveries = await claimed_all(store)
    store.settle([settlement(delivery, DELIVERED) for delivery in deliveries[:before]])
    store.settle([Settlement(delivery, DELIVERED, None, 5) for delivery in deliveries[before:]])
    while store.unsettled:
        await store.append([entry(store)])
        ended = [(await states(store, id))[0] == "delivered" for id in ids[before::50]]
        assert all(ended) or not any(ended)
    await store.flush()
    await sound(store)


async def test_a_batch_of_which_one_cannot_be_stored_stays_whole(store: Store, home: Home) -> None:
    """None of it is settled without the others, and what else was settled is."""
    ids = await put_many(store, 4)
    one, two, three, four = await claimed_all(store)
    poison = Settlement(three, Dead(b"x"), None, 5)  # type: ignore[arg-type]  # nobody does this
    store.settle([settlement(one, DELIVERED), Settlement(two, DELIVERED, None, 5), poison])
    store.settle([settlement(four, DELIVERED)])
    await store.flush()
    again = await home.restart()
    assert [(await states(again, id))[0] for id in ids] == ["delivered", "pending", "pending", "delivered"]
