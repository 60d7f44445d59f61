"""The sums, and that every way in which a row can vanish is noticed: contract 1.3."""

import pytest

from relay.clock import SECOND
from relay.store.protocol import Keep, Query, Replay, Store
from tests.clock import START
from tests.store.conftest import Home
from tests.store.words import (
    DEAD,
    DELIVERED,
    claimed,
    delivered,
    put,
    put_many,
    replan,
    retry,
    settled,
    sound,
)

CORRUPTIONS = {
    "an event": ("DELETE FROM event WHERE id = (SELECT min(id) FROM event)", "events: 4 were stored"),
    "an event's planned deliveries": ("UPDATE event SET planned = planned + 1", "deliveries planned, "),
    "a pending delivery": ("DELETE FROM delivery WHERE state = 0", "deliveries: 5 were stored"),
    "a delivered one": ("DELETE FROM delivery WHERE state = 1", "2 deliveries planned, 1 there"),
    "a dead one": ("DELETE FROM delivery WHERE state = 3", "1 deliveries planned, 0 there"),
    "one too many": (
        "INSERT INTO delivery (id, route, target, state, attempts, step, due, born, fresh) "  # noqa: ISC004  one
        "SELECT id + 9, route, target, state, 0, 0, 0, 0, 0 FROM delivery ORDER BY id LIMIT 1",
        "2 deliveries planned, 3 there",
    ),
    "a body": ("DELETE FROM body WHERE event = (SELECT max(event) FROM body)", "its body is missing"),
    "the event of deliveries": (
        "DELETE FROM event WHERE id = (SELECT min(id) FROM event)",
        "its event is missing",
    ),
    "an event's state": (
        "UPDATE event SET state = 1 WHERE state = 0",
        "is delivered, by its deliveries pend",
    ),
    "a delivery's state": ("UPDATE delivery SET state = 3 WHERE state = 0", "by its deliveries dead"),
    "a counter of events": ("UPDATE counter SET value = 7 WHERE name = 'events.accepted'", "events: 7 were"),
    "a counter of deliveries": (
        "UPDATE counter SET value = 9 WHERE name = 'deliveries.pruned'",
        "deliveries: 5 were stored and 9 pruned",
    ),
    "a counter that is gone": ("DELETE FROM counter WHERE name = 'events.accepted'", "events: 0 were stored"),
    "everything": ("DELETE FROM event", "events: 4 were stored and 0 pruned, so 4 should be there; 0 are"),
}


async def four(store: Store) -> None:
    """Pending, delivered, dead and unrouted."""
    await put(store, to=("billing", "ledger"))
    await put(store, to=("billing", "ledger"))
    await put(store, to=())
    await settled(store, await claimed(store, "billing", count=1), DELIVERED)
    await put(store, to=("fax",))
    await settled(store, await claimed(store, "fax"), DEAD)


async def test_the_sums_of_a_sound_store(store: Store, home: Home) -> None:
    """Everything accepted and planned is counted in the state that it is in, over a restart too."""
    await put(store, "k", to=("billing", "ledger"))
    await put(store, "k")
    await four(store)
    for restarts in (False, True):
        audit = await (await home.restart() if restarts else store).audit()
        assert (audit.ok, audit.problems) == (True, ())
        assert audit.events == {
            "accepted": 5, "pruned": 0, "pending": 3, "delivered": 0, "dead": 1, "skipped": 0, "unrouted": 1,
        }  # fmt: skip
        assert audit.deliveries == {
            "planned": 7, "pruned": 0, "pending": 5, "delivered": 1, "dead": 1, "skipped": 0,
        }  # fmt: skip


async def test_the_sums_match_through_a_whole_life(store: Store, home: Home) -> None:
    """After each step: retried, dead, discarded, replayed, planned anew, pruned."""
    await put_many(store, 3, to=("billing", "ledger"))
    await put(store, to=())
    await settled(store, await claimed(store), retry(1))
    await sound(store)
    await settled(store, await claimed(store, now=START + SECOND), DEAD)
    await sound(store)
    await store.discard(Query(target="ledger"), START)
    await sound(store)
    await store.replay(Query(), Replay(START), replan())
    await sound(store)
    await delivered(store, now=START + SECOND)
    await delivered(store, "ledger", now=START + SECOND)
    home.clock.advance(3600)
    await store.prune(Keep(1, 1, 1), home.clock.now())
    await sound(store)
    audit = await store.audit()
    assert (audit.events["accepted"], audit.events["pruned"]) == (4, 4)
    assert (audit.deliveries["planned"], audit.deliveries["pruned"]) == (6, 6)


@pytest.mark.parametrize(("statement", "told"), CORRUPTIONS.values(), ids=CORRUPTIONS)
async def test_what_vanished_is_told(store: Store, home: Home, statement: str, told: str) -> None:
    """A row that is gone, or says what it should not, is no sound store, and a person can read why."""
    await four(store)
    await sound(store)
    await home.corrupt(statement)
    audit = await store.audit()
    assert audit.ok is False
    assert any(told in problem for problem in audit.problems), audit.problems


async def test_many_problems_are_counted_and_not_listed(store: Store, home: Home) -> None:
    """A ruined store is told in a few lines."""
    await put_many(store, 50)
    await home.corrupt("DELETE FROM delivery")
    problems = (await store.audit()).problems
    assert 10 < len(problems) < 40
    assert any("40 more" in problem for problem in problems)
