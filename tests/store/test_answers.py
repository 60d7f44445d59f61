"""What enrichments answered: at hand at once, kept, and gone with its event or a replay of it."""

import asyncio

import pytest

from relay.clock import SECOND
from relay.store.protocol import Keep, Query, Replay, Store
from tests.clock import START
from tests.store.conftest import Home
from tests.store.words import claimed, delivered, put, replan

LARGE = '"' + "é" * 300_000 + '"'


@pytest.mark.parametrize("flushed", [True, False])
async def test_it_is_known_from_now_on(store: Store, *, flushed: bool) -> None:
    """By event and name, whether it is on disk yet or not; null is an answer too."""
    one, other = (await put(store)).id, (await put(store)).id
    assert await store.answers(one) == {}
    store.keep_answer(one, "order", '{"id":42}')
    store.keep_answer(one, "customer", "null")
    store.keep_answer(other, "order", LARGE)
    if flushed:
        await store.flush()
    assert await store.answers(one) == {"order": '{"id":42}', "customer": "null"}
    assert await store.answers(other) == {"order": LARGE}


async def test_it_survives_a_restart(store: Store, home: Home) -> None:
    """What was kept before a stop is there after it."""
    id = (await put(store)).id
    store.keep_answer(id, "order", LARGE)
    assert await (await home.restart()).answers(id) == {"order": LARGE}


async def test_the_last_one_counts(store: Store, home: Home) -> None:
    """Whether the one before it was on disk or not."""
    id = (await put(store)).id
    for n in range(4):
        store.keep_answer(id, "order", str(n))
        assert await store.answers(id) == {"order": str(n)}
        if n == 1:
            await store.flush()
    assert await (await home.restart()).answers(id) == {"order": "3"}


async def test_it_is_at_hand_while_it_is_written(store: Store) -> None:
    """At no moment between memory and disk is it nowhere."""
    ids = [(await put(store)).id for _ in range(20)]
    for id in ids:
        store.keep_answer(id, "order", "1")
        flushing = asyncio.create_task(store.flush())
        while not flushing.done():
            assert await store.answers(id) == {"order": "1"}
        await flushing


async def test_more_answers_than_a_statement_takes(store: Store, home: Home) -> None:
    """All of them are written."""
    id = (await put(store)).id
    for n in range(200):
        store.keep_answer(id, f"name {n}", str(n))
    await store.flush()
    assert await (await home.restart()).answers(id) == {f"name {n}": str(n) for n in range(200)}


async def test_it_goes_with_its_event(store: Store, home: Home) -> None:
    """And one that comes when its event is gone is not kept."""
    gone, kept = (await put(store)).id, (await put(store, at=START + 60 * SECOND)).id
    for id in (gone, kept):
        store.keep_answer(id, "order", "1")
    await delivered(store, now=START + 60 * SECOND)
    await store.prune(Keep(done=30, dead=30, names=30), START + 60 * SECOND)
    assert (await store.answers(gone), await store.answers(kept)) == ({}, {"order": "1"})
    store.keep_answer(gone, "order", "2")
    await store.flush()
    assert await (await home.restart()).answers(gone) == {}


@pytest.mark.parametrize("flushed", [True, False])
async def test_a_replay_asks_anew(store: Store, home: Home, *, flushed: bool) -> None:
    """Of the events that it takes nothing is known any more; a dry run and the others' change nothing."""
    one, other = (await put(store)).id, (await put(store)).id
    for id in (one, other):
        store.keep_answer(id, "order", "1")
    if flushed:
        await store.flush()
    await store.replay(Query(ids=(one,)), Replay(START, dry_run=True), replan())
    assert await store.answers(one) == {"order": "1"}
    await store.replay(Query(ids=(one,)), Replay(START), replan())
    for restarts in (False, True):
        each = await home.restart() if restarts else store
        assert (await each.answers(one), await each.answers(other)) == ({}, {"order": "1"})


async def test_an_attempt_that_fails_keeps_it(store: Store) -> None:
    """It is not asked for again only because the target failed."""
    id = (await put(store)).id
    store.keep_answer(id, "order", "1")
    store.release(await claimed(store))
    await store.discard(Query(ids=(id,)), START)
    assert await store.answers(id) == {"order": "1"}


async def test_of_no_event_nothing_is_known(store: Store) -> None:
    """Though its id might be one."""
    assert await store.answers(store.next_id(START)) == {}
