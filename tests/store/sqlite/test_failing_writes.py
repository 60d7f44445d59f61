"""Each statement of a whole life failing once: nothing acknowledged is lost, nothing settled comes back."""

from functools import partial
from pathlib import Path

import pytest

from relay.clock import SECOND
from relay.delivery import Outcome
from relay.store import writer
from relay.store.protocol import Keep, Query, Receipt, Replay, Store
from relay.target import TargetState
from tests.clock import START, ManualClock
from tests.store.sqlite.faulty import Wrong, break_writing, every_fault, insisted
from tests.store.words import (
    DEAD,
    DELIVERED,
    claimed,
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
    monkeypatch.setattr(writer, "PAUSE", 0.0)


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
