"""The one door in: planned and stored, or neither."""

import pytest

from relay.accept import Door
from relay.errors import StoreUnavailable
from relay.event import Event
from relay.metrics import Metrics
from relay.route import Route, Routes
from relay.store.protocol import Receipt, Store
from relay.store.sqlite.store import SqliteStore
from tests.clock import START

ROUTES = Routes([Route("all", ("shop",), ("one", "two"))])


def coming(store: Store, source: str = "shop", key: str | None = "k", received: int = START) -> Event:
    return Event(store.next_id(received), source, key, "t", "webhook", received, b"{}")


async def test_planned_and_stored(store: Store) -> None:
    """What it is owed is on disk together with it."""
    door = Door(store, ROUTES, Metrics())
    (receipt,) = await door.accept([coming(store)])
    event = await store.show(receipt.id)
    assert event is not None
    assert [(each.route, each.target) for each in event.deliveries] == [("all", "one"), ("all", "two")]


async def test_routes_of_today(store: Store) -> None:
    """A reload's routes are for what comes from then on."""
    door = Door(store, Routes(), Metrics())
    (before,) = await door.accept([coming(store, key="1")])
    door.routes = ROUTES
    (after,) = await door.accept([coming(store, key="2")])
    events = [await store.show(receipt.id) for receipt in (before, after)]
    assert [event and len(event.deliveries) for event in events] == [0, 2]


async def test_duplicate(store: Store) -> None:
    """The first one's id, counted; and its source was heard of."""
    metrics = Metrics()
    door = Door(store, ROUTES, metrics)
    (first,) = await door.accept([coming(store)])
    (again,) = await door.accept([coming(store, received=START + 5)])
    assert again == Receipt(first.id, duplicate=True)
    labels = {"source": "shop", "via": "webhook"}
    assert metrics.registry.get_sample_value("relay_duplicates_total", labels) == 1
    assert door.last == {"shop": START + 5}


async def test_store_that_fails(store: Store) -> None:
    """Nothing of it was taken: not the event, not the source's sign of life."""
    assert isinstance(store, SqliteStore)
    await store._writing.run(lambda c: c.execute("PRAGMA query_only=ON"))
    door = Door(store, ROUTES, Metrics())
    with pytest.raises(StoreUnavailable):
        await door.accept([coming(store)])
    assert door.last == {}


def test_note(store: Store) -> None:
    """A source's last sign of life never goes back."""
    door = Door(store, ROUTES, Metrics())
    for at in (START, START - 1, START + 1):
        door.note("shop", at)
    assert door.last == {"shop": START + 1}


async def test_several_at_once(store: Store) -> None:
    """All of a batch in one transaction, one of two that are alike as the other's duplicate."""
    door = Door(store, ROUTES, Metrics())
    one, two, again = await door.accept(
        [coming(store, key="1"), coming(store, key="2"), coming(store, key="1")]
    )
    assert (one.duplicate, two.duplicate, again) == (False, False, Receipt(one.id, duplicate=True))
