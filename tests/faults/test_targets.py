"""A target that fails in every way there is: what was acknowledged arrives in the end, or is shown."""

import asyncio
import random
from typing import Final

import pytest

from tests.faults.conftest import MakeDaemon
from tests.faults.daemon import Daemon
from tests.faults.sender import Senders
from tests.faults.sink import Behaviour, Sink, hang, reset, say, take
from tests.faults.waiting import until

pytestmark = pytest.mark.faults

EVENTS: Final = 60
ELSEWHERE: Final = {"Location": "/elsewhere"}


@pytest.fixture
def daemon(make_daemon: MakeDaemon) -> Daemon:
    """An attempt takes a second at most, so that a target that hangs is known for one soon."""
    return make_daemon({"target.sink": 'timeout = "1s"'})


async def post(senders: Senders, count: int = EVENTS) -> None:
    await asyncio.gather(*[senders.persist(senders.name()) for _ in range(count)])


async def arrive(daemon: Daemon, sink: Sink, senders: Senders) -> None:
    """Everything that was acknowledged is at the target, and the sums say so."""
    await sink.has(senders.acknowledged, within=20)
    senders.check()
    sink.check(senders.acknowledged)
    sums = await daemon.settled()
    assert sums["deliveries"]["delivered"] == sums["events"]["accepted"] == len(senders.acknowledged)


@pytest.mark.parametrize(
    "behave", [hang, reset, say(500), say(301, ELSEWHERE)], ids=["hangs", "resets", "says 500", "says 301"]
)
async def test_failing_target(daemon: Daemon, sink: Sink, behave: Behaviour) -> None:
    """It is found to be down, is not followed elsewhere, and when it is well it gets its backlog at once."""
    sink.behave = behave
    daemon.start()
    await daemon.ready()
    async with Senders(daemon, random.Random(1)) as senders:
        await post(senders)
        await until_breaker(daemon, "open")
        assert (await daemon.target())["pending"] == EVENTS
        sink.behave = take
        await arrive(daemon, sink, senders)
        await until_breaker(daemon, "closed")


async def test_target_that_is_gone(daemon: Daemon, sink: Sink) -> None:
    """410 pauses it, over a restart too; what it is owed is kept and shown until it is resumed."""
    sink.behave = say(410)
    daemon.start()
    await daemon.ready()
    async with Senders(daemon, random.Random(1)) as senders:
        await post(senders)
        await until(lambda: "target.paused" in daemon.log(), 10, "relay's word of it")
        # with the commit of this one the pause is on disk
        await post(senders, 1)
        sink.behave = take
        daemon.kill()
        await sink.next_life()
        daemon.start()
        await daemon.ready()
        await post(senders)
        shown = await daemon.target()
        taken = sum([known.taken for known in sink.known.values()])
        assert (shown["paused"], shown["pending"]) == (True, 2 * EVENTS + 1 - taken)
        assert (await daemon.relay("resume", "sink"))[0] == 0
        await arrive(daemon, sink, senders)


async def test_target_that_asks_for_silence(daemon: Daemon, sink: Sink) -> None:
    """429 with Retry-After: the whole target is left alone for that long, and then gets everything."""
    daemon.start()
    await daemon.ready()
    async with Senders(daemon, random.Random(1)) as senders:
        sink.behave = say(429, {"Retry-After": "2"})
        await post(senders, 1)
        await until(lambda: len(sink.arrivals) == 1, 10, "the attempt")
        await until(lambda: "target.wait" in daemon.log(), 10, "relay's word of it")
        sink.behave = take
        await post(senders)
        await arrive(daemon, sink, senders)
    first, *later = [arrival.at for arrival in sink.arrivals]
    assert min(later) - first >= 2


async def test_target_down_and_back(daemon: Daemon, sink: Sink) -> None:
    """Refused connections cost no step of the schedule; the backlog flows within seconds of its return."""
    daemon.start()
    await daemon.ready()
    async with Senders(daemon, random.Random(1)) as senders:
        await sink.fall()
        await post(senders)
        await asyncio.sleep(2)
        assert (await daemon.target())["pending"] == EVENTS
        await sink.rise()
        await arrive(daemon, sink, senders)
    # waiting for it was not trying: an attempt that was under way, perhaps a probe, and the one that arrived
    assert max([arrival.attempt for arrival in sink.arrivals]) <= 3


async def test_target_down_and_relay_killed(daemon: Daemon, sink: Sink) -> None:
    """Both at once, and again while it is still down: nothing that was acknowledged is lost."""
    daemon.start()
    await daemon.ready()
    async with Senders(daemon, random.Random(1)) as senders:
        senders.begin(16)
        await asyncio.sleep(0.2)
        await sink.fall()
        for _ in range(3):
            await asyncio.sleep(0.3)
            daemon.kill()
            await sink.next_life()
            daemon.start()
            await daemon.ready()
        await sink.rise()
        await senders.finish()
        await arrive(daemon, sink, senders)


async def until_breaker(daemon: Daemon, word: str) -> None:
    """Return when the target's breaker is what it should be."""
    for _ in range(100):
        if (await daemon.target())["breaker"] == word:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(await daemon.target())
