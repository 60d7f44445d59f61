"""Each statement of a whole life failing once: nothing acknowledged is lost, nothing settled comes back."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from relay.clock import SECOND
from relay.delivery import Outcome
from relay.event import Event
from relay.route import Planned
from relay.store import writer
from relay.store.protocol import Keep, Query, Receipt, Replay, Store
from relay.target import TargetState
from tests.clock import START, ManualClock
from tests.store.conftest import SqliteHome
from tests.store.sqlite.faulty import Wrong, break_writing, every_fault, insisted
from tests.store.words import (
    DEAD,
    DELIVERED,
    caught_up,
    claimed,
    in_order,
    put,
    replan,
    retry,
    settled,
    settlement,
    sound,
    states,
)  # fmt: skip


async def life(store: Store) -> dict[str, Receipt]:
    """Of five events one is delivered, one dead, one tried again, one given up, one unrouted; all told."""
    told: dict[str, Receipt] = {}
    for key in ("delivered", "dead", "again", "given-up"):
        to = ("fax",) if key == "given-up" else ("billing",)
        told[key] = await insisted(partial(put, store, key, also=(f"{key}-too",), to=to))
    told["unrouted"] = await insisted(lambda: put(store, "unrouted", to=()))
    deliveries = {d.event.key: d for d in await claimed(store)}
    store.remember("billing", TargetState(probes=7))
    outcomes: dict[str, Outcome] = {"delivered": DELIVERED, "dead": DEAD, "again": retry(5)}
    store.settle([settlement(deliveries[key], outcome, status=200) for key, outcome in outcomes.items()])
    await store.flush()
    await insisted(lambda: store.discard(Query(target="fax"), START))
    return told


async def afterwards(store: Store, told: dict[str, Receipt]) -> None:
    """Every event that was acknowledged is there, once, as it ended; the sums match."""
    await sound(store)
    ends = {"delivered": "delivered", "dead": "dead", "again": "pending", "given-up": "dead"}
    for key, end in ends.items():
        assert await states(store, told[key].id) == [end, end]
    assert await states(store, told["unrouted"].id) == ["unrouted"]
    assert (await store.audit()).events["accepted"] == len(told)
    assert store.target_state("billing") == TargetState(probes=7)
    for key, receipt in told.items():
        again = await put(store, f"new-{key}", also=(f"{key}-too",)) if key != "unrouted" else receipt
        assert again.id == receipt.id


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "AGAIN", 0.0)


@pytest.mark.parametrize("wrong", ["before", "after"])
async def test_every_write_of_a_life_failing(tmp_path: Path, clock: ManualClock, wrong: Wrong) -> None:
    """Whichever statement fails, carried out or not: what was told holds, here and after a restart."""

    async def live(store: Store, at: int) -> bool:
        faulty = break_writing(store, at, wrong)
        told = await life(store)
        fired = faulty.mend()
        await afterwards(store, told)
        return fired

    assert await every_fault(tmp_path, clock, wrong, live) > 30


@pytest.mark.parametrize("wrong", ["before", "after"])
async def test_what_was_refused_and_is_on_disk_all_the_same_goes_out(
    tmp_path: Path, clock: ManualClock, wrong: Wrong
) -> None:
    """Nobody was told that it is there; it is due nevertheless, and once."""

    async def live(store: Store, at: int) -> bool:
        await caught_up(store)
        faulty = break_writing(store, at, wrong)
        id = (await insisted(partial(put, store, "k"))).id
        assert [d.event.id for d in await claimed(store)] == [id]
        return faulty.mend()

    assert await every_fault(tmp_path, clock, wrong, live) > 5


async def test_an_answer_that_could_not_be_written_is_forgotten_by_a_replay(
    tmp_path: Path, clock: ManualClock
) -> None:
    """Its commit failed, and is made again after that: then nothing of it is left."""
    home = SqliteHome(tmp_path, clock)
    store = await home.open()
    id = (await put(store)).id
    await put(store, to=())

    async def plans(events: Sequence[Event]) -> list[tuple[Planned, ...]]:
        store.keep_answer(id, "order", "1")
        break_writing(store, 0, "before")
        return [() for _ in events]

    await store.replay(Query(), Replay(START), plans)
    await store.flush()
    assert await store.answers(id) == {}
    assert await (await home.restart()).answers(id) == {}
    await home.close()


@pytest.mark.parametrize("wrong", ["before", "after"])
async def test_every_write_of_an_ordered_life_failing(
    tmp_path: Path, clock: ManualClock, wrong: Wrong
) -> None:
    """Whichever statement fails, carried out or not: each of a key goes out after the one before it.

    Nobody starts anew meanwhile: that the next one is due is noticed by the store that runs.
    """

    async def live(store: Store, at: int) -> bool:
        await caught_up(store)
        faulty = break_writing(store, at, wrong)
        puts = [partial(put, store, key, planned=in_order("a")) for key in ("1", "2", "3", "4")]
        ids = [(await insisted(each)).id for each in puts]
        await insisted(lambda: store.discard(Query(ids=(ids[1],)), START))
        got: list[str] = []
        for _ in range(3):
            (delivery,) = await claimed(store)
            got.append(delivery.event.id)
            store.keep_answer(delivery.event.id, "order", "1")
            await settled(store, [delivery], DELIVERED)
        assert got == [ids[0], *ids[2:]]
        await insisted(lambda: store.replay(Query(ids=tuple(ids)), Replay(START), replan()))
        assert [d.event.id for d in await claimed(store)] == ids[:1]
        fired = faulty.mend()
        await store.flush()
        await sound(store)
        return fired

    assert await every_fault(tmp_path, clock, wrong, live) > 30


@pytest.mark.parametrize("wrong", ["before", "after"])
async def test_every_write_of_what_is_done_by_hand_failing(
    tmp_path: Path, clock: ManualClock, wrong: Wrong
) -> None:
    """Replay, the end of old ones, prune: all of a step or nothing of it, until it is asked for again."""
    later = START + 100 * SECOND

    async def live(store: Store, at: int) -> bool:
        one, two, three = [(await put(store, key)).id for key in ("1", "2", "3")]
        await settled(store, await claimed(store, count=1), DELIVERED)
        await settled(store, await claimed(store, count=1), DEAD)
        store.shelve("billing")
        faulty = break_writing(store, at, wrong)
        await insisted(lambda: store.end_old("billing", START, "old", START))
        assert await states(store, three) == ["dead", "dead"]
        await insisted(lambda: store.replay(Query(ids=(two,)), Replay(later), replan()))
        assert await states(store, two) == ["pending", "pending"]
        while await insisted(lambda: store.prune(Keep(1, 1, 1), later)):
            pass
        assert [await store.show(id) for id in (one, three)] == [None, None]
        assert [d.event.id for d in await claimed(store, now=later)] == [two]
        fired = faulty.mend()
        await sound(store)
        return fired

    assert await every_fault(tmp_path, clock, wrong, live) > 15
