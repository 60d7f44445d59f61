"""The daemon: all parts put together, started in order, undone in reverse."""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import structlog
from aiohttp import web

from relay import __version__, log, systemd
from relay.accept import Door
from relay.admin.listener import admin_listener
from relay.admin.running import Reloaded
from relay.alerts import Alerts
from relay.clock import Clock, SystemClock
from relay.config.change import changed, in_force, needs_restart
from relay.config.load import Loaded, store_path
from relay.config.schema import Config
from relay.deliver.breaker import word
from relay.deliver.enrich.enricher import Enricher
from relay.deliver.headers import Envelope
from relay.deliver.lane import open_lanes
from relay.deliver.preparer import Preparer
from relay.deliver.targets.open import Means
from relay.deliver.telling import Telling
from relay.deliver.worker import Worker
from relay.errors import ConfigError
from relay.event import Event
from relay.http.apis import Apis
from relay.http.session import open_session
from relay.listener import Passed, address, listen
from relay.lookout import Lookout
from relay.metrics import Metrics
from relay.parts import Parts, kept, load_parts, parts_of, warn
from relay.poll.open import Definitions
from relay.poll.poller import Poller
from relay.process import Loops, Signals, loop_factory, spare_collector
from relay.receive.fetch import Fetcher
from relay.receive.server import Receiver, http_server
from relay.receive.source import proofs
from relay.route import Planned, Routes
from relay.store.open import open_store
from relay.store.protocol import Store
from relay.store.retention import retain

logger = structlog.get_logger()

LAST_WORDS: Final = 0.2
"""Seconds in which requests that are on their way when a stop begins are still read."""
UNANSWERED: Final = 5.0
"""Seconds that begun requests have for their end when a stop begins."""


def run(file: Path) -> int:
    """Run until told to stop; the exit code. A RelayError says why it cannot start."""
    loaded, _ = load_parts(file)
    log.configure(loaded.config.log.level, loaded.config.log.format)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(Daemon(loaded, SystemClock()).run(systemd.listen_fds()))


class Daemon:
    """See `relay.admin.running.Running` for what others may ask of it."""

    store: Store
    door: Door
    alerts: Alerts
    lookout: Lookout
    worker: Worker
    receiver: Receiver
    means: Means
    apis: Apis
    enricher: Enricher
    poller: Poller
    _definitions: Definitions

    def __init__(self, loaded: Loaded, clock: Clock) -> None:
        self.file = loaded.file
        self.config = loaded.config
        self.clock = clock
        self.metrics = Metrics()
        self.envelope = Envelope({})
        self.addresses: dict[str, str] = {}
        """Where it listens, by listener: `http`, `admin`."""
        self._loaded = loaded
        self._state = "starting"
        self._recalled = False
        self._loops = Loops(self.stop)
        self._stopping = asyncio.Event()
        self._reloading = asyncio.Lock()
        self._background: set[asyncio.Task[None]] = set()

    async def run(self, passed: Passed | None = None) -> int:
        """Start everything, wait until told to stop, undo it."""
        warn(self._loaded)
        parts = parts_of(self._loaded)
        async with AsyncExitStack() as stack:
            Signals(self.stop, self._reload_soon)
            await self._open_store(stack)
            await self._open_delivery(stack)
            self._put_in_force(self.config, parts)
            await self._open_admin(stack)
            await self._open_door(stack, passed or {})
            self._loops.keep(stack, systemd.feed_watchdog(self.alive, self._status, self.clock))
            self._loops.keep(stack, self._recall_sources())
            spare_collector()
            self._say_ready()
            await self._stopping.wait()
            self._say_stopping()
        self._loops.confess()
        logger.info("relay.stopped")
        return 0

    def stop(self) -> None:
        """Begin to stop."""
        self._stopping.set()

    # the parts, in order

    async def _open_store(self, stack: AsyncExitStack) -> None:
        settings = self.config.store
        path = store_path(self.config, self.file)
        self.store = await open_store(path, self.clock, settings.min_free, self.metrics.observe_commit)
        stack.push_async_callback(self.store.close)
        self.door = Door(self.store, Routes(), self.metrics)
        stack.callback(self.door.close)
        self.alerts = Alerts(self.store, self.door, self.clock)
        stack.push_async_callback(self.alerts.close)
        self._loops.keep(stack, self.alerts.run())
        self.lookout = Lookout(self.store, self.door.last, self.clock, self.alerts)
        self._loops.keep(stack, retain(self.store, lambda: kept(self.config), self.clock))

    async def _open_delivery(self, stack: AsyncExitStack) -> None:
        session = await stack.enter_async_context(open_session())
        fetcher = Fetcher(session)
        stack.push_async_callback(fetcher.close)
        self.receiver = Receiver(
            self.door, self.store.next_id, lambda: self.unready() is None, self.clock, self.metrics, fetcher
        )
        stack.callback(self.receiver.close)
        self.apis = Apis(session, self.clock)
        stack.push_async_callback(self.apis.close)
        self.poller = Poller(self.store, self.door, self.clock, self.metrics)
        self.poller.tell = self.alerts.tell
        stack.push_async_callback(self.poller.close)
        self.means = Means(session, self.clock)
        stack.callback(self.means.printer.close)
        self.enricher = Enricher(self.store, self.clock)
        stack.push_async_callback(self.enricher.close)
        preparer = Preparer(self.store, self.clock, self.enricher, random.random)
        telling = Telling(self.metrics)
        telling.tell = self.alerts.tell
        self.worker = Worker(self.store, self.clock, self.metrics, preparer, telling)
        self.store.changed = self.worker.wake
        self._loops.keep(stack, self.worker.run())
        stack.push_async_callback(lambda: self.worker.drain(self.config.server.drain))

    async def _open_admin(self, stack: AsyncExitStack) -> None:
        path = store_path(self.config, self.file)
        self.addresses["admin"] = await stack.enter_async_context(admin_listener(self, self.file, path))

    async def _open_door(self, stack: AsyncExitStack, passed: Passed) -> None:
        """Last of all, so that nobody is told 404 by a relay that has not read its sources yet."""
        runner = web.ServerRunner(http_server(self.receiver), shutdown_timeout=UNANSWERED)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        at = self.config.server.listen
        site = await listen(runner, at, passed.get("http"), mode=0o666)
        stack.push_async_callback(self._close_door, site)
        self.addresses["http"] = address(runner, at)

    async def _close_door(self, site: web.BaseSite) -> None:
        """Accept nothing more; read what is on its way."""
        self.receiver.closing = True
        await site.stop()
        await self.clock.sleep(LAST_WORDS)

    # the file, in force

    def _put_in_force(self, config: Config, parts: Parts) -> None:
        """Every part gets its piece of `config`, at one moment."""
        sources = parts.sources
        self.config = config
        self.receiver.open(sources, config.server.trusted_proxies, config.server.max_inflight)
        self.door.routes = parts.routes
        self.alerts.open(config.alerts.every, parts.routes)
        self.lookout.open(config)
        self.envelope.proofs = proofs(sources.values())
        self.apis.open(config.api)
        self.enricher.open(parts.enrichments, self.apis)
        self._find_targets()
        lanes = open_lanes(config, parts.blueprint, self.means, self.envelope, self.worker.lanes)
        self.worker.put_in_force(lanes)
        self._definitions = parts.definitions
        self.poller.begin(self._definitions)
        if self._recalled:
            self.poller.open(config, self._definitions, self.apis)

    def _find_targets(self) -> None:
        """Which targets the file names now: the time of the others stands still."""
        now = self.clock.now()
        for name in self.store.target_names() | set(self.config.target):
            before = self.store.target_state(name)
            state = before.found(now) if name in self.config.target else before.missing(now)
            if state is not before or name not in self.store.target_names():
                self.store.remember(name, state)

    async def reload(self) -> Reloaded:
        """Read the whole new file and check it before anything is touched."""
        async with self._reloading:
            systemd.notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
            try:
                return await self._reload()
            finally:
                systemd.notify("READY=1", f"STATUS={self._status()}")

    async def _reload(self) -> Reloaded:
        try:
            loaded, parts = await asyncio.to_thread(load_parts, self.file)
        except ConfigError as error:
            logger.error("config.refused", problems=[problem.at(error.file) for problem in error.problems])
            return Reloaded(problems=error.problems, file=error.file)
        warn(loaded)
        what = tuple(changed(self.config, loaded.config))
        restart = tuple(needs_restart(self.config, loaded.config))
        self._put_in_force(in_force(self.config, loaded.config), parts)
        log.configure(self.config.log.level, self.config.log.format)
        logger.info("config.reloaded", changed=what, needs_restart=restart)
        return Reloaded(what, restart)

    def _reload_soon(self) -> None:
        task = asyncio.ensure_future(self._reload_quietly())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _reload_quietly(self) -> None:
        """By signal: what was refused stands in the log."""
        await self.reload()

    # what others ask

    async def plans(self, events: Sequence[Event]) -> Sequence[tuple[Planned, ...]]:
        return await self.door.plans(events)

    def alive(self) -> bool:
        return self.store.pulse().answers

    def unready(self) -> str | None:
        return self._state if self._state != "ready" else self.store.pulse().failing

    def last_event(self, source: str) -> int | None:
        return self.door.last.get(source)

    def breaker(self, target: str) -> str:
        lane = self.worker.lanes.get(target)
        return word(self.store.target_state(target), probing=lane is not None and lane.gate.probing)

    def pause(self, target: str) -> None:
        self.worker.pause(target, "by hand")

    def resume(self, target: str) -> None:
        self.worker.resume(target)

    # life

    async def _recall_sources(self) -> None:
        """When each source last had a webhook, from before this start; only then is one asked, or silent."""
        for source in self.config.source:
            at = await self.store.last_webhook(source)
            if at is not None:
                self.door.note(source, at)
        self._recalled = True
        self.poller.open(self.config, self._definitions, self.apis)
        await self.lookout.run()

    def _say_ready(self) -> None:
        self._state = "ready"
        counts = {"sources": len(self.config.source), "targets": len(self.config.target)}
        logger.info("relay.ready", version=__version__, **self.addresses, **counts)
        systemd.notify("READY=1", f"STATUS={self._status()}")

    def _say_stopping(self) -> None:
        self._state = "draining"
        logger.info("relay.stopping")
        systemd.notify("STOPPING=1", "STATUS=draining")

    def _status(self) -> str:
        unready = self.unready()
        counts = f"{len(self.config.source)} sources, {len(self.config.target)} targets"
        return f"ready: {counts}" if unready is None else f"not ready: {unready}"
