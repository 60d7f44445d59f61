"""SIGKILL at any moment, under load, again and again: what was acknowledged arrives."""

import asyncio
import os
import random
import sqlite3
import sys
import time
from typing import Final

import pytest

from tests.faults.conftest import MakeDaemon
from tests.faults.daemon import Daemon
from tests.faults.sender import Senders
from tests.faults.sink import Sink, slow, take

pytestmark = pytest.mark.faults

RUNS: Final = int(os.environ.get("FAULTS_RUNS", "100"))
SEED: Final = int(os.environ.get("FAULTS_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
"""The same seed draws the same moments; what the machine does in them is its own."""
LONGEST: Final = 0.6
"""Seconds of load before a kill, at most."""
EARLY: Final = 0.15
"""So many of the kills come while the daemon starts."""
DOWN: Final = 0.3
"""In so many of the lives the target goes down before the kill, and is still down at the next start."""


async def test_kills_lose_nothing(
    make_daemon: MakeDaemon, sink: Sink, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every acknowledged id is at the target after any number of SIGKILLs, as one event under one key."""
    rng, daemon = random.Random(SEED), make_daemon({"target.sink": "concurrency = 64"})
    with capsys.disabled():
        sys.stdout.write(f"\nFAULTS_SEED={SEED} FAULTS_RUNS={RUNS}\n")
    began = time.monotonic()
    async with Senders(daemon, rng) as senders:
        senders.begin(16)
        both = 0
        for run in range(RUNS):
            sink.behave = slow(0.05) if run % 2 else take
            both += await live_and_be_killed(daemon, sink, rng)
            await sink.next_life()
        killing = time.monotonic() - began
        await come_back(daemon, sink, senders)
        sums = await daemon.settled()
    check(sums["events"]["accepted"], senders, sink)
    assert (await daemon.stop(), *await daemon.relay("audit"))[:2] == (0, 0)
    assert intact(daemon)
    with capsys.disabled():
        sys.stdout.write(f"{numbers(senders, sink, both)}; {killing / RUNS:.2f} s a kill\n")


async def live_and_be_killed(daemon: Daemon, sink: Sink, rng: random.Random) -> bool:
    """One life of the daemon; whether the target was down as well when it ended."""
    daemon.start()
    if rng.random() < EARLY:
        await asyncio.sleep(rng.uniform(0, LONGEST))
        daemon.kill()
        return not sink.is_up
    await daemon.ready()
    down, moment = rng.random() < DOWN, rng.uniform(0, LONGEST)
    if not sink.is_up:
        await asyncio.sleep(rng.uniform(0, moment))
        await sink.rise()
    if down:
        await asyncio.sleep(rng.uniform(0, moment))
        await sink.fall()
    await asyncio.sleep(moment / 2)
    daemon.kill()
    return down


async def come_back(daemon: Daemon, sink: Sink, senders: Senders) -> None:
    """The last life, in which nothing goes wrong."""
    sink.behave = take
    if not sink.is_up:
        await sink.rise()
    daemon.start()
    await daemon.ready()
    await senders.finish()
    await sink.has(senders.acknowledged)


def check(accepted: int, senders: Senders, sink: Sink) -> None:
    """What came of it all."""
    senders.check()
    sink.check(senders.acknowledged)
    # a retry after a lost answer is the same event, and so there are as many events as ids
    assert accepted == len(senders.acknowledged)
    assert set(sink.known) == set(senders.acknowledged)
    assert senders.unanswered >= RUNS / 2, "the kills did not come under load"


def intact(daemon: Daemon) -> bool:
    """What SQLite itself says of the file."""
    connection = sqlite3.connect(daemon.folder / "relay.db")
    try:
        (said,) = connection.execute("PRAGMA integrity_check").fetchone()
    finally:
        connection.close()
    return bool(said == "ok")


def numbers(senders: Senders, sink: Sink, both: int) -> str:
    count = len(senders.acknowledged)
    return (
        f"{RUNS} kills, {both} of them with the target down; {count} events acknowledged, "
        f"{senders.unanswered} answers lost, {senders.repeated} duplicates of senders told; "
        f"{len(sink.known)} delivered, {sink.duplicates} of them again ({sink.duplicates / count:.2%})"
    )
