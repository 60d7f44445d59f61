"""Another process holds the store's write lock: senders hear of it in time, and nothing is lost."""

import asyncio
import random
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pytest

from tests.faults.daemon import Daemon
from tests.faults.sender import Senders
from tests.faults.sink import Sink, slow, take

pytestmark = pytest.mark.faults

ACK_TIMEOUT: Final = 1.0
"""Seconds, [server]'s default."""
MARGIN: Final = 0.75
"""Seconds that a busy machine may take to bring an answer."""
NOTICED: Final = 5.0
"""Seconds within which readiness turns, either way."""

HOLD = """
import sqlite3, sys
store = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
store.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
store.execute("ROLLBACK")
store.close()
"""


class Lock:
    """The write lock, in a process of its own."""

    def __init__(self, store: Path) -> None:
        self._store = store

    def __enter__(self) -> Self:
        command = [sys.executable, "-c", HOLD, str(self._store)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"held\n"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()


async def test_locked_under_load(daemon: Daemon, sink: Sink) -> None:
    """503 in time, no delivery while commits fail, ready again by itself, and every promise is kept."""
    # slow, so that there is something to deliver all the time
    sink.behave = slow(0.2)
    daemon.start()
    await daemon.ready()
    async with Senders(daemon, random.Random(1)) as senders:
        senders.begin(16)
        await asyncio.sleep(0.5)
        with Lock(daemon.folder / "relay.db"):
            await daemon.until_readyz(503, NOTICED)
            await asyncio.sleep(0.5)
            begun, promised = len(sink.arrivals), len(senders.acknowledged)
            await asyncio.sleep(3)
            assert await daemon.probe("/livez") == 200
            assert (len(sink.arrivals), len(senders.acknowledged)) == (begun, promised)
            assert len(sink.known) < promised
        await daemon.until_readyz(200, NOTICED)
        sink.behave = take
        await senders.finish()
        await sink.has(senders.acknowledged)
    assert len(senders.refused) > 16
    assert max(answer.seconds for answer in senders.refused) < ACK_TIMEOUT + MARGIN
    senders.check()
    sink.check(senders.acknowledged)
    assert (await daemon.settled())["events"]["accepted"] == len(senders.acknowledged)


@pytest.mark.parametrize("idle", [0.0, 0.4, 0.8, 2.3])
async def test_locked_while_idle(daemon: Daemon, idle: float) -> None:
    """Readiness turns within 5 s and back within 5 s though no request comes, however long after a commit."""
    daemon.start()
    await daemon.ready()
    async with Senders(daemon, random.Random(1)) as senders:
        await senders.persist(senders.name())
    await asyncio.sleep(idle)
    with Lock(daemon.folder / "relay.db"):
        await daemon.until_readyz(503, NOTICED)
        assert await daemon.probe("/livez") == 200
    await daemon.until_readyz(200, NOTICED)
