"""`relay run` as a process of its own: what it prints, and how it ends."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from relay.store.open import open_archive
from relay.store.protocol import Query
from tests.eventually import eventually
from tests.journeys.whole import FREE_PORTS, SHOP, box, route
from tests.receive.wire import PATIENCE, Wire, signed
from tests.target import HOLD, ScriptedTarget

LOG = '[log]\nformat = "json"\n'


class Running:
    """A daemon in a process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.address = ""

    async def told(self, event: str) -> dict[str, Any]:
        """The next line of its log that tells of `event`."""
        assert self.process.stderr is not None
        async with asyncio.timeout(PATIENCE):
            while line := await self.process.stderr.readline():
                said: dict[str, Any] = json.loads(line)
                if said["event"] == event:
                    return said
        raise AssertionError(f"it ended without {event}")

    async def printed(self) -> dict[str, Any]:
        """The next line of its stdout."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            said: dict[str, Any] = json.loads(await self.process.stdout.readline())
        return said

    async def ended(self) -> int:
        return await asyncio.wait_for(self.process.wait(), PATIENCE)


@asynccontextmanager
async def running(folder: Path, *tables: str) -> AsyncIterator[Running]:
    """`relay run` on these tables, once it is ready."""
    file = folder / "relay.toml"
    file.write_text(FREE_PORTS + "\n".join([LOG, SHOP, *tables]))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "relay", "run", "-c", str(file)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=1 << 20,
    )
    try:
        relay = Running(process)
        relay.address = (await relay.told("relay.ready"))["http"]
        yield relay
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_prints_and_stops(tmp_path: Path) -> None:
    """A line of JSON an event; SIGTERM lets the attempt that runs come to its end, and the exit is 0."""
    async with (
        ScriptedTarget(rest=HOLD) as target,
        running(tmp_path, box("log:", "out"), box(target.url), route("out", "box")) as relay,
        Wire(relay.address) as wire,
    ):
        said = await wire.ask(signed(b'{"id":"e-1"}'))
        line = await relay.printed()
        assert (line["id"], line["target"]) == (said.headers["Relay-Event-Id"], "out")
        assert (line["key"], line["body"]) == ("e-1", '{"id":"e-1"}')
        await target.next()
        relay.process.send_signal(signal.SIGTERM)
        await relay.told("relay.stopping")
        await eventually(lambda: not (tmp_path / "admin.json").exists())  # all doors are closed
        target.let_go()
        assert await relay.ended() == 0
    archive = await open_archive(tmp_path / "relay.db")
    (event,) = (await archive.find(Query())).events
    await archive.close()
    assert {each.target: each.state for each in event.deliveries} == {"out": "delivered", "box": "delivered"}


async def test_blocked_pipe(tmp_path: Path) -> None:
    """Nobody reads what it prints: only that target waits, and SIGTERM ends it all the same."""
    body = b'{"id":"%d","fill":"' + b"x" * 60_000 + b'"}'
    async with (
        ScriptedTarget() as target,
        running(
            tmp_path, box("log:", "out", 'timeout = "100ms"'), box(target.url), route("out", "box")
        ) as relay,
        Wire(relay.address) as wire,
    ):
        assert relay.process.stdout is not None
        transport = relay.process._transport.get_pipe_transport(1)  # type: ignore[attr-defined]  # to stop reading
        transport.pause_reading()
        for n in range(20):
            assert (await wire.ask(signed(body.replace(b"%d", b"%d" % n)))).status == 200
        await target.several(20)
        down = await relay.told("target.down")
        assert (down["target"], down["error"]) == ("out", "stdout took nothing within 0.1 s")
        relay.process.send_signal(signal.SIGTERM)
        await relay.told("relay.stopped")
        transport.resume_reading()
        assert await relay.ended() == 0


async def test_second_signal_ends_at_once(tmp_path: Path) -> None:
    """Who asks twice does not wait for attempts."""
    async with (
        ScriptedTarget(rest=HOLD) as target,
        running(tmp_path, box(target.url), route("box")) as relay,
        Wire(relay.address) as wire,
    ):
        assert (await wire.ask(signed(b"{}"))).status == 200
        await target.next()
        relay.process.send_signal(signal.SIGTERM)
        await relay.told("relay.stopping")
        relay.process.send_signal(signal.SIGTERM)
        assert await relay.ended() == 1
