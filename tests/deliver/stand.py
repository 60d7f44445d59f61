"""A worker over a real store, with targets at real sockets, and a clock that is moved by hand."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import ClientSession

from relay.config.route import RouteConfig
from relay.config.schema import Config
from relay.config.target import TargetConfig
from relay.deliver.enrich.enricher import Enricher
from relay.deliver.headers import Envelope
from relay.deliver.lane import open_blueprint, open_lanes
from relay.deliver.preparer import Preparer
from relay.deliver.shape import open_shapes
from relay.deliver.targets.open import Means
from relay.deliver.telling import Telling
from relay.deliver.worker import Worker
from relay.delivery import Shaped
from relay.event import Event
from relay.http.session import open_session
from relay.metrics import Metrics
from relay.route import Planned
from relay.store.protocol import DeliveryView, Entry
from relay.store.sqlite.store import SqliteStore, open_store
from tests.clock import ManualClock
from tests.deliver.owed import TYPED, middle
from tests.quiet import quiet

SCHEDULE: Final = ["5s", "5m"]


class Stand:
    """Opened with `async with`; `restart` is what a new daemon would find."""

    store: SqliteStore
    worker: Worker
    session: ClientSession
    means: Means
    _run: "asyncio.Task[None]"

    def __init__(self, folder: Path, clock: ManualClock, spread: Callable[[], float] = middle) -> None:
        self.path = folder / "relay.db"
        self.clock = clock
        self.spread = spread
        self.metrics = Metrics()
        self.commits = 0
        self.tables: dict[str, TargetConfig] = {}
        self.routes: dict[str, RouteConfig] = {}

    async def __aenter__(self) -> Self:
        self.store = await open_store(self.path, self.clock, 0, self._committed)
        self.session = open_session()
        self.means = Means(self.session, self.clock)
        self.enricher = Enricher(self.store, self.clock)
        preparer = Preparer(self.store, self.clock, self.enricher, self.spread)
        self.telling = Telling(self.metrics)
        self.worker = Worker(self.store, self.clock, self.metrics, preparer, self.telling, self.spread)
        self.store.changed = self.worker.wake
        self._run = asyncio.create_task(self.worker.run())
        self.put_in_force()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.worker.drain(0)
        await self._run
        await self.session.close()
        await self.store.close()

    def _committed(self, _seconds: float) -> None:
        self.commits += 1

    async def restart(self) -> None:
        await self.__aexit__(None, None, None)
        await self.__aenter__()

    # the file

    def target(self, url: str, name: str = "box", **table: Any) -> None:
        """A target of that name from now on."""
        given = {"retry": {"schedule": SCHEDULE}} | table
        self.tables[name] = TargetConfig.model_validate({"url": url} | given)
        self.put_in_force()

    def route(self, name: str = "all", *, to: str = "box", **table: Any) -> None:
        """A route of that name from now on."""
        self.routes[name] = RouteConfig.model_validate({"from": "shop", "to": to} | table)
        self.put_in_force()

    def remove(self, name: str = "box") -> None:
        """The file does not name it any more."""
        del self.tables[name]
        self.put_in_force()

    def put_in_force(self) -> None:
        """As a reload does it."""
        config = Config.model_validate({"target": self.tables, "route": self.routes})
        shapes, problems = open_shapes(config)
        blueprint, more = open_blueprint(config, shapes)
        assert not [*problems, *more], [*problems, *more]
        envelope, now = Envelope({"shop": frozenset()}), self.clock.now()
        self.worker.put_in_force(open_lanes(config, blueprint, self.means, envelope, self.worker.lanes))
        for name in self.store.target_names() | set(self.tables):
            state = self.store.target_state(name)
            self.store.remember(name, state.found(now) if name in self.tables else state.missing(now))
        self.worker.wake()

    # what happens

    async def post(
        self,
        *to: str,
        body: bytes = b"{}",
        count: int = 1,
        shaped: Shaped = Shaped.PLAIN,
        order: str | None = None,
    ) -> list[str]:
        """Events that are owed to `to`; their ids."""
        planned = tuple(Planned("all", target, shaped=shaped, order=order) for target in to or ("box",))
        return [receipt.id for receipt in await self.store.append(self._entries(planned, body, count))]

    def _entries(self, planned: tuple[Planned, ...], body: bytes, count: int) -> list[Entry]:
        now = self.clock.now()
        return [
            Entry(
                Event(
                    id=self.store.next_id(now),
                    source="shop",
                    key=None,
                    type="order.paid",
                    via="webhook",
                    received=now,
                    body=body,
                    headers=TYPED,
                ),
                planned,
            )
            for _ in range(count)
        ]

    async def idle(self, running: int = 0) -> None:
        """Return when nothing more happens without time going by; `running`: attempts that hang meanwhile."""
        await quiet(self.clock, self.store, self.worker, running)

    async def go_on(self, seconds: float, running: int = 0) -> None:
        """Let time go by, and everything happen that it brings."""
        self.clock.advance(seconds)
        await self.idle(running)

    # what is known

    async def deliveries(self, id: str) -> tuple[DeliveryView, ...]:
        """All that an event is owed, with their histories."""
        event = await self.store.show(id)
        assert event is not None
        return event.deliveries

    async def delivery(self, id: str) -> DeliveryView:
        (only,) = await self.deliveries(id)
        return only

    async def states(self, ids: list[str]) -> set[str]:
        return {each.state for id in ids for each in await self.deliveries(id)}

    async def history(self, id: str, *fields: str) -> list[tuple[Any, ...]]:
        """Some fields of each attempt."""
        return [tuple(attempt[name] for name in fields) for attempt in (await self.delivery(id)).history]
