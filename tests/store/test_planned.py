"""Deliveries that ended before they were tried: kept, listed and counted, and never due."""

import pytest

from relay.clock import SECOND
from relay.delivery import Shaped, State
from relay.route import Planned
from relay.store.protocol import Count, Keep, Query, Replay, Store, TargetStats
from tests.clock import START
from tests.store.conftest import Home
from tests.store.words import (
    caught_up,
    claimed,
    claimed_all,
    delivered,
    entry,
    found,
    put,
    replan,
    shown,
    sound,
    states,
)  # fmt: skip

DEAD = Planned("paid", "billing", State.DEAD, "`when` is no bool")
SKIPPED = Planned("all", "ledger", State.SKIPPED, "null")
PENDING = Planned("all", "fax")
POISON = (Planned("poll:list", "", State.DEAD, "`time` failed: no such key"),)
"""What an item that a poll cannot use is stored with."""


@pytest.mark.parametrize(
    ("planned", "expected"),
    [
        ((DEAD,), ["dead", "dead"]),
        ((SKIPPED,), ["skipped", "skipped"]),
        ((SKIPPED, DEAD), ["dead", "skipped", "dead"]),
        ((DEAD, SKIPPED, PENDING), ["pending", "dead", "skipped", "pending"]),
    ],
)
async def test_it_is_stored_in_its_state(
    store: Store, planned: tuple[Planned, ...], expected: list[str]
) -> None:
    """The event's state is what follows from all of them, and each counts as planned."""
    id = (await put(store, planned=planned)).id
    assert await states(store, id) == expected
    sums = (await store.audit()).deliveries
    assert sums["planned"] == len(planned)
    assert {state: sums[state] for state in expected[1:]} == {s: expected[1:].count(s) for s in expected[1:]}
    await sound(store)


@pytest.mark.parametrize("reason", ["`when` is no bool", "Zoë \ud800", None])
async def test_its_reason_is_its_last_error(store: Store, reason: str | None) -> None:
    """Also one that is no valid text."""
    id = (await put(store, planned=(Planned("paid", "billing", State.DEAD, reason),))).id
    (view,) = (await shown(store, id)).deliveries
    assert view.last_error == (reason and reason.replace("\ud800", "?"))
    assert (view.attempts, view.next_at, view.last_status, view.history) == (0, None, None, ())


@pytest.mark.parametrize("hot", [True, False], ids=["from memory", "from disk"])
async def test_only_a_pending_one_becomes_due(store: Store, home: Home, *, hot: bool) -> None:
    """It is claimed under its own number; at the others' targets nothing is."""
    if hot:
        for target in ("billing", "ledger", "fax"):
            await caught_up(store, target)
    id = (await put(store, planned=(DEAD, SKIPPED, PENDING))).id
    again = store if hot else await home.restart()
    assert [d.id for d in await claimed(again, "fax")] == [f"{id}-3"]
    assert [await claimed(again, target) for target in ("billing", "ledger")] == [[], []]


async def test_nobody_is_woken_for_it(store: Store) -> None:
    """Only where something is due."""
    woken: list[set[str]] = []
    store.listen(woken.append)
    await put(store, planned=(DEAD, SKIPPED))
    await put(store, planned=(DEAD, PENDING))
    assert woken == [{"fax"}]


async def test_when_the_pending_one_is_delivered_the_dead_one_still_counts(store: Store) -> None:
    """The event ends as dead, for one of its deliveries is."""
    id = (await put(store, planned=(DEAD, SKIPPED, PENDING))).id
    await delivered(store, "fax")
    assert await states(store, id) == ["dead", "dead", "skipped", "delivered"]
    await sound(store)


async def test_it_can_be_replayed(store: Store) -> None:
    """A filter was put right: the dead delivery is due like any other."""
    id = (await put(store, planned=(DEAD,))).id
    assert await store.replay(Query(state="dead"), Replay(START), replan()) == Count(1, 1)
    assert [d.id for d in await claimed_all(store)] == [f"{id}-1"]


async def test_what_is_planned_anew_may_end_at_once(store: Store) -> None:
    """A replay of an unrouted event keeps to what today's routes say of it."""
    id = (await put(store, to=())).id
    again = await store.replay(Query(), Replay(START), replan(SKIPPED, DEAD))
    assert again == Count(1, 2)
    assert await states(store, id) == ["dead", "skipped", "dead"]
    assert [d.last_error for d in (await shown(store, id)).deliveries] == ["null", "`when` is no bool"]
    assert await claimed(store, "ledger") == []
    await sound(store)


@pytest.mark.parametrize("shaped", Shaped)
@pytest.mark.parametrize("hot", [True, False], ids=["from memory", "from disk"])
async def test_how_it_is_shaped_is_kept(store: Store, home: Home, shaped: Shaped, *, hot: bool) -> None:
    """As its route said when the event was accepted; planned alike with others, or alone."""
    if hot:
        await caught_up(store)
    alike = (Planned("all", "billing", shaped=shaped),)
    alone = (Planned("all", "billing", shaped=shaped, order="a"),)
    await store.append([entry(store, planned=planned) for planned in (*[alike] * 9, alone)])
    again = store if hot else await home.restart()
    assert [d.shaped for d in await claimed_all(again)] == [shaped] * 10


@pytest.mark.parametrize(
    ("was", "becomes"),
    [(Shaped.PLAIN, Shaped.PLAIN), (Shaped.SHAPED, Shaped.SHAPED), (Shaped.BARE, Shaped.SHAPED)],
)
async def test_a_replay_is_shaped_by_todays_route(store: Store, was: Shaped, becomes: Shaped) -> None:
    """Also one that went as it came, because the filter of its route had failed."""
    await put(store, planned=(Planned("all", "billing", shaped=was),))
    await store.replay(Query(), Replay(START), replan())
    (delivery,) = await claimed_all(store)
    assert delivery.shaped is becomes


async def test_many_plans_of_many_kinds_in_one_transaction(store: Store, home: Home) -> None:
    """Whether a plan is shared by many events or each has its own: all are stored as they are planned."""
    kinds: list[tuple[Planned, ...]] = [
        (),
        (PENDING,),
        (DEAD, SKIPPED),
        (PENDING, DEAD),
        (Planned("all", "fax", order="a"),),
    ]
    plans = [kinds[n % 5] if n % 3 else (*kinds[n % 5], PENDING) for n in range(200)]
    receipts = await store.append([entry(store, to=(), planned=planned) for planned in plans])
    again = await home.restart()
    for receipt, planned in zip(receipts, plans, strict=True):
        views = (await shown(again, receipt.id)).deliveries
        assert [(v.route, v.target, v.state, v.last_error) for v in views] == [
            (owed.route, owed.target, owed.state.word, owed.reason) for owed in planned
        ]
    await sound(again)


async def test_an_unusable_item_is_a_dead_event_that_is_never_sent(store: Store, home: Home) -> None:
    """Listed among the dead with its reason; neither replay nor discard touches it, nor does a claim."""
    id = (await put(store, via="poll", planned=POISON)).id
    whole = Query()
    assert await store.replay(whole, Replay(START), replan(PENDING)) == Count(0, 0)
    assert await store.replay(Query(ids=(id,), state="dead"), Replay(START), replan()) == Count(0, 0)
    assert await store.discard(whole, START) == Count(0, 0)
    assert await claimed(store, "") == []
    again = await home.restart()
    assert await found(again, state="dead") == [id]
    (view,) = (await shown(again, id)).deliveries
    assert (view.route, view.target, view.state) == ("poll:list", "", "dead")
    assert view.last_error == "`time` failed: no such key"
    await sound(again)


async def test_an_unusable_item_is_no_targets(store: Store) -> None:
    """Counted by its poll, since when it is asked for, and among the dead of no target."""
    await put(store, planned=POISON)
    await put(store, planned=POISON)
    await put(store, planned=(DEAD,))
    stats = await store.stats(START)
    assert stats.targets == {"billing": TargetStats(dead=1, dead_lately=1)}
    assert stats.unusable == {"poll:list": TargetStats(dead=2, dead_lately=2)}
    assert (await store.stats(START + 1)).unusable == {"poll:list": TargetStats(dead=2, dead_lately=0)}


async def test_it_goes_in_its_time(store: Store) -> None:
    """A skipped one as what is done, a dead one as what is dead; the sums still match."""
    for planned in ((SKIPPED,), (DEAD,), POISON):
        await put(store, planned=planned)
    keep = Keep(done=10, dead=100, names=100)
    for later, left in ((11, 2), (101, 0)):
        while await store.prune(keep, START + later * SECOND):
            pass
        assert len(await found(store)) == left
    await sound(store)
