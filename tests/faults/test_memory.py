"""Memory stays within what the file allows, however much is sent at once, how slowly, how endlessly."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from tests.faults.conftest import MakeDaemon
from tests.faults.daemon import Daemon
from tests.faults.sender import Senders, signature
from tests.faults.sink import Sink

pytestmark = pytest.mark.faults

MIB: Final = 1 << 20
CONNECTIONS: Final = 200
BODY: Final = 10 * MIB
MAX_INFLIGHT: Final = 64 * MIB
MARGIN: Final = 240 * MIB
"""What is held beside bodies being received: 32 MiB each of bodies at hand and of SQLite's pages, a body that
is put together, a batch on its way to disk, four attempts at the target, up to 256 KiB that each socket has
read ahead, and what the allocator keeps of all that."""
SLOW: Final = 1.0
"""body_timeout of the source for slow bodies, seconds."""
CHUNK: Final = 1 << 16


@pytest.fixture
async def daemon(make_daemon: MakeDaemon) -> Daemon:
    server = f'max_inflight = "{MAX_INFLIGHT // MIB}MiB"\nbody_timeout = "30s"\nack_timeout = "10s"'
    bulk = 'verify = { type = "hmac", header = "X-Signature", prefix = "sha256=" }'
    secret = 'secret = { env = "FAULTS_SECRET" }'
    daemon = make_daemon(
        {
            "server": server,
            "source.bulk": f"{bulk}\n{secret}",
            "source.slow": f'{bulk}\n{secret}\nbody_timeout = "{SLOW:g}s"',
            "target.sink": "concurrency = 4",
        }
    )
    daemon.start()
    await daemon.ready()
    return daemon


def memory(daemon: Daemon, name: str) -> int:
    """Bytes: `VmRSS` now, `VmHWM` at most so far."""
    status = Path(f"/proc/{daemon.pid}/status").read_text("ascii")
    (line,) = [line for line in status.splitlines() if line.startswith(f"{name}:")]
    return int(line.split()[1]) * 1024


async def send(port: int, source: str, head: str, parts: Iterable[bytes], pause: float = 0.0) -> int:
    """The status that a request got; 0 where the connection was broken off before one could be read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sending = asyncio.create_task(
        _send(writer, f"POST /in/{source} HTTP/1.1\r\nHost: relay\r\n{head}\r\n", parts, pause)
    )
    try:
        line = await asyncio.wait_for(reader.readline(), 60)
        return int(line.split()[1]) if line else 0
    except ConnectionError:
        return 0
    finally:
        sending.cancel()
        await asyncio.wait([sending])
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def _send(writer: asyncio.StreamWriter, head: str, parts: Iterable[bytes], pause: float) -> None:
    with suppress(ConnectionError):
        writer.write(head.encode())
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)


async def all_of(*requests: "asyncio.Future[int] | asyncio.Task[int]") -> Counter[int]:
    return Counter(await asyncio.gather(*requests))


def at_once(
    daemon: Daemon, source: str, head: str, parts: list[bytes], pause: float = 0.0
) -> list["asyncio.Task[int]"]:
    """The same request over many connections."""
    requests = [send(daemon.port, source, head, parts, pause) for _ in range(CONNECTIONS)]
    return [asyncio.create_task(request) for request in requests]


async def check(daemon: Daemon, before: int) -> None:
    """It held no more than it may, and takes events as ever."""
    held = memory(daemon, "VmHWM") - before
    assert held < MAX_INFLIGHT + MARGIN, f"{held / MIB:.0f} MiB more than at its start"
    async with Senders(daemon, random.Random(1)) as senders:
        await senders.persist(senders.name())


async def test_large_bodies_at_once(daemon: Daemon, sink: Sink) -> None:
    """2 GB come at once: some are taken, all others are told to come again, and memory stays bounded."""
    before = memory(daemon, "VmRSS")
    body = bytes(BODY)
    head = f"Content-Length: {BODY}\r\nX-Signature: {signature(body)}\r\n"
    parts = [body[at : at + CHUNK] for at in range(0, BODY, CHUNK)]
    answers = await all_of(*at_once(daemon, "bulk", head, parts))
    assert set(answers) <= {200, 503, 0}, answers
    assert answers[200] > 0, answers
    assert answers[503] > 0, answers
    await check(daemon, before)
    assert (await daemon.settled())["events"]["accepted"] >= answers[200]


async def test_slow_bodies(daemon: Daemon) -> None:
    """Bodies that trickle are ended after body_timeout, all of them, and memory stays where it was."""
    before = memory(daemon, "VmRSS")
    parts = [b"x" * 512] * 200
    answers = await all_of(*at_once(daemon, "slow", f"Content-Length: {BODY}\r\n", parts, pause=SLOW / 4))
    assert answers == {408: CONNECTIONS}
    await check(daemon, before)


async def test_endless_bodies(daemon: Daemon) -> None:
    """Chunks without an end are cut off at max_body, and never held beyond max_inflight."""
    before = memory(daemon, "VmRSS")
    chunk = b"%x\r\n%b\r\n" % (CHUNK, bytes(CHUNK))
    answers = await all_of(*at_once(daemon, "bulk", "Transfer-Encoding: chunked\r\n", [chunk] * 1000))
    assert set(answers) <= {413, 503, 0}, answers
    assert answers[503] + answers[413] > 0, answers
    await check(daemon, before)
