"""A watch over a real store and a real api, with a provider at a real socket, and a clock that leaps."""

import json
import tomllib
from collections.abc import Callable, Sequence
from typing import Any, Final

from aiohttp import ClientSession

from relay.clock import SECOND, micros
from relay.config.api import ApiConfig
from relay.config.poll import WatchConfig
from relay.event import Event
from relay.http.api import Api
from relay.http.ask import Ask
from relay.poll.asking import Asking
from relay.poll.watch import WatchDefinition, compile_watch
from relay.poll.watch_begin import begun
from relay.poll.watch_run import Turned, WatchRunner
from relay.route import Planned
from relay.seen import Seen
from relay.store.protocol import Entry, EventView, Query, Store
from tests.poll.provider import Manner, Provider, Says
from tests.poll.stand import LeapingClock

DUE: Final = (Planned("all", "billing"),)
ID: Final = "0" * 20
PACKAGE: Final = """
on = 'event.type == "package.created"'
keys = "[string(event.data.id)]"
api = "parcels"
path = "/package/${keys[0]}/status"
items = "[body]"
id = "keys[0]"
type = '"package." + item.status'
change = "item.status"
until = 'item.status == "Delivered"'
within = "30d"
every = "2m"
idle = "1h"
"""
FEDEX: Final = """
on = 'event.type == "orders/fulfilled" && get(event.data, "tracking_company", "") == "FedEx"'
keys = "[event.data.tracking_number]"
batch = 30
api = "fedex"
method = "POST"
path = "/track/v1/trackingnumbers"
json.includeDetailedScans = true
json.trackingInfo = "${keys.map(k, {'trackingNumberInfo': {'trackingNumber': k}})}"
items = '''flatten(body.output.completeTrackResults.map(c, c.trackResults
  .filter(r, !has(r.error) && r.scanEvents.exists(e, ts(e.date) > started - duration("240h")))
  .map(r, {"key": c.trackingNumber, "code": r.latestStatusDetail.code, "result": r})))'''
id = "item.key"
type = '"tracking." + item.code'
data = "item.result"
change = "item.code"
until = 'item.code == "DL"'
fail = 'item.code in ["CA", "RS"]'
within = "30d"
every = "5m"
idle = "2h"
"""
LIST: Final = """
on = 'event.source == "shop"'
keys = "event.data.keys"
batch = 10
api = "shop"
path = "/things"
query = { key = "${keys}" }
items = "body"
id = "item.id"
change = "item.state"
until = 'item.state == "done"'
every = "1m"
idle = "10m"
"""
"""Things by the list, in the shortest words."""


def defined(toml: str, name: str = "parcel") -> WatchDefinition:
    """The watch of a table that is in order."""
    config = WatchConfig.model_validate(tomllib.loads(toml), by_alias=True, by_name=False)
    watch = compile_watch(name, config)
    assert isinstance(watch, WatchDefinition), watch
    return watch


def event(type_: str = "told", data: Any = None, *, at: int = 0, **said: Any) -> Event:
    """A webhook's event, received at `at`."""
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    given = {"id": ID, "source": "shop", "key": None, "via": "webhook"} | said
    return Event(type=type_, received=at, body=body, **given)


class Watching:
    """One watch, and what it asks. `reached` may be replaced before a turn."""

    def __init__(
        self, store: Store, session: ClientSession, provider: Provider, toml: str, name: str = "parcel"
    ) -> None:
        self.store, self.provider = store, provider
        self.clock = LeapingClock()
        self.api = Api("api", ApiConfig.model_validate({"url": provider.url}), session, self.clock)
        self.spread: Callable[[], float] = lambda: 0.0
        self.reached: Callable[[str], None] = lambda _step: None
        self.watch = defined(toml, name)

    @property
    def runner(self) -> WatchRunner:
        manner = Ask("", check=self.watch.check, wait=self.watch.wait)
        asking = Asking(self.api.ask, self.clock, manner)
        return WatchRunner(self.watch, asking, self.store, self.clock, self.plan, self.spread, self.reached)

    async def plan(self, events: Sequence[Event]) -> list[Entry]:
        """As the daemon plans events that are accepted."""
        return [Entry(event, DUE, begun((self.watch,), Seen(event))) for event in events]

    async def begin(self, type_: str = "told", data: Any = None, **said: Any) -> None:
        """A webhook comes, and begins what it begins."""
        now = self.clock.now()
        made = event(type_, data, at=now, id=self.store.next_id(now), **said)
        await self.store.append(await self.plan([made]))

    async def turn(self, manner: Manner | None = None) -> Turned:
        """One turn now; what is asked is answered in that manner from now on."""
        if manner is not None:
            self.provider.answer = manner
        return await self.runner.turn()

    async def next(self, manner: Manner | None = None) -> Turned:
        """One turn when it is due, not before."""
        due = self.runner.due
        assert due is not None
        self.clock.set(max(due, self.clock.now()))
        return await self.turn(manner)

    def wait(self) -> float | None:
        """Seconds until the next turn; None: nothing is watched."""
        due = self.runner.due
        return None if due is None else (due - self.clock.now()) / SECOND

    def later(self, seconds: float) -> None:
        """So much time goes by."""
        self.clock.set(self.clock.now() + micros(seconds))

    async def events(self) -> list[EventView]:
        """What the watch made, in the order of acceptance."""
        found = await self.store.find(Query(source=self.watch.source, limit=1000))
        return [shown for each in reversed(found.events) if (shown := await self.store.show(each.id))]

    async def told(self) -> list[tuple[str | None, str]]:
        """Key and type of each."""
        return [(each.key, each.type) for each in await self.events()]


def status(word: str) -> Says:
    return Says({"status": word})


def listed(*items: Any) -> Manner:
    """A list of `(id, state)`."""
    return lambda _asked: Says([{"id": id, "state": state} for id, state in items])


def lines(logs: list[Any]) -> list[tuple[str, str | None]]:
    """What watches say in the log, and of which thing."""
    return [(line["event"], line.get("key")) for line in logs if line["event"].startswith("watch.")]
