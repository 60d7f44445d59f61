"""A full disk: senders are told to come again, promises are kept, and space that is freed is noticed."""

import asyncio
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.faults.conftest import MakeDaemon
from tests.faults.daemon import Daemon
from tests.faults.sender import Senders
from tests.faults.sink import Sink
from tests.faults.waiting import until

pytestmark = pytest.mark.faults

SIZE: Final = 128 << 20
"""Bytes of the disk."""
MIN_FREE: Final = "24MiB"
"""More than the log grows by."""
LARGE: Final = 60_000
"""Bytes that pad a body, at most: so that the disk is full in seconds."""
NOTICED: Final = 5.0
"""Seconds within which readiness turns, either way."""


START: Final = 20.0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no small disk here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def daemon(disk: Path, make_daemon: MakeDaemon) -> Daemon:
    store = f'url = "sqlite:{disk}/relay.db"\nmin_free = "{MIN_FREE}"'
    return make_daemon({"store": store, "server": 'max_body = "1MiB"'})


def fill(disk: Path) -> Path:
    """Another program's file, which takes the last byte."""
    path = disk / "another"
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(1 << 16)):
                pass
        except OSError:
            pass
    return path


async def test_full_disk_of_another_program(daemon: Daemon, disk: Path, sink: Sink) -> None:
    """503 and not ready within 5 s, alive all the time, ready within 5 s of new space; promises are kept."""
    daemon.start()
    await daemon.ready()
    async with Senders(daemon, random.Random(1)) as senders:
        senders.begin(16)
        await asyncio.sleep(0.5)
        path = fill(disk)
        await daemon.until_readyz(503, NOTICED)
        await until(lambda: len(senders.refused) > 100, 10, "refusals")
        assert await daemon.probe("/livez") == 200
        path.unlink()
        await daemon.until_readyz(200, NOTICED)
        await senders.finish()
        await sink.has(senders.acknowledged)
    await check(daemon, senders, sink)


async def test_full_disk_while_idle(daemon: Daemon, disk: Path) -> None:
    """Readiness turns and comes back though no request comes."""
    daemon.start()
    await daemon.ready()
    path = fill(disk)
    await daemon.until_readyz(503, NOTICED)
    assert await daemon.probe("/livez") == 200
    path.unlink()
    await daemon.until_readyz(200, NOTICED)


async def test_delivered_events_go_early(daemon: Daemon, sink: Sink) -> None:
    """More than the disk holds goes through it, for what was delivered makes room; nothing is lost."""
    daemon.start()
    await daemon.ready()
    async with Senders(daemon, random.Random(1), LARGE) as senders:
        senders.begin(16)
        await until(lambda: len(senders.acknowledged) * LARGE / 2 > 1.25 * SIZE, 120, "more than the disk")
        await senders.finish()
        await sink.has(senders.acknowledged)
    assert (await check(daemon, senders, sink))["events"]["pruned"] > 0


async def test_own_backlog_fills_the_disk(daemon: Daemon, sink: Sink) -> None:
    """A target that is down fills the disk; when it is back, its backlog makes room by itself."""
    daemon.start()
    await daemon.ready()
    await sink.fall()
    async with Senders(daemon, random.Random(1), LARGE) as senders:
        senders.begin(16)
        await until(lambda: len(senders.refused) > 100, 60, "refusals")
        await daemon.until_readyz(503, NOTICED)
        promised = dict(senders.acknowledged)
        await sink.rise()
        await sink.has(promised)
        await daemon.until_readyz(200, 30)
        await senders.finish()
        await sink.has(senders.acknowledged)
    await check(daemon, senders, sink)


async def test_killed_on_a_full_disk(daemon: Daemon, disk: Path, sink: Sink) -> None:
    """Killed on a full disk it starts on it, alive and not ready; with new space every promise is kept."""
    daemon.start()
    await daemon.ready()
    async with Senders(daemon, random.Random(1)) as senders:
        senders.begin(16)
        await asyncio.sleep(0.5)
        path = fill(disk)
        await daemon.until_readyz(503, NOTICED)
        daemon.kill()
        await sink.next_life()
        daemon.start()
        await daemon.until_readyz(503, START)
        await asyncio.sleep(2)
        assert (await daemon.probe("/livez"), await daemon.probe("/readyz")) == (200, 503)
        path.unlink()
        await daemon.until_readyz(200, NOTICED)
        await senders.finish()
        await sink.has(senders.acknowledged)
    await check(daemon, senders, sink)


async def check(daemon: Daemon, senders: Senders, sink: Sink) -> dict[str, dict[str, int]]:
    """The sums, and nothing that was promised is missing."""
    senders.check()
    sink.check(senders.acknowledged)
    assert daemon.alive
    sums = await daemon.settled()
    assert sums["events"]["accepted"] == len(senders.acknowledged)
    return sums
