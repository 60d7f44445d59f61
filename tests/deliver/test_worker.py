"""The worker's way with a delivery: at once, again by schedule, and to its end."""

import asyncio
import threading
from collections.abc import Mapping
from typing import Final

import pytest

from relay.clock import SECOND
from relay.deliver.targets.protocol import Message, Place, Reply
from tests.clock import START
from tests.deliver.stand import Stand
from tests.eventually import eventually
from tests.target import HANG, HOLD, Answer, ScriptedTarget


async def test_delivers_at_once(stand: Stand) -> None:
    """No time goes by between the commit and the attempt; what came of it is kept."""
    async with ScriptedTarget([202]) as target:
        stand.target(target.url)
        (id,) = await stand.post(body=b"\x00bytes\xff")
        await stand.idle()
        assert (await target.next()).body == b"\x00bytes\xff"
    delivery = await stand.delivery(id)
    assert (delivery.state, delivery.attempts, delivery.last_status) == ("delivered", 1, 202)
    assert await stand.history(id, "n", "at", "status", "error", "probe") == [(1, START, 202, None, False)]


async def test_tries_again_by_schedule(stand: Stand) -> None:
    """Not a moment before its step, with the same names, and counting."""
    async with ScriptedTarget([500, 404]) as target:
        stand.target(target.url)
        (id,) = await stand.post()
        await stand.idle()
        assert (await stand.delivery(id)).next_at == START + 5 * SECOND
        await stand.go_on(4.999)
        assert len(target.requests) == 1
        await stand.go_on(0.001)
        assert len(target.requests) == 2
        await stand.go_on(299.999)
        assert len(target.requests) == 2
        await stand.go_on(0.001)
    requests = target.requests
    assert [request.value("Relay-Attempt") for request in requests] == ["1", "2", "3"]
    assert {request.value("Idempotency-Key") for request in requests} == {f"{id}-1"}
    assert {request.value("Relay-Event-Id") for request in requests} == {id}
    assert await stand.history(id, "status") == [(500,), (404,), (200,)]
    assert (await stand.delivery(id)).state == "delivered"


async def test_schedule_used_up(stand: Stand) -> None:
    """Dead with a reason, kept, and left alone for ever."""
    async with ScriptedTarget(rest=422) as target:
        stand.target(target.url)
        (id,) = await stand.post()
        await stand.idle()
        await stand.go_on(5)
        await stand.go_on(300)
        await stand.go_on(10**6)
        assert len(target.requests) == 3
    delivery = await stand.delivery(id)
    assert (delivery.state, delivery.attempts, delivery.next_at) == ("dead", 3, None)
    assert delivery.last_error == "schedule used up: answered 422 Said So"


async def test_one_that_is_refused_wakes_nobody(stand: Stand) -> None:
    """An event that a healthy target keeps refusing follows its schedule, whatever else succeeds."""
    async with ScriptedTarget([500]) as target:
        stand.target(target.url)
        (refused,) = await stand.post()
        await stand.idle()
        await stand.post(count=30)
        await stand.idle()
        assert len(target.requests) == 31
        assert (await stand.delivery(refused)).next_at == START + 5 * SECOND


async def test_fan_out(stand: Stand) -> None:
    """Each target has a delivery, an attempt and a state of its own."""
    async with ScriptedTarget([200]) as one, ScriptedTarget([500]) as two:
        stand.target(one.url, "one")
        stand.target(two.url, "two")
        (id,) = await stand.post("one", "two")
        await stand.idle()
    deliveries = await stand.deliveries(id)
    assert [(each.target, each.state) for each in deliveries] == [("one", "delivered"), ("two", "pending")]
    keys = [one.requests[0].value("Idempotency-Key"), two.requests[0].value("Idempotency-Key")]
    assert keys == [f"{id}-1", f"{id}-2"]


async def test_hanging_target_slows_nobody(stand: Stand) -> None:
    """All slots of one target hang: the other gets everything."""
    async with ScriptedTarget(rest=HANG) as slow, ScriptedTarget() as quick:
        stand.target(slow.url, "slow", concurrency=2)
        stand.target(quick.url, "quick", concurrency=2)
        ids = await stand.post("slow", "quick", count=20)
        await slow.several(2)
        await stand.idle(running=2)
        assert (len(slow.requests), len(quick.requests)) == (2, 20)
        for id in ids:
            states = {each.target: each.state for each in await stand.deliveries(id)}
            assert states == {"slow": "pending", "quick": "delivered"}


async def test_slots(stand: Stand) -> None:
    """No more attempts at a time than `concurrency`, and the next ones as soon as slots are free."""
    async with ScriptedTarget(rest=HOLD) as target:
        stand.target(target.url, concurrency=3)
        ids = await stand.post(count=10)
        await target.several(3)
        await stand.idle(running=3)
        assert len(target.requests) == 3
        target.let_go()
        await stand.idle()
        assert await stand.states(ids) == {"delivered"}


async def test_rate(stand: Stand) -> None:
    """A burst of one second's worth, then evenly; nothing earlier, nothing left over."""
    async with ScriptedTarget() as target:
        stand.target(target.url, rate="2/s")
        await stand.post(count=5)
        await stand.idle()
        assert len(target.requests) == 2
        await stand.go_on(0.499)
        assert len(target.requests) == 2
        for expected in (3, 4, 5, 5):
            await stand.go_on(0.5)
            assert len(target.requests) == expected


@pytest.mark.parametrize("reason", [b"\xff\xfe", "größer".encode(), b"a\tb", b"x" * 5000])
async def test_reason_that_is_no_text(stand: Stand, reason: bytes) -> None:
    """Whatever a target says of itself: it is kept, and the delivery goes by its schedule."""
    async with ScriptedTarget(
        [Answer(b"HTTP/1.1 500 " + reason + b"\r\nContent-Length: 0\r\n\r\n")]
    ) as target:
        stand.target(target.url)
        (id,) = await stand.post()
        await stand.idle()
        assert len(await stand.history(id, "error")) == 1
        await stand.go_on(5)
    assert (await stand.delivery(id)).state == "delivered"


async def test_error_of_our_own(stand: Stand) -> None:
    """A target of ours that breaks costs the delivery a step, and the worker goes on."""

    class Broken:
        takes_senders_headers = True
        places: Final[Mapping[str, Place]] = {}

        async def send(self, message: Message, now: int) -> Reply:
            raise RuntimeError("no such luck")

        async def close(self) -> None:
            """Nothing to let go of."""

    async with ScriptedTarget() as target:
        stand.target(target.url)
        stand.worker.lanes["box"].target = Broken()
        (id,) = await stand.post()
        await stand.idle()
        assert await stand.history(id, "status", "error") == [
            (None, "an error of relay's own (RuntimeError)")
        ]
        stand.target(target.url, timeout="9s")
        await stand.go_on(5)
    assert (await stand.delivery(id)).state == "delivered"


async def test_drain_waits(stand: Stand) -> None:
    """A stop begins nothing more, and lets what runs come to its end."""
    async with ScriptedTarget([HOLD]) as target:
        stand.target(target.url, concurrency=1)
        first, second = await stand.post(count=2)
        await target.next()
        drain = asyncio.create_task(stand.worker.drain(20))
        await eventually(lambda: stand.worker._stopping)
        stand.worker.wake()
        target.let_go()
        await drain
        assert len(target.requests) == 1
    await stand.store.flush()
    assert [(await stand.delivery(id)).attempts for id in (first, second)] == [1, 0]


async def test_drain_in_the_middle_of_a_turn(stand: Stand) -> None:
    """A stop while one target's age is looked at: the next one's turn begins nothing."""
    async with ScriptedTarget() as gone, ScriptedTarget() as target:
        stand.target(gone.url, "gone", retry={"max_age": "1m"})
        stand.target(target.url, rate="1/s")
        await gone.close()
        await stand.post("gone", "box", count=2)
        await stand.idle()
        assert len(target.requests) == 1
        go_on = threading.Event()
        reading = asyncio.ensure_future(stand.store._reading.run(lambda _: go_on.wait(60)))
        stand.clock.advance(61)  # both are due, and the age of what waits for the first
        await eventually(lambda: stand.store._backlogs._readings)
        await stand.worker.drain(20)
        go_on.set()
        await reading
        await stand._run
        assert stand.worker._running == {}
        assert len(target.requests) == 1


async def test_drain_cuts_off(stand: Stand) -> None:
    """What does not end in time stays pending, untried as far as is known, and goes first next time."""
    async with ScriptedTarget([HOLD]) as target:
        stand.target(target.url)
        (id,) = await stand.post()
        await target.next()
        await stand.restart()
        await stand.idle()
        assert (await stand.delivery(id)).state == "delivered"
        keys = [request.value("Idempotency-Key") for request in target.requests]
        attempts = [request.value("Relay-Attempt") for request in target.requests]
    assert (keys, attempts) == ([f"{id}-1"] * 2, ["1", "1"])


async def test_restart_with_pending(stand: Stand) -> None:
    """A new daemon finds what the old one left, and when it is due."""
    async with ScriptedTarget([500]) as target:
        stand.target(target.url)
        (id,) = await stand.post()
        await stand.idle()
        await stand.restart()
        await stand.idle()
        assert len(target.requests) == 1
        await stand.go_on(5)
    assert [request.value("Relay-Attempt") for request in target.requests] == ["1", "2"]
    assert (await stand.delivery(id)).state == "delivered"


async def test_nothing_starts_while_commits_fail(stand: Stand) -> None:
    """A store that cannot write down what came of it starts no delivery; when it is well, all go."""
    async with ScriptedTarget([500]) as target:
        stand.target(target.url)
        (id,) = await stand.post()
        await stand.idle()
        await _writable(stand, "ON")
        stand.store._writer.beat()
        await eventually(lambda: stand.store.pulse().failing)
        stand.clock.advance(5)
        await eventually(lambda: stand.clock.waits_for(stand.worker._wake))
        stand.clock.advance(5)
        await eventually(lambda: stand.clock.waits_for(stand.worker._wake))
        assert len(target.requests) == 1
        await _writable(stand, "OFF")
        await target.next()
        await target.next()
        await stand.idle()
    assert (await stand.delivery(id)).state == "delivered"


async def _writable(stand: Stand, query_only: str) -> None:
    await stand.store._writing.run(lambda c: c.execute(f"PRAGMA query_only={query_only}"))


@pytest.mark.parametrize("before", [False, True])
async def test_results_wait_for_the_store(stand: Stand, before: bool) -> None:
    """What came of attempts while commits failed is written down when they are well."""
    async with ScriptedTarget([HOLD]) as target:
        stand.target(target.url)
        (id,) = await stand.post()
        await target.next()
        await _writable(stand, "ON")
        if before:
            stand.store._writer.beat()
            await eventually(lambda: stand.store.pulse().failing)
        target.let_go()
        await eventually(lambda: not stand.worker._running)
        await eventually(lambda: stand.store.pulse().failing)
        await _writable(stand, "OFF")
        await stand.store.flush()
    assert len((await stand.delivery(id)).history) == 1
