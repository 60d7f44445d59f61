"""Deliveries that were claimed, and wait: for others, for a thread, for an api, for their target."""

import asyncio
import json
import threading
from pathlib import Path

import pytest

from relay.deliver.lane import MOST_ASKING
from relay.deliver.message import Composer
from relay.deliver.worker import AT_ONCE
from relay.delivery import Shaped
from relay.store.protocol import Query
from tests.deliver.enriching import FOUND, EnrichStand
from tests.deliver.stand import Stand
from tests.eventually import eventually
from tests.target import RESET, ScriptedTarget, answer

HEAVY = json.dumps({"items": list(range(3000))}).encode()
SLOWLY = 'size(body) == 0 ? body : {"n": body.items.map(i, body.items[i] + 1)}'
SOON = {"schedule": ["5s"], "max_age": "1h"}
SILENCE = answer(429, "Retry-After: 7200")


async def test_discarded_while_others_are_waited_for(stand: Stand) -> None:
    """What was given up by hand is not sent, though it was claimed."""
    async with ScriptedTarget() as target:
        stand.target(target.url, batch={"max": 3, "within": "60s"})
        ids = await stand.post(count=2)
        await stand.idle()
        await stand.store.discard(Query(target="box"), stand.clock.now())
        await stand.go_on(60)
        assert target.requests == []
    assert await stand.states(ids) == {"dead"}


async def test_discarded_on_a_thread(stand: Stand) -> None:
    """Nor what is being made a message of."""
    free = threading.Event()
    async with ScriptedTarget() as target:
        stand.target(target.url)
        stand.route(transform=SLOWLY)
        for _ in range(2):
            stand.worker._preparer._threads.submit(free.wait)
        ids = await stand.post(body=HEAVY, shaped=Shaped.SHAPED)
        await eventually(lambda: stand.worker._preparer._tasks)
        await stand.store.discard(Query(target="box"), stand.clock.now())
        free.set()
        await stand.idle()
        assert target.requests == []
    assert await stand.states(ids) == {"dead"}


async def test_too_old_while_others_are_waited_for(stand: Stand) -> None:
    """A target that wants silence for hours gets nothing that is too old by then."""
    async with ScriptedTarget([SILENCE]) as target:
        stand.target(target.url, batch={"max": 3, "within": "1s"}, retry=SOON)
        ids = await stand.post(count=5)
        await stand.idle()
        await stand.go_on(7200)
        await stand.go_on(1)
        assert len(target.requests) == 1
    assert await stand.states(ids) == {"dead"}


async def test_too_old_from_a_thread(stand: Stand) -> None:
    """What was ready when its target went down is looked at again before it goes out as a probe."""
    free = threading.Event()
    async with ScriptedTarget([RESET]) as target:
        stand.target(target.url, concurrency=8, retry=SOON)
        stand.route(transform=SLOWLY)
        for _ in range(2):
            stand.worker._preparer._threads.submit(free.wait)
        heavy = await stand.post(body=HEAVY, shaped=Shaped.SHAPED, count=3)
        await stand.post(body=b"{}", shaped=Shaped.SHAPED)
        await eventually(lambda: stand.store.target_state("box").down_at is not None)
        free.set()
        await stand.idle()
        before = len(target.requests)
        await stand.go_on(7200)
        await stand.go_on(1)
        assert len(target.requests) == before
    assert await stand.states(heavy) == {"dead"}


async def test_others_have_their_turn(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are claimed, few are prepared before the loop goes round."""
    made = most = 0
    over, loop = False, asyncio.get_running_loop()
    compose = Composer.compose_quickly

    def counted(*given: object) -> object:
        nonlocal made
        made += 1
        return compose(*given)  # type: ignore[arg-type]

    def going_round() -> None:
        nonlocal made, most
        most, made = max(most, made), 0
        if not over:
            loop.call_soon(going_round)

    monkeypatch.setattr(Composer, "compose_quickly", counted)
    async with ScriptedTarget() as target:
        stand.target(target.url, batch={"max": 200, "within": "10s"})
        stand.route(transform="null")
        stand.worker.pause("box", "by hand")
        ids = await stand.post(shaped=Shaped.SHAPED, count=500)
        loop.call_soon(going_round)
        stand.worker.resume("box")
        await stand.idle()
        over = True
    assert await stand.states(ids) == {"skipped"}
    assert 0 < most <= 2 * AT_ONCE


async def test_memory_is_bounded_while_an_api_is_asked(enriching: EnrichStand, tmp_path: Path) -> None:
    """A backlog is claimed by and by, though what waits for an answer holds no slot."""
    free = threading.Event()
    async with ScriptedTarget(rest=FOUND) as api, ScriptedTarget() as target:
        enriching.serve(api, target, on="event.data.id != '8'")
        enriching.worker.pause("box", "by hand")
        body = json.dumps({"id": "8", "x": "y" * 70_000}).encode()
        for _ in range(10):
            await enriching.post(body=body, shaped=Shaped.SHAPED, count=50)
        for _ in range(2):
            enriching.enricher._threads._pool.submit(free.wait)
        enriching.worker.resume("box")
        await eventually(lambda: len(enriching.worker._preparer._tasks) == MOST_ASKING)
        free.set()
        await enriching.idle()
        assert len(target.requests) == 500
