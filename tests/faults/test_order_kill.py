"""SIGKILL under load, and a target that fails at random: the events of each key arrive in their order."""

import asyncio
import os
import random
import sys
import time
from typing import Final

import pytest
from typing_extensions import override

from tests.faults.conftest import MakeDaemon
from tests.faults.daemon import Daemon
from tests.faults.moody import SEPARATOR, Moody, named
from tests.faults.sender import Answer, Senders
from tests.faults.sink import Sink

pytestmark = pytest.mark.faults

RUNS: Final = int(os.environ.get("FAULTS_RUNS", "100"))
SEED: Final = int(os.environ.get("FAULTS_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
CALM: Final = tuple(f"key-{number}" for number in range(50))
HOT: Final = "hot"
"""The key whose next event comes as soon as the one before is acknowledged."""
PAUSE: Final = 0.8
"""Seconds between two events of any other key, at most."""
LONGEST: Final = 0.6
"""Seconds of load before a kill, at most."""
EARLY: Final = 0.1
"""So many of the kills come while the daemon starts."""
AWAY: Final = 0.1
"""Seconds before a sender comes again to a daemon that is not there."""
REPEATED: Final = 0.05
"""So many events are posted again behind the next one of their key."""
TARGET: Final = f"""concurrency = 64
timeout = "400ms"
ordered_by = 'body.id.split("{SEPARATOR}")[0]'"""


class KeyedSenders(Senders):
    """One for each key: it posts the next event of it when the one before was acknowledged."""

    def begin_keys(self) -> None:
        self._tasks = [asyncio.create_task(self._keep_order(key)) for key in (HOT, *CALM)]

    async def _keep_order(self, key: str) -> None:
        number = 0
        while not self._stopping:
            number += 1
            await self.persist(named(key, number))
            if number > 1 and self._rng.random() < REPEATED:
                await self.post(named(key, number - 1))
            if key != HOT:
                await asyncio.sleep(self._rng.uniform(0, PAUSE))

    @override
    async def post(self, name: str, body: bytes | None = None) -> Answer:
        answer = await super().post(name, body)
        if not answer.status:
            await asyncio.sleep(AWAY)
        return answer


async def test_kills_keep_order(
    make_daemon: MakeDaemon, sink: Sink, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once an event of a key was taken no older one of it ever arrives; none is lost, none overtaken."""
    rng, daemon = random.Random(SEED), make_daemon({"target.sink": TARGET})
    sink.behave = moody = Moody(sink, random.Random(SEED))
    with capsys.disabled():
        sys.stdout.write(f"\nFAULTS_SEED={SEED} FAULTS_RUNS={RUNS}\n")
    began = time.monotonic()
    async with KeyedSenders(daemon, rng, largest=500) as senders:
        senders.begin_keys()
        for _ in range(RUNS):
            await live_and_be_killed(daemon, rng)
            await sink.next_life()
        killing = time.monotonic() - began
        moody.well = True
        daemon.start()
        await daemon.ready()
        await senders.finish()
        await sink.has(senders.acknowledged)
        sums = await daemon.settled()
    assert not moody.wrong, f"{len(moody.wrong)} out of order: {moody.wrong[:5]}"
    senders.check()
    sink.check(senders.acknowledged)
    assert sums["deliveries"]["delivered"] == sums["events"]["accepted"] == len(senders.acknowledged)
    lives = {arrival.life for arrival in sink.arrivals}
    assert len(lives) > RUNS / 2, "the kills did not come under load"
    with capsys.disabled():
        sys.stdout.write(f"{numbers(senders, moody)}; {killing / RUNS:.2f} s a kill\n")


async def live_and_be_killed(daemon: Daemon, rng: random.Random) -> None:
    """One life of the daemon."""
    daemon.start()
    if rng.random() >= EARLY:
        await daemon.ready()
    await asyncio.sleep(rng.uniform(0, LONGEST))
    daemon.kill()


def numbers(senders: Senders, moody: Moody) -> str:
    hot = sum([name.startswith(HOT) for name in senders.acknowledged])
    return (
        f"{RUNS} kills, {len(senders.acknowledged)} events of {len(CALM) + 1} keys, {hot} of one; "
        f"{senders.unanswered} answers lost, {moody.failed} attempts failed, {moody.again} made again"
    )
