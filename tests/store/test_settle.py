"""And settled: what became of an attempt, and what that makes of its event."""

import pytest

from relay.clock import SECOND
from relay.delivery import Dead, Outcome, Postponed, Settlement, Skipped
from relay.store.protocol import Query, Store
from tests.clock import START
from tests.store.conftest import Home
from tests.store.words import (
    DEAD,
    DELIVERED,
    WAIT,
    claimed,
    claimed_all,
    found,
    put,
    put_many,
    retry,
    settled,
    settlement,
    shown,
    sound,
    states,
)

SKIPPED = Skipped("null")


async def test_a_settlement_is_written_with_its_attempt(store: Store, home: Home) -> None:
    """State, status, error and the attempt are there, over a restart."""
    id = (await put(store)).id
    (delivery,) = await claimed(store)
    await settled(store, [delivery], retry(5), status=500, error="answered 500", at=START + 7)
    (delivery,) = await claimed(store, now=START + 5 * SECOND)
    await settled(store, [delivery], DELIVERED, status=204, at=START + 5 * SECOND, probe=True)
    (view,) = (await shown(await home.restart(), id)).deliveries
    assert (view.state, view.attempts, view.next_at) == ("delivered", 2, None)
    assert (view.last_status, view.last_error) == (204, None)
    assert view.history == (
        {"n": 1, "at": START + 7, "seconds": 0.25, "status": 500, "error": "answered 500", "probe": False},
        {"n": 2, "at": START + 5 * SECOND, "seconds": 0.25, "status": 204, "error": None, "probe": True},
    )


async def test_a_dead_delivery_says_why(store: Store) -> None:
    """The reason is its last error; without an attempt it keeps the number of those made."""
    id = (await put(store)).id
    (delivery,) = await claimed(store)
    store.settle([Settlement(delivery, Dead("older than max_age"), None)])
    await store.flush()
    (view,) = (await shown(store, id)).deliveries
    assert (view.state, view.attempts, view.last_error, view.history) == ("dead", 0, "older than max_age", ())
    assert store.due_at("billing", START) is None


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ([DELIVERED, DELIVERED], "delivered"),
        ([DELIVERED, DEAD], "dead"),
        ([DEAD, DEAD], "dead"),
        ([DELIVERED, retry(5)], "pending"),
        ([DEAD, retry(5)], "pending"),
        ([WAIT, DEAD], "pending"),
        ([DEAD, None], "pending"),
        ([DELIVERED, None], "pending"),
        ([SKIPPED, SKIPPED], "skipped"),
        ([SKIPPED, DELIVERED], "delivered"),
        ([DEAD, SKIPPED], "dead"),
        ([SKIPPED, Postponed(START)], "pending"),
    ],
)
@pytest.mark.parametrize("together", [True, False], ids=["in one commit", "one after the other"])
async def test_an_events_state_over_its_deliveries(
    store: Store, outcomes: list[Outcome | None], state: str, *, together: bool
) -> None:
    """Pending if any is, else dead if any is, else delivered: contract 5."""
    id = (await put(store, to=("t0", "t1"))).id
    for n, outcome in enumerate(outcomes):
        (delivery,) = await claimed(store, f"t{n}")
        if outcome is not None:
            store.settle([settlement(delivery, outcome)])
        if not together:
            await store.flush()
    await store.flush()
    assert (await states(store, id))[0] == state
    await sound(store)


async def test_a_skipped_delivery_says_why(store: Store, home: Home) -> None:
    """It is listed and never sent; without an attempt none is counted."""
    id = (await put(store)).id
    (delivery,) = await claimed(store)
    store.settle([Settlement(delivery, Skipped("transform is null \ud800"), None)])
    await store.flush()
    again = await home.restart()
    assert await states(again, id) == ["skipped", "skipped"]
    (view,) = (await shown(again, id)).deliveries
    assert (view.attempts, view.last_error, view.next_at) == (0, "transform is null ?", None)
    assert again.due_at("billing", START) == START
    assert await claimed(again) == []
    await sound(again)


async def test_a_postponed_delivery_is_due_at_its_time(store: Store, home: Home) -> None:
    """No step is spent; without an attempt none is counted, and what the last one met still stands."""
    id = (await put(store)).id
    (delivery,) = await claimed(store)
    await settled(store, [delivery], retry(1), status=500, error="answered 500")
    (delivery,) = await claimed(store, now=START + SECOND)
    store.settle([Settlement(delivery, Postponed(START + 9 * SECOND), None)])
    await store.flush()
    assert store.due_at("billing", START + SECOND) == START + 9 * SECOND
    (view,) = (await shown(store, id)).deliveries
    assert (view.next_at, view.last_status, view.last_error) == (START + 9 * SECOND, 500, "answered 500")
    for restarts in (False, True):
        each = await home.restart() if restarts else store
        assert await claimed(each, now=START + 9 * SECOND - 1) == []
        (delivery,) = await claimed(each, now=START + 9 * SECOND)
        assert (delivery.attempts, delivery.step) == (1, 1)


async def test_an_attempt_that_was_postponed_counts(store: Store) -> None:
    """With its number and what it met, and without a step."""
    id = (await put(store)).id
    await settled(store, await claimed(store), Postponed(START + SECOND), error="no answer")
    (delivery,) = await claimed(store, now=START + SECOND)
    assert (delivery.attempts, delivery.step) == (1, 0)
    (view,) = (await shown(store, id)).deliveries
    assert (view.last_error, [each["error"] for each in view.history]) == ("no answer", ["no answer"])


async def test_a_delivery_discarded_while_it_was_tried_stays_so(store: Store) -> None:
    """Its failure does not make it due again; the attempt is kept."""
    id = (await put(store)).id
    (delivery,) = await claimed(store)
    await store.discard(Query(target="billing"), START)
    await settled(store, [delivery], retry(5), status=500)
    assert await states(store, id) == ["dead", "dead"]
    assert await claimed(store, now=START + 60 * SECOND) == []
    (view,) = (await shown(store, id)).deliveries
    assert (view.last_error, len(view.history)) == ("discarded", 1)
    await sound(store)


async def test_a_delivery_discarded_while_the_target_took_it_is_delivered(store: Store) -> None:
    """What the target has, it has."""
    id = (await put(store)).id
    (delivery,) = await claimed(store)
    await store.discard(Query(target="billing"), START)
    await settled(store, [delivery], DELIVERED, status=200)
    assert await states(store, id) == ["delivered", "delivered"]
    await sound(store)


async def test_more_settlements_than_a_commit_takes(store: Store) -> None:
    """All are written, and `flush` returns only then."""
    ids = await put_many(store, 700)
    deliveries = await claimed_all(store)
    store.settle([settlement(delivery, DELIVERED) for delivery in deliveries])
    assert store.unsettled == 700
    await store.flush()
    assert store.unsettled == 0
    assert len(await found(store, state="delivered", limit=1000)) == len(ids)


async def test_whatever_a_target_answered_can_be_kept(store: Store) -> None:
    """An error that is no valid text settles its delivery all the same, and the row says what can be said."""
    id = (await put(store)).id
    (delivery,) = await claimed(store)
    error = b"answered 500 caf\xe9".decode("utf-8", "surrogateescape")
    await settled(store, [delivery], retry(5), status=500, error=error)
    (view,) = (await shown(store, id)).deliveries
    assert (view.attempts, view.last_error) == (1, "answered 500 caf?")
    assert len(await claimed(store, now=START + 5 * SECOND)) == 1
