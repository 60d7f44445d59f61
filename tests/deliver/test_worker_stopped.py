"""Targets that are paused, missing from the file, or asked for silence; and the age that ends a delivery."""

from email.utils import formatdate

import pytest

from relay.clock import SECOND
from tests.clock import START
from tests.deliver.stand import Stand
from tests.target import HOLD, ScriptedTarget, answer

HOUR = 3600.0


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("value", ["60", formatdate(START // SECOND + 60, usegmt=True)])
async def test_retry_after(stand: Stand, status: int, value: str) -> None:
    """The whole target waits as long as it says; no delivery spends a step; then all go."""
    async with ScriptedTarget([answer(status, f"Retry-After: {value}")]) as target:
        stand.target(target.url, concurrency=1, retry={"schedule": []})
        ids = await stand.post(count=5)
        await stand.idle()
        await stand.go_on(59.999)
        assert len(target.requests) == 1
        await stand.go_on(0.001)
    assert await stand.states(ids) == {"delivered"}


async def test_retry_after_is_at_most_a_day(stand: Stand) -> None:
    """Whatever it says."""
    async with ScriptedTarget([answer(503, "Retry-After: 99999999")]) as target:
        stand.target(target.url)
        (id,) = await stand.post()
        await stand.idle()
        await stand.go_on(24 * HOUR)
    assert (await stand.delivery(id)).state == "delivered"


async def test_retry_after_survives_a_restart(stand: Stand) -> None:
    """A new daemon keeps the silence that was asked of the old one."""
    async with ScriptedTarget([answer(429, "Retry-After: 60")]) as target:
        stand.target(target.url)
        (id,) = await stand.post()
        await stand.idle()
        await stand.restart()
        await stand.go_on(59)
        assert len(target.requests) == 1
        await stand.go_on(1)
    assert (await stand.delivery(id)).state == "delivered"


async def test_gone(stand: Stand) -> None:
    """410 pauses the target and keeps all that it is owed, also over a restart, until it is resumed."""
    async with ScriptedTarget([410]) as target:
        stand.target(target.url, concurrency=1, retry={"schedule": [], "max_age": "1h"})
        ids = await stand.post(count=5)
        await stand.idle()
        assert stand.store.target_state("box").paused_why == "answered 410 Said So"
        await stand.restart()
        await stand.go_on(1000 * HOUR)
        assert len(target.requests) == 1
        assert await stand.states(ids) == {"pending"}
        stand.worker.resume("box")
        await stand.idle()
    assert await stand.states(ids) == {"delivered"}


async def test_pause_by_hand(stand: Stand) -> None:
    """Nothing begins; what runs comes to its end; events are taken and kept."""
    async with ScriptedTarget([HOLD]) as target:
        stand.target(target.url, concurrency=1)
        ids = await stand.post(count=3)
        await target.next()
        stand.worker.pause("box", "by hand")
        target.let_go()
        await stand.idle()
        ids += await stand.post(count=3)
        await stand.go_on(HOUR)
        assert len(target.requests) == 1
        assert [each.state for id in ids for each in await stand.deliveries(id)] == [
            "delivered",
            *["pending"] * 5,
        ]
        stand.worker.resume("box")
        await stand.idle()
    assert await stand.states(ids) == {"delivered"}


async def test_missing_from_the_file(stand: Stand) -> None:
    """Its deliveries stay pending, however long, and go when it is there again."""
    async with ScriptedTarget([HOLD]) as target:
        stand.target(target.url, concurrency=1, retry={"max_age": "1h"})
        ids = await stand.post(count=3)
        await target.next()
        stand.remove()
        target.let_go()
        await stand.idle()
        assert stand.store.target_state("box").missing_at == START
        await stand.go_on(1000 * HOUR)
        assert len(target.requests) == 1
        stand.target(target.url, retry={"max_age": "1h"})
        await stand.idle()
    assert await stand.states(ids) == {"delivered"}


async def test_too_old(stand: Stand) -> None:
    """A delivery that max_age finds waiting for its next step is dead without another attempt."""
    async with ScriptedTarget(rest=500) as target:
        stand.target(target.url, retry={"schedule": ["2h"], "max_age": "1h"})
        (id,) = await stand.post()
        await stand.idle()
        await stand.go_on(HOUR - 0.001)
        assert (await stand.delivery(id)).state == "pending"
        await stand.go_on(0.001)
        assert len(target.requests) == 1
    delivery = await stand.delivery(id)
    assert (delivery.state, delivery.attempts, delivery.last_error) == ("dead", 1, "older than max_age")


async def test_age_stands_still_while_paused(stand: Stand) -> None:
    """Half an hour, a year's pause, and half an hour: only then is an hour over."""
    async with ScriptedTarget(rest=500) as target:
        stand.target(target.url, retry={"schedule": ["25m"] * 9, "max_age": "1h", "jitter": 0.0})
        (id,) = await stand.post()
        await stand.go_on(HOUR / 2)
        stand.worker.pause("box", "by hand")
        await stand.go_on(8760 * HOUR)
        await stand.restart()
        stand.worker.resume("box")
        await stand.go_on(HOUR / 2 - 1)
        assert (await stand.delivery(id)).state == "pending"
        await stand.go_on(1)
    assert (await stand.delivery(id)).state == "dead"


async def test_reload_keeps_count(stand: Stand) -> None:
    """A target that a reload changes while attempts run has no more slots than it says."""
    async with ScriptedTarget(rest=HOLD) as target:
        stand.target(target.url, concurrency=3)
        await stand.post(count=9)
        await target.several(3)
        stand.target(target.url, concurrency=4)
        await target.next()
        await stand.idle(running=4)
        assert len(target.requests) == 4
        target.let_go()
        await stand.idle()
        assert stand.worker.lanes["box"].gate.running == 0


async def test_dropped_and_named_again(stand: Stand) -> None:
    """An attempt that outlives both reloads leaves the gate it entered: the new one has no slot too many."""
    async with ScriptedTarget(rest=HOLD) as target:
        stand.target(target.url, concurrency=1)
        await stand.post()
        await target.next()
        stand.worker.lanes = {}
        stand.target(target.url, concurrency=1)
        target.let_go()
        await stand.idle()
        assert stand.worker.lanes["box"].gate.running == 0
