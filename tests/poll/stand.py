"""A poll over a real store and a real api, with a provider at a real socket, and a clock that leaps."""

import asyncio
import json
import tomllib
from collections.abc import Callable, Iterable
from typing import Any, Final

from aiohttp import ClientSession
from typing_extensions import override

from relay.clock import micros
from relay.config.api import ApiConfig
from relay.config.poll import PollConfig
from relay.event import Event
from relay.http.api import Api
from relay.http.ask import Ask
from relay.poll.asking import Asking
from relay.poll.book import Passed
from relay.poll.definition import Poll, compile_poll
from relay.poll.run import Runner
from relay.poll.state import PartState
from relay.route import Planned
from relay.store.protocol import Entry, EventView, Query, Store
from tests.clock import START, ManualClock
from tests.poll.provider import Manner, Provider

DUE: Final = (Planned("all", "billing"),)


async def owed_to_all(events: Iterable[Event]) -> list[Entry]:
    """Every event is owed the same."""
    return [Entry(event, DUE) for event in events]


class LeapingClock(ManualClock):
    """Whoever sleeps has slept: the time is then by so much later."""

    @override
    async def wait(self, event: asyncio.Event, until: int | None) -> None:
        if until is not None and not event.is_set():
            self.set(max(until, self.now()))
            event.set()
        await super().wait(event, until)


def poll_config(toml: str) -> PollConfig:
    """The table that a text writes down, without its header."""
    return PollConfig.model_validate(tomllib.loads(toml), by_alias=True, by_name=False)


def compiled(name: str, config: PollConfig) -> Poll:
    """The poll of a table that is in order."""
    poll = compile_poll(name, config)
    assert isinstance(poll, Poll), poll
    return poll


class Stand:
    """One part of a poll, and what it asks. `reached` may be replaced before a pass."""

    def __init__(
        self, store: Store, session: ClientSession, provider: Provider, toml: str, **api: Any
    ) -> None:
        self.store = store
        self.clock = LeapingClock()
        self.provider = provider
        self.api = Api(
            "shop",
            ApiConfig.model_validate({"url": provider.url, **api}, by_alias=True),
            session,
            self.clock,
        )
        self.reached: Callable[[str], None] = lambda _step: None
        self.define(toml)

    def define(self, toml: str, name: str = "list") -> None:
        """The poll from now on."""
        self.poll = compiled(name, poll_config('api = "shop"\n' + toml))

    def runner(self, part: int = 0) -> Runner:
        manner = Ask("", check=self.poll.check, wait=self.poll.wait)
        asking = Asking(self.api.ask, self.clock, manner)
        return Runner(
            self.poll,
            self.poll.parts[part],
            asking,
            self.store,
            self.clock,
            owed_to_all,
            lambda: 0.0,
            self.reached,
        )

    async def run(self, manner: Manner | None = None, **how: Any) -> Passed:
        """One pass; what is asked is answered in that manner from now on."""
        if manner is not None:
            self.provider.answer = manner
        return await self.runner(how.pop("part", 0)).run(**how)

    @property
    def state(self) -> PartState:
        return self.runner().state

    async def events(self) -> list[EventView]:
        """All there are, in the order of acceptance."""
        found = await self.store.find(Query(limit=1000))
        return [shown for event in reversed(found.events) if (shown := await self.store.show(event.id))]

    async def keys(self) -> list[str | None]:
        return [event.key for event in await self.events()]

    def later(self, seconds: float) -> int:
        """So much time goes by."""
        self.clock.set(self.clock.now() + micros(seconds))
        return self.clock.now()

    async def webhook(self, key: str, source: str = "list", also: Iterable[str] = ()) -> bool:
        """A webhook of that name arrives; whether it is new."""
        now = self.clock.now()
        event = Event(self.store.next_id(now), source, key, "told", "webhook", now, b"{}", also=tuple(also))
        (receipt,) = await self.store.append([Entry(event, DUE)])
        return not receipt.duplicate


def at(seconds: float) -> int:
    """Unix seconds, so long after the test began."""
    return int(START // 1_000_000 + seconds)


def bodies(events: Iterable[EventView]) -> list[Any]:
    return [json.loads(event.body or b"null") for event in events]
