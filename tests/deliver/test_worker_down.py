"""A target that is down waits without cost, and gets its backlog at once when it is back."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from relay.clock import SECOND
from tests.clock import START, ManualClock
from tests.deliver.owed import never_early
from tests.deliver.stand import Stand
from tests.target import CLOSE, HANG, HOLD, RESET, Answer, ScriptedTarget, answer

FIRST = 0.25
"""Seconds until the first probe."""


@pytest.fixture
async def stand(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Stand]:
    """Probes come as late as they may, retries as early."""
    async with Stand(tmp_path, clock, never_early) as opened:
        yield opened


async def attempts(stand: Stand, ids: list[str]) -> list[int]:
    return [(await stand.delivery(id)).attempts for id in ids]


def down(stand: Stand) -> bool:
    return stand.store.target_state("box").down_at is not None


async def test_refused_then_back(stand: Stand) -> None:
    """One attempt finds it down; the others wait untried; the first success brings all of them at once."""
    async with ScriptedTarget() as target:
        stand.target(target.url, concurrency=1)
        await target.close()
        ids = await stand.post(count=50)
        await stand.idle()
        assert down(stand)
        assert sum(await attempts(stand, ids)) == 1
        await target.open()
        await stand.go_on(FIRST - 0.001)
        assert target.requests == []
        await stand.go_on(0.001)
        assert not down(stand)
        assert await stand.states(ids) == {"delivered"}
        assert len(target.requests) == 50


async def test_twenty_seconds(stand: Stand) -> None:
    """An outage of 20 s costs seconds, whatever the schedule says."""
    async with ScriptedTarget() as target:
        stand.target(target.url, retry={"schedule": ["1h"]})
        await target.close()
        ids = await stand.post(count=20)
        await stand.idle()
        for _ in range(80):
            await stand.go_on(0.25)
        await target.open()
        await stand.go_on(16)
    assert await stand.states(ids) == {"delivered"}


async def test_probes(stand: Stand) -> None:
    """One at a time, of another delivery each time, further and further apart; kept as probes."""
    async with ScriptedTarget(rest=500) as target:
        stand.target(target.url)
        one, two = await stand.post(count=2)
        await target.close()
        stand.clock.advance(10)
        await stand.idle()
        await target.open()
        begun = stand.clock.now()
        pauses = []
        for _ in range(4):
            seen = len(target.requests)
            while len(target.requests) == seen:
                await stand.go_on(0.125)
            pauses.append((stand.clock.now() - begun) / SECOND)
            begun = stand.clock.now()
    assert pauses[1:] == [0.5, 1, 2]
    assert len({request.value("Relay-Event-Id") for request in target.requests[:2]}) == 2
    for id in (one, two):
        history = await stand.history(id, "probe", "status")
        assert history[-1] == (True, 500)
        assert (await stand.delivery(id)).state == "pending"


async def test_no_step_is_spent(stand: Stand) -> None:
    """Neither by the attempt that took it down nor by probes: behind all of them comes the first step."""
    async with ScriptedTarget([500, 500, 422]) as target:
        stand.target(target.url, retry={"schedule": ["1h"], "jitter": 0.0})
        await target.close()
        (id,) = await stand.post()
        await stand.idle()
        await target.open()
        await stand.go_on(FIRST)
        await stand.go_on(2 * FIRST)
        await stand.go_on(4 * FIRST)
        assert await stand.history(id, "probe", "status") == [
            (False, None),
            (True, 500),
            (True, 500),
            (True, 422),
        ]
        delivery = await stand.delivery(id)
        assert (delivery.state, delivery.next_at) == ("pending", stand.clock.now() + 3600 * SECOND)
        assert not down(stand)


@pytest.mark.parametrize("script", [RESET, CLOSE], ids=["reset", "closed"])
async def test_reset_is_down(stand: Stand, script: Answer) -> None:
    """A connection that breaks: down at once, and well again with the next success."""
    async with ScriptedTarget([script]) as target:
        stand.target(target.url)
        (id,) = await stand.post()
        await stand.idle()
        assert down(stand)
        await stand.go_on(FIRST)
    assert (await stand.delivery(id)).state == "delivered"
    assert not down(stand)


async def test_ten_different_failures(stand: Stand) -> None:
    """The tenth in a row, one after the other: down; those before it go by their schedule."""
    async with ScriptedTarget(rest=500) as target:
        stand.target(target.url, concurrency=1)
        ids = await stand.post(count=20)
        await stand.idle()
        assert len(target.requests) == 10
        assert down(stand)
        due = [(await stand.delivery(id)).next_at for id in ids]
        assert due == [START + 4 * SECOND] * 9 + [START] * 11


async def test_one_failing_event_is_no_target_that_is_down(stand: Stand) -> None:
    """It fails again and again, and whatever else comes is tried."""
    async with ScriptedTarget(rest=500) as target:
        stand.target(target.url, retry={"schedule": ["1s"] * 30, "jitter": 0.0})
        await stand.post()
        await stand.idle()
        for _ in range(30):
            await stand.go_on(1)
        assert len(target.requests) == 31
        assert not down(stand)


async def test_hanging_probe(stand: Stand) -> None:
    """A probe that hangs is the only one, however much time goes by."""
    async with ScriptedTarget(rest=HANG) as target:
        stand.target(target.url)
        await target.close()
        await stand.post(count=5)
        await stand.idle()
        await target.open()
        stand.clock.advance(FIRST)
        await target.next()
        for _ in range(20):
            await stand.go_on(60, running=1)
        assert len(target.requests) == 1


async def test_success_of_an_old_attempt(stand: Stand) -> None:
    """An attempt from before it went down that succeeds after all: it is back at once."""
    async with ScriptedTarget([HOLD, RESET]) as target:
        stand.target(target.url, concurrency=2)
        ids = await stand.post(count=5)
        await target.several(2)
        await stand.idle(running=1)
        assert down(stand)
        target.let_go()
        await stand.idle()
    assert await stand.states(ids) == {"delivered"}


async def test_backlog_is_paced(stand: Stand) -> None:
    """What is let go at once keeps to `rate` all the same."""
    async with ScriptedTarget() as target:
        stand.target(target.url, rate="10/s")
        await target.close()
        ids = await stand.post(count=40)
        await stand.idle()
        await target.open()
        await stand.go_on(1)
        assert len(target.requests) == 10
        await stand.go_on(1)
        assert len(target.requests) == 20
        await stand.go_on(1)
        await stand.go_on(1)
    assert await stand.states(ids) == {"delivered"}


async def test_down_survives_a_restart(stand: Stand) -> None:
    """A new daemon does not storm a target that was down: it goes on probing."""
    async with ScriptedTarget() as target:
        stand.target(target.url)
        await target.close()
        ids = await stand.post(count=10)
        await stand.idle()
        state = stand.store.target_state("box")
        await target.open()
        await stand.restart()
        await stand.idle()
        assert stand.store.target_state("box") == state
        assert target.requests == []
        await stand.go_on(FIRST)
    assert await stand.states(ids) == {"delivered"}


async def test_resume_asks_at_once(stand: Stand) -> None:
    """By hand, a target that is down is tried without waiting for its probe."""
    async with ScriptedTarget() as target:
        stand.target(target.url)
        await target.close()
        ids = await stand.post(count=10)
        await stand.idle()
        await target.open()
        stand.worker.resume("box")
        await stand.idle()
    assert await stand.states(ids) == {"delivered"}


async def test_told_to_wait_as_the_probe(stand: Stand) -> None:
    """A probe that is told to wait is answered by silence as long as that."""
    async with ScriptedTarget([answer(503, "Retry-After: 60")]) as target:
        stand.target(target.url)
        await target.close()
        ids = await stand.post(count=3)
        await stand.idle()
        await target.open()
        await stand.go_on(FIRST)
        await stand.go_on(59)
        assert len(target.requests) == 1
        await stand.go_on(1)
    assert await stand.states(ids) == {"delivered"}


async def test_only_max_age_ends_it(stand: Stand) -> None:
    """Down for ever: its deliveries end when they are too old, without an attempt, and with the reason."""
    async with ScriptedTarget() as target:
        stand.target(target.url, retry={"schedule": ["1s"], "max_age": "1h"})
        await target.close()
        old = await stand.post(count=600)
        await stand.idle()
        await stand.go_on(1800)
        (young,) = await stand.post()
        await stand.go_on(1799)
        assert await stand.states(old) == {"pending"}
        commits = stand.commits
        await stand.go_on(121)
        assert stand.commits - commits < 50, "they end by hundreds, not one by one"
        assert await stand.states(old) == {"dead"}
        assert (await stand.delivery(young)).state == "pending"
        assert (await stand.delivery(old[-1])).last_error == "older than max_age"


async def test_found_too_old_by_the_probe(stand: Stand) -> None:
    """The first that is found too old when a probe is due is not followed by the rest one by one."""
    async with ScriptedTarget() as target:
        stand.target(target.url, retry={"max_age": "30s"})
        await target.close()
        ids = await stand.post(count=200)
        await stand.idle()
        commits = stand.commits
        await stand.go_on(40)
        assert await stand.states(ids) == {"dead"}
        assert stand.commits - commits < 20


async def test_too_old_between_probes(stand: Stand) -> None:
    """More of them than end at once end without waiting for the next probe."""
    async with ScriptedTarget() as target:
        stand.target(target.url, retry={"max_age": "1h"})
        await target.close()
        ids = await stand.post(count=1200)
        await stand.idle()
        for _ in range(10):
            await stand.go_on(121)
        await stand.go_on(3590 - 1210)
        await stand.go_on(70)
        await stand.post()
        await stand.idle()
        assert (await stand.store.stats(0)).targets["box"].pending == 1
        assert (await stand.delivery(ids[-1])).state == "dead"
