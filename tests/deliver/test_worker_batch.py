"""Batches on their way through the worker: one request, one outcome for all."""

import json

from tests.deliver.stand import Stand
from tests.target import HOLD, ScriptedTarget

BATCH = {"max": 3, "within": "1s"}


async def test_full_and_in_time(stand: Stand) -> None:
    """Sent when three are there; what is left when the first of it has waited a second."""
    async with ScriptedTarget() as target:
        stand.target(target.url, batch=BATCH)
        ids = [(await stand.post(body=b'{"n":%d}' % n))[0] for n in range(5)]
        await stand.idle()
        assert [json.loads(request.body) for request in target.requests] == [[{"n": n} for n in range(3)]]
        await stand.go_on(1)
        assert json.loads(target.requests[1].body) == [{"n": 3}, {"n": 4}]
        assert target.requests[1].value("Relay-Event-Id") == ",".join(ids[3:])
    assert await stand.states(ids) == {"delivered"}


async def test_one_outcome_for_all(stand: Stand) -> None:
    """Tried again as it was, under the same key, whatever else has come meanwhile."""
    async with ScriptedTarget([500]) as target:
        stand.target(target.url, batch=BATCH)
        ids = await stand.post(count=2)
        await stand.idle()
        await stand.go_on(1)
        assert await stand.states(ids) == {"pending"}
        assert {(await stand.history(id, "n", "status"))[0] for id in ids} == {(1, 500)}
        news = await stand.post(body=b'"news"')
        await stand.go_on(5)
        await stand.go_on(1)
        first, *others = target.requests
        again = next(
            request
            for request in others
            if request.value("Idempotency-Key") == first.value("Idempotency-Key")
        )
        assert (again.body, again.value("Relay-Attempt")) == (first.body, "2")
        assert [b'"news"' in request.body for request in others].count(True) == 1
    assert await stand.states([*ids, *news]) == {"delivered"}


async def test_as_it_was_over_a_restart(stand: Stand) -> None:
    """Which deliveries were tried together is on disk."""
    async with ScriptedTarget([500]) as target:
        stand.target(target.url, batch=BATCH)
        await stand.post(count=2)
        await stand.idle()
        await stand.go_on(1)
        await stand.post(count=1)
        await stand.restart()
        await stand.go_on(5)
        await stand.go_on(1)
        keys = [request.value("Idempotency-Key") for request in target.requests]
        assert keys.count(keys[0]) == 2
        assert len(keys) == 3


async def test_a_batch_takes_one_slot(stand: Stand) -> None:
    """Room is counted in requests; what gathers behind it goes when there is room again."""
    async with ScriptedTarget([HOLD]) as target:
        stand.target(target.url, batch=BATCH, concurrency=1)
        ids = await stand.post(count=7)
        await target.next()
        await stand.idle(running=1)
        assert len(target.requests) == 1
        target.let_go()
        await stand.idle()
        await stand.go_on(1)
        assert sorted(len(json.loads(request.body)) for request in target.requests) == [1, 3, 3]
    assert await stand.states(ids) == {"delivered"}


async def test_a_target_that_is_down_gets_one_batch_at_a_time(stand: Stand) -> None:
    """A probe is one request; when it is taken, all the rest goes at once."""
    async with ScriptedTarget() as target:
        stand.target(target.url, batch=BATCH)
        url = target.url
    stand.target(url, batch=BATCH)
    ids = await stand.post(count=9)
    await stand.idle()
    assert await stand.states(ids) == {"pending"}
    assert sum([len(await stand.history(id, "n")) for id in ids]) <= 9
    async with ScriptedTarget() as back:
        stand.target(back.url, batch=BATCH)
        for _ in range(4):
            await stand.go_on(1)
        assert sorted(len(json.loads(request.body)) for request in back.requests) == [3, 3, 3]
    assert await stand.states(ids) == {"delivered"}
