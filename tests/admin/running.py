"""What the admin side sees of a daemon: a real store, real routes and metrics; no listener for senders."""

from collections.abc import Sequence

from aiohttp import ClientSession

from relay.accept import Door
from relay.admin.running import Reloaded
from relay.clock import Clock
from relay.config.routes import open_routes
from relay.config.schema import Config
from relay.delivery import Dead, Delivered, Outcome, Retry
from relay.event import Event
from relay.http.apis import Apis
from relay.metrics import Metrics
from relay.poll.open import open_polls
from relay.poll.poller import Poller
from relay.route import Planned
from relay.store.protocol import Store
from tests.clock import START, ManualClock
from tests.store.words import claimed_all, settlement

CONFIG = Config.model_validate(
    {
        "source": {
            "shop": {"verify": {"type": "bearer"}, "secret": ["hush hush"], "expect_every": 60.0},
            "erp": {"verify": "none"},
        },
        "target": {"billing": {"url": "http://127.0.0.1:9/secret-path"}, "ledger": {"url": "log:"}},
        "route": {"all": {"from": ["shop"], "to": ["billing"]}},
        "health": {"oldest_pending": 900.0, "dead": 2, "free_disk": 0},
    }
)


class Here:
    """See `relay.admin.running.Running`."""

    def __init__(self, store: Store, clock: ManualClock, session: ClientSession) -> None:
        self.config = CONFIG
        self.store = store
        self.clock: Clock = clock
        self.metrics = Metrics()
        self.routes, _ = open_routes(CONFIG)
        self.door = Door(store, self.routes, self.metrics)
        self.apis = Apis(session, clock)
        self.poller = Poller(store, self.door, clock, self.metrics)
        self.state: str | None = None
        """Why it is not ready, besides the store."""
        self.heard: dict[str, int] = {}
        self.breakers: dict[str, str] = {}
        self.reloaded = Reloaded()

    def poll(self, config: Config) -> None:
        """Poll by this file from now on."""
        self.config = config
        definitions, problems = open_polls(config)
        assert problems == []
        self.apis.open(config.api)
        self.poller.open(config, definitions, self.apis)

    async def plans(self, events: Sequence[Event]) -> Sequence[tuple[Planned, ...]]:
        return await self.door.plans(events)

    def alive(self) -> bool:
        return self.store.pulse().answers

    def unready(self) -> str | None:
        return self.state or self.store.pulse().failing

    def last_event(self, source: str) -> int | None:
        return self.heard.get(source)

    def breaker(self, target: str) -> str:
        return self.breakers.get(target, "closed")

    def pause(self, target: str) -> None:
        self.store.remember(target, self.store.target_state(target).pause(self.clock.now(), "by hand"))

    def resume(self, target: str) -> None:
        self.store.remember(target, self.store.target_state(target).resume(self.clock.now()))

    async def reload(self) -> Reloaded:
        return self.reloaded


async def end(store: Store, outcome: Outcome, target: str = "billing", at: int = START) -> None:
    """Every delivery that is due at `target` ends so, after one attempt."""
    deliveries = await claimed_all(store, target, at)
    status = {Delivered: 200, Retry: 500, Dead: 400}.get(type(outcome))
    store.settle([settlement(delivery, outcome, status) for delivery in deliveries])
    await store.flush()
