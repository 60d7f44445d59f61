"""The loops around passes and turns: due, woken, by hand, after a reload, and never dead."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import ClientSession

from relay.accept import Door
from relay.clock import micros
from relay.config.schema import Config
from relay.errors import RelayError
from relay.event import Event
from relay.http.apis import Apis
from relay.metrics import Metrics
from relay.poll.open import open_polls
from relay.poll.poller import Poller
from relay.route import Routes
from relay.store.protocol import Query, Store
from relay.store.sqlite.store import SqliteStore
from tests.clock import START, ManualClock
from tests.eventually import eventually
from tests.poll.provider import Asked, Provider, Says

LIST: dict[str, Any] = {
    "api": "shop",
    "path": "/list",
    "items": "body",
    "id": "item.id",
    "start": "all",
    "every": "60s",
    "idle": "60s",
}
WATCH: dict[str, Any] = {
    "on": 'event.type == "sent"',
    "keys": "[event.key]",
    "api": "shop",
    "path": "/parcel/${keys[0]}",
    "items": "[body]",
    "id": "keys[0]",
    "change": "item.status",
    "until": 'item.status == "there"',
    "every": "60s",
    "idle": "60s",
}


class Bench:
    """A poller over a real store and a real provider."""

    def __init__(self, store: Store, session: ClientSession, provider: Provider, clock: ManualClock) -> None:
        self.store, self.provider, self.clock, self.metrics = store, provider, clock, Metrics()
        self.door = Door(store, Routes(), self.metrics)
        self.apis = Apis(session, clock)
        self.poller = Poller(store, self.door, clock, self.metrics)

    def open(self, **tables: Any) -> None:
        api = {"shop": {"url": self.provider.url}}
        config = Config.model_validate({"api": api, **tables}, by_alias=True, by_name=False)
        definitions, problems = open_polls(config)
        assert not problems, problems
        self.apis.open(config.api)
        self.poller.open(config, definitions, self.apis)

    async def events(self) -> list[str | None]:
        found = await self.store.find(Query(limit=1000))
        return [event.key for event in reversed(found.events)]

    async def asked(self, times: int) -> None:
        await eventually(lambda: len(self.provider.asked) >= times)

    async def passed(self, seconds: float) -> None:
        """So much time goes by."""
        self.clock.advance(seconds)

    async def later(self, holds: Callable[[], object]) -> None:
        """Time goes by until that holds."""

        def look() -> object:
            self.clock.advance(0.5)
            return holds()

        await eventually(look)

    async def webhook(self, key: str, kind: str = "told", source: str = "list") -> bool:
        now = self.clock.now()
        event = Event(self.store.next_id(now), source, key, kind, "webhook", now, b"{}")
        (receipt,) = await self.door.accept([event])
        return not receipt.duplicate


@pytest.fixture
async def bench(
    store: Store, session: ClientSession, provider: Provider, clock: ManualClock
) -> AsyncIterator[Bench]:
    opened = Bench(store, session, provider, clock)
    yield opened
    await opened.poller.close()
    await opened.apis.close()


def ids(*names: str) -> Says:
    return Says([{"id": name} for name in names])


async def test_a_poll_is_asked_when_it_is_due(bench: Bench) -> None:
    """At once, and again after its interval; what is new is an event."""
    bench.provider.answer = lambda _asked: ids("a")
    bench.open(poll={"list": LIST})
    await eventually(lambda: bench.poller.of("list")[0].state.passed)
    bench.provider.answer = lambda _asked: ids("b", "a")
    await bench.later(lambda: len(bench.provider.asked) == 2)
    assert bench.clock.now() - START >= micros(50)
    await eventually(lambda: (bench.poller.of("list")[0].state.passed or 0) > START + micros(50))
    assert await bench.events() == ["a", "b"]


async def test_due_times_outlive_a_restart(bench: Bench) -> None:
    """A poll that was just asked is not asked by the next start, or by a reload."""
    bench.provider.answer = lambda _asked: ids("a")
    bench.open(poll={"list": LIST})
    await eventually(lambda: bench.poller.of("list")[0].state.passed)
    bench.open(poll={"list": LIST})
    await bench.passed(1)
    assert len(bench.provider.asked) == 1


async def test_a_store_that_fails_ends_no_poll(bench: Bench) -> None:
    """The pass is made again, and brings what it brought."""
    assert isinstance(bench.store, SqliteStore)
    bench.provider.answer = lambda _asked: ids("a")
    await bench.store._writing.run(lambda c: c.execute("PRAGMA query_only=ON"))
    bench.open(poll={"list": LIST})
    await bench.asked(1)
    await bench.later(lambda: len(bench.provider.asked) == 2)
    assert await bench.events() == []
    await bench.store._writing.run(lambda c: c.execute("PRAGMA query_only=OFF"))
    await bench.later(lambda: bench.poller.of("list")[0].state.passed)
    assert await bench.events() == ["a"]


async def test_a_gap_is_filled_and_a_webhook_ends_it(bench: Bench) -> None:
    """The poll sleeps, asks when its source is silent, and sleeps again when webhooks are back."""
    bench.provider.answer = lambda _asked: ids("lost", "told")
    gap = LIST | {"source": "shop", "gap": {"silence": "10m"}, "start": "now"}
    bench.open(poll={"list": gap}, source={"shop": {"verify": "none"}})
    assert await bench.webhook("told", source="shop")
    await bench.passed(60)
    assert bench.provider.asked == []
    await bench.passed(600)
    await bench.asked(1)
    await eventually(lambda: bench.poller.of("list")[0].state.passed)
    assert await bench.events() == ["told", "lost"]
    value = bench.metrics.registry.get_sample_value("relay_gapfill_recovered_total", {"source": "shop"})
    assert value == 1
    assert not await bench.webhook("lost", source="shop")
    await eventually(lambda: bench.poller.of("list")[0].state.resumed is not None)


async def test_a_watch_begins_with_its_event(bench: Bench) -> None:
    """At once, in its transaction; it ends when the thing is there."""
    said = ["on its way"]
    bench.provider.answer = lambda _asked: Says({"status": said[-1]})
    bench.open(watch={"parcel": WATCH})
    await bench.webhook("p1", "sent")
    await bench.webhook("p2", "other")
    await bench.asked(1)
    await eventually(lambda: "parcel" in bench.store.watch_names())
    said.append("there")
    await bench.later(lambda: len(bench.provider.asked) == 2)
    await eventually(lambda: "parcel" not in bench.store.watch_names())
    assert await bench.events() == ["p1", "p2", "p1#1", "p1#2"]
    assert {asked.path for asked in bench.provider.asked} == {"/parcel/p1"}


async def test_by_hand(bench: Bench) -> None:
    """A pass now; a rehearsal that stores nothing; a reset after which all is as at the beginning."""
    bench.provider.answer = lambda _asked: ids("a")
    bench.open(poll={"list": LIST | {"start": "now"}})
    await eventually(lambda: bench.poller.of("list")[0].state.passed)
    bench.provider.answer = lambda _asked: ids("b", "a")
    ((part, rehearsed),) = await bench.poller.run_now("list", rehearsal=True)
    assert (part, [event.key for event in rehearsed.events]) == ("", ["b"])
    assert await bench.events() == []
    ((_, passed),) = await bench.poller.run_now("list")
    assert (passed.new, passed.complete) == (1, True)
    await bench.poller.reset("list")
    assert bench.store.poll_state("list") is None or bench.poller.of("list")[0].state.complete is None
    with pytest.raises(RelayError, match="there is no poll 'lst'"):
        bench.poller.of("lst")


async def test_a_backfill_reads_the_past_in_windows(bench: Bench) -> None:
    """Oldest first, under a state of its own; what is known already is no news."""
    spans: list[tuple[str, str]] = []

    def answer(asked: Asked) -> Says:
        if "from" not in asked.query:
            return Says([])
        spans.append((asked.query["from"], asked.query["to"]))
        return Says([{"id": f"at-{asked.query['from']}", "at": int(asked.query["from"])}])

    bench.provider.answer = answer
    table = LIST | {
        "query": {"from": "${unix(since)}", "to": "${unix(until)}"},
        "time": "ts(item.at)",
        "window": "1d",
        "start": "now",
    }
    bench.open(poll={"list": table})
    await eventually(lambda: bench.poller.of("list")[0].state.passed)
    cursor = bench.poller.of("list")[0].state.cursor
    spans.clear()
    day = 86_400_000_000
    begun = bench.poller.backfill("list", bench.clock.now() - 4 * day, bench.clock.now() - 2 * day)
    with pytest.raises(RelayError, match="runs already"):
        bench.poller.backfill("list", 0, 1)
    await eventually(lambda: begun.done)
    assert (begun.error, begun.new, begun.share) == ("", 2, 1.0)
    assert len(spans) == 2
    assert bench.poller.of("list")[0].state.cursor == cursor


async def test_a_reload_keeps_an_api_and_drops_what_is_gone(bench: Bench) -> None:
    """Token, budget and waits stay with an api whose table did not change."""
    bench.open(poll={"list": LIST, "other": LIST})
    api = bench.poller._apis["shop"]
    bench.open(poll={"list": LIST})
    assert bench.poller._apis["shop"] is api
    assert list(bench.poller.keepers) == ["list"]
    bench.open(poll={})
    assert len(bench.poller._tasks) == 1
