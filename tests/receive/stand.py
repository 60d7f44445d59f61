"""A receiver that listens, over a real store."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from relay.accept import Door
from relay.config.routes import open_routes
from relay.config.schema import Config
from relay.metrics import Metrics
from relay.receive.fetch import Outside
from relay.receive.server import Receiver, http_server
from relay.receive.source import open_sources
from relay.route import Routes
from relay.store.protocol import EventView, Query
from relay.store.sqlite.store import SqliteStore, open_store
from tests.clock import ManualClock
from tests.receive.wire import SECRET, Said, Wire

HMAC = {"type": "hmac", "header": "X-Signature", "prefix": "sha256="}
SOURCES: dict[str, Any] = {
    "shop": {"verify": HMAC, "secret": SECRET, "id": "body.id", "type": "body.type"},
    "open": {"verify": "none", "path": "/elsewhere"},
}


class Nowhere:
    """No way out: what is asked for cannot be had."""

    async def fetch(self, url: str, within: float, *, keep: bool = True) -> bytes | None:
        return None


class Stand:
    """Opened with `async with`."""

    store: SqliteStore
    receiver: Receiver
    address: str
    _runner: web.ServerRunner

    def __init__(self, folder: Path, clock: ManualClock, outside: Outside | None = None) -> None:
        self.path = folder / "relay.db"
        self.clock = clock
        self.metrics = Metrics()
        self.ready = True
        self.outside = outside or Nowhere()

    async def __aenter__(self) -> Self:
        self.store = await open_store(self.path, self.clock, 0)
        self.door = Door(self.store, Routes(), self.metrics)
        self.receiver = Receiver(
            self.door, self.store.next_id, lambda: self.ready, self.clock, self.metrics, self.outside
        )
        self.put_in_force()
        self._runner = web.ServerRunner(http_server(self.receiver), shutdown_timeout=0.01)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0]
        self.address = f"{host}:{port}"
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()
        self.receiver.close()
        await self.store.close()

    def put_in_force(self, *, source: dict[str, Any] | None = None, **server: Any) -> None:
        """As a reload does it; `source`: more keys of [source.shop]."""
        sources = SOURCES | {"shop": SOURCES["shop"] | (source or {})}
        config = Config.model_validate({"server": server, "source": sources})
        opened, problems = open_sources(config)
        assert not problems
        self.receiver.open(opened, config.server.trusted_proxies, config.server.max_inflight)
        self.door.routes, _ = open_routes(config)

    async def ask(self, raw: bytes) -> Said:
        """One request on a connection of its own, and its answer."""
        async with Wire(self.address) as wire:
            return await wire.ask(raw)

    async def status(self, raw: bytes) -> int:
        return (await self.ask(raw)).status

    @property
    def held(self) -> int:
        """Bytes of bodies that are in memory."""
        return self.receiver._inflight.held

    async def events(self) -> list[EventView]:
        """All that is stored, newest first, whole."""
        page = await self.store.find(Query(limit=1000))
        shown = [await self.store.show(event.id) for event in page.events]
        return [event for event in shown if event is not None]

    def count(self, outcome: str, source: str = "shop") -> float:
        """What the metric says."""
        value = self.metrics.registry.get_sample_value(
            "relay_events_received_total", {"source": source, "outcome": outcome}
        )
        return value or 0

    @asynccontextmanager
    async def stuck(self) -> AsyncIterator[None]:
        """Meanwhile the disk takes its time: no commit ends."""
        go_on = threading.Event()
        blocking = self.store._writing.run(lambda _: go_on.wait(60))
        task = asyncio.ensure_future(blocking)
        try:
            yield
        finally:
            go_on.set()
            await task

    async def break_store(self, *, broken: bool = True) -> None:
        """From now on no commit succeeds, or all do again."""
        word = "ON" if broken else "OFF"
        await self.store._writing.run(lambda c: c.execute(f"PRAGMA query_only={word}"))
