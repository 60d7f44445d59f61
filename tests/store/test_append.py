"""In: an event and what it is owed are there together, bit for bit, once `append` has returned."""

import asyncio
from typing import Any

import pytest

from relay.clock import SECOND
from relay.errors import StoreUnavailable
from relay.event import Event
from relay.route import Planned
from relay.store.protocol import Entry, Store
from tests.clock import START
from tests.store.conftest import Home
from tests.store.words import caught_up, claimed, delivered, entry, found, put, put_many, shown, sound, states

ODD_HEADERS = (
    (b"Content-Type", b"text/plain; charset=latin-1"),
    (b"x-tag", b"one"),
    (b"X-TAG", b"two"),
    (b"X-Empty", b""),
    (b"X-Colons", b"a:b: c"),
    (b"X-Raw", b"caf\xe9 \xff\x80"),
)
ODD_BODIES = {"empty": b"", "every byte": bytes(range(256)) * 3, "text": "Zoë ☃".encode(), "nul": b"\0\0"}


async def test_an_appended_event_has_its_receipt_and_its_deliveries(store: Store) -> None:
    """The receipt names the event, and one delivery is pending for each planned route and target."""
    receipt = await put(store, "k1", to=("billing", "ledger"))
    assert receipt.duplicate is False
    event = await shown(store, receipt.id)
    assert (event.key, event.source, event.type, event.via) == ("k1", "shop", "order.paid", "webhook")
    assert [(d.id, d.route, d.target, d.state, d.attempts) for d in event.deliveries] == [
        (f"{receipt.id}-1", "all", "billing", "pending", 0),
        (f"{receipt.id}-2", "all", "ledger", "pending", 0),
    ]
    assert {d.next_at for d in event.deliveries} == {START}
    await sound(store)


@pytest.mark.parametrize("body", ODD_BODIES.values(), ids=ODD_BODIES)
async def test_body_and_headers_are_the_senders_bit_for_bit(store: Store, home: Home, body: bytes) -> None:
    """Repeated headers, odd cases, bytes that are no text: from memory and from disk as they came."""
    await caught_up(store)
    id = (await put(store, body=body, headers=ODD_HEADERS, query="a=1&a=%FF")).id
    (hot,) = await claimed(store)
    again = await home.restart()
    (cold,) = await claimed(again)
    event = await shown(again, id)
    for kept in (hot.event, cold.event, event):
        assert (kept.body, kept.headers, kept.query) == (body, ODD_HEADERS, "a=1&a=%FF")
    assert event.size == len(body)


async def test_what_the_sender_said_of_the_event_is_kept(store: Store, home: Home) -> None:
    """Key, type, way and time come back on the claim and when it is shown."""
    said: dict[str, Any] = {
        "key": "Zoë",
        "type": "påid",
        "via": "poll",
        "occurred": START - 5 * SECOND,
        "source": "erp",
    }
    id = (await put(store, **said)).id
    again = await home.restart()
    (delivery,) = await claimed(again)
    event = delivery.event
    assert {name: getattr(event, name) for name in said} == said
    view = await shown(again, id)
    assert (view.key, view.via, view.occurred_at, view.received_at) == (
        "Zoë",
        "poll",
        START - 5 * SECOND,
        START,
    )


async def test_entries_of_one_append_are_stored_together_or_not_at_all(store: Store) -> None:
    """One that cannot be stored takes its companions with it, and nothing of them is left."""
    good, poisonous = entry(store, "good"), entry(store, "bad", type="\ud800")
    with pytest.raises(StoreUnavailable):
        await store.append([good, poisonous])
    assert await found(store) == []
    assert (await put(store, "good")).duplicate is False
    await sound(store)


async def test_a_poisonous_entry_refuses_nobody_else(store: Store) -> None:
    """Appends that gather in one batch with an event that cannot be stored are stored."""
    batch = [store.append([entry(store, f"k{n}")]) for n in range(3)]
    batch.insert(1, store.append([entry(store, "bad", occurred=1 << 70)]))
    results = await asyncio.gather(*batch, return_exceptions=True)
    assert [isinstance(result, StoreUnavailable) for result in results] == [False, True, False, False]
    assert len(await found(store)) == 3
    await sound(store)


async def test_receipts_stand_in_the_order_of_the_entries(store: Store) -> None:
    """New ones and duplicates mixed: each receipt is its own entry's."""
    first = await put(store, "a")
    receipts = await store.append([entry(store, "b"), entry(store, "a"), entry(store, "c")])
    assert [receipt.duplicate for receipt in receipts] == [False, True, False]
    assert receipts[1].id == first.id
    assert [(await shown(store, receipt.id)).key for receipt in receipts] == ["b", "a", "c"]


async def test_nothing_to_append_is_no_receipt(store: Store) -> None:
    """An append of no entries returns no receipts."""
    assert await store.append([]) == []


async def test_an_event_that_nobody_is_owed_is_unrouted(store: Store) -> None:
    """It is kept and listed, and no target hears of it."""
    id = (await put(store, to=())).id
    assert await states(store, id) == ["unrouted"]
    await sound(store)


async def test_many_entries_and_many_targets_in_one_append(store: Store) -> None:
    """More rows than a statement takes are stored all the same."""
    targets = tuple(f"t{n}" for n in range(70))
    ids = await put_many(store, 150, to=targets)
    assert len(set(ids)) == 150
    sums = (await store.audit()).deliveries
    assert (sums["planned"], sums["pending"]) == (150 * 70, 150 * 70)
    assert await delivered(store, "t69") == ids


async def test_ids_are_ordered_and_unique_though_the_clock_goes_back(store: Store, home: Home) -> None:
    """A later event has the greater id, over a restart too, whatever the clock says."""
    ids = [store.next_id(START + offset) for offset in (0, 0, 5, -60 * SECOND, 1)]
    event = Event(ids[-1], "shop", None, "order", "webhook", START, b"")
    await store.append([Entry(event, (Planned("all", "billing"),))])
    again = await home.restart()
    ids.append(again.next_id(START - 3600 * SECOND))
    assert ids == sorted(set(ids))


async def test_an_id_is_never_given_twice_though_its_event_was_let_go(store: Store, home: Home) -> None:
    """The newest events are gone by age and the clock has gone back: a new event's id is none of theirs."""
    ids = await put_many(store, 3)
    await delivered(store)
    home.clock.advance(SECOND)
    assert await store.shed() is True
    assert await found(store) == []
    again = await home.restart()
    assert again.next_id(START - 3600 * SECOND) > max(ids)


async def test_an_append_that_is_too_late_is_one_event_when_it_is_sent_again(store: Store) -> None:
    """Refused for its lateness, it may have been kept or not: the sender's retry makes it one, never two."""
    with pytest.raises(StoreUnavailable):
        await store.append([entry(store, "late")], within=0)
    await put(store, "late")
    assert len(await found(store)) == 1
    assert len(await claimed(store)) == 1
    await sound(store)
