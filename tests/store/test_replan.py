"""What unrouted events are owed by today's routes is asked outside of any transaction: it may take long."""

import asyncio
from collections.abc import Sequence

import pytest

from relay.clock import SECOND
from relay.event import Event
from relay.route import Planned
from relay.store.protocol import Count, Query, Replay, Store
from relay.store.sqlite import replay as module
from relay.store.sqlite.store import SqliteStore
from tests.clock import START
from tests.eventually import PATIENCE
from tests.store.disk import turn
from tests.store.words import claimed_all, delivered, found, put, replan, shown, sound, states

LATER = START + 100 * SECOND


async def test_nobody_waits_while_it_is_planned(store: Store) -> None:
    """Events are stored and replayed while today's routes are asked; each is planned once."""
    ids = [(await put(store, to=())).id for _ in range(3)]

    async def plans(events: Sequence[Event]) -> list[tuple[Planned, ...]]:
        assert {event.id for event in events} == set(ids)
        await put(store, to=())
        await store.replay(Query(ids=(ids[0],)), Replay(LATER), replan(Planned("other", "fax")))
        return [(Planned("new", "fax"),) for _ in events]

    assert await store.replay(Query(), Replay(LATER), plans) == Count(3, 3)
    routes = [(await shown(store, id)).deliveries[0].route for id in ids]
    assert routes == ["other", "new", "new"]
    assert len(await found(store, state="unrouted")) == 1
    await sound(store)


async def test_one_that_was_routed_meanwhile_stays_as_it_is(store: Store) -> None:
    """Asked for the unrouted ones: what another replay was faster with is none of them any more."""
    ids = [(await put(store, to=())).id for _ in range(2)]

    async def plans(events: Sequence[Event]) -> list[tuple[Planned, ...]]:
        await store.replay(Query(ids=(ids[1],)), Replay(LATER), replan(Planned("other", "fax")))
        return [(Planned("new", "fax"),) for _ in events]

    assert await store.replay(Query(state="unrouted", limit=2), Replay(LATER), plans) == Count(1, 1, ids[1])
    assert [(await shown(store, id)).deliveries[0].route for id in ids] == ["new", "other"]
    (delivery,) = [d for d in await claimed_all(store, "fax", now=LATER) if d.route == "other"]
    assert delivery.replays == 0
    await sound(store)


async def test_large_events_are_planned_a_few_at_a_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory holds the bodies of so many at once, one at least, whatever a page has."""
    monkeypatch.setattr(module, "READ_BYTES", 1000)
    for size in (400, 400, 2000, 10, 10):
        await put(store, to=(), body=b"x" * size)
    sizes: list[list[int]] = []

    async def plans(events: Sequence[Event]) -> list[tuple[Planned, ...]]:
        sizes.append([len(event.body) for event in events])
        return [(Planned("new", "fax"),) for _ in events]

    assert await store.replay(Query(), Replay(LATER), plans) == Count(5, 5)
    assert sizes == [[400, 400], [2000], [10, 10]]


async def test_a_plan_that_fails_changes_nothing(store: Store) -> None:
    """Neither of the unrouted events nor of the others."""
    id = (await put(store, to=())).id
    await put(store)
    await delivered(store)

    async def plans(events: Sequence[Event]) -> list[tuple[Planned, ...]]:
        raise RuntimeError("no route")

    with pytest.raises(RuntimeError, match="no route"):
        await store.replay(Query(), Replay(LATER), plans)
    assert await states(store, id) == ["unrouted"]
    assert await found(store, state="pending") == []


async def test_a_replay_goes_on_though_nobody_waits_for_it(store: Store) -> None:
    """Cancelled while it was written, it is carried out, and its targets are told."""
    await put(store)
    await delivered(store)
    woken = asyncio.Event()
    store.listen(lambda _targets: woken.set())
    held = asyncio.Event()

    async def plans(events: Sequence[Event]) -> list[tuple[Planned, ...]]:
        held.set()
        return [() for _ in events]

    await put(store, to=())
    replaying = asyncio.create_task(store.replay(Query(), Replay(LATER), plans))
    await held.wait()
    filling = [asyncio.create_task(put(store, to=("fax",))) for _ in range(50)]
    assert isinstance(store, SqliteStore)
    while not store._writer._changes:
        await turn()
    replaying.cancel()
    await asyncio.gather(replaying, *filling, return_exceptions=True)
    assert replaying.cancelled()
    await asyncio.wait_for(woken.wait(), PATIENCE)
    assert len(await claimed_all(store, now=LATER)) == 1
