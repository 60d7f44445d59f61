"""SIGKILL of relay and of a NATS server by turns, under load: the stream has every event once."""

import asyncio
import os
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Final

import nats
import pytest
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig

from tests.deliver.targets.servers import NatsServer
from tests.faults.conftest import MakeDaemon
from tests.faults.daemon import Daemon
from tests.faults.sender import Senders

pytestmark = pytest.mark.faults

RUNS: Final = max(4, int(os.environ.get("FAULTS_RUNS", "100")) // 5)
SEED: Final = int(os.environ.get("FAULTS_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
LONGEST: Final = 0.6
"""Seconds of load before a kill, at most."""
WINDOW: Final = 3600.0
"""Seconds in which the stream knows a `Nats-Msg-Id` again."""
PAGE: Final = 500
UNACKNOWLEDGED: Final = ConsumerConfig(ack_policy=AckPolicy.NONE)
"""Of others the server hands out no more than a thousand that wait for their acknowledgement."""


async def test_kills_of_both_sides(
    make_daemon: MakeDaemon, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing that was acknowledged is lost, and nothing is in the stream twice."""
    rng = random.Random(SEED)
    with capsys.disabled():
        sys.stdout.write(f"\nFAULTS_SEED={SEED}, {RUNS} kills\n")
    with NatsServer(tmp_path) as server:
        await make_stream(server)
        daemon = make_daemon(
            {
                "target.stream": f'url = "{server.url}"\nsubject = "orders.paid"\ntimeout = "2s"',
                "route.stream": 'from = "*"\nto = ["stream"]',
            }
        )
        daemon.start()
        await daemon.ready()
        async with Senders(daemon, rng, largest=500) as senders:
            senders.begin(8)
            for run in range(RUNS):
                await asyncio.sleep(rng.uniform(0, LONGEST))
                await kill_one(daemon, server, both=run % 3 == 0, relay=run % 3 == 1)
            await senders.finish()
        sums = await daemon.settled()
        kept = await messages(server)
    senders.check()
    assert sums["deliveries"]["delivered"] == sums["deliveries"]["planned"]
    ids = Counter([(message.headers or {})["Relay-Event-Id"] for message in kept])
    assert set(ids) == set(senders.acknowledged.values())
    assert ids.total() == len(ids), f"twice in the stream: {ids.most_common(3)}"
    with capsys.disabled():
        sys.stdout.write(f"{len(ids)} events in the stream; {senders.unanswered} answers lost\n")


async def kill_one(daemon: Daemon, server: NatsServer, *, both: bool, relay: bool) -> None:
    """The server, relay, or both at once; and start it again."""
    if both or not relay:
        server.kill()
    if both or relay:
        daemon.kill()
        daemon.start()
    if both or not relay:
        await asyncio.to_thread(server.start)
    await daemon.ready()


async def make_stream(server: NatsServer) -> None:
    client = await nats.connect(server.url, allow_reconnect=False)
    try:
        await client.jetstream().add_stream(name="ORDERS", subjects=["orders.>"], duplicate_window=WINDOW)
    finally:
        await client.close()


async def messages(server: NatsServer) -> list[Msg]:
    """All that is in the stream."""
    client = await nats.connect(server.url, allow_reconnect=False)
    try:
        jetstream = client.jetstream()
        count = (await jetstream.stream_info("ORDERS")).state.messages
        reader = await jetstream.pull_subscribe("", stream="ORDERS", config=UNACKNOWLEDGED)
        found: list[Msg] = []
        while len(found) < count:
            found += await reader.fetch(min(PAGE, count - len(found)))
        return found
    finally:
        await client.close()
