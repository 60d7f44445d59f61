"""relay's own events: made of what is told, one of a type and name at a time, and never lost in silence."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from relay.accept import Door
from relay.alert import Alert
from relay.alerts import Alerts
from relay.clock import rfc3339
from relay.event import Event
from relay.metrics import Metrics
from relay.route import Route, Routes
from relay.store.protocol import Entry, EventView, Query, Receipt, Store
from relay.store.sqlite.store import SqliteStore
from tests.clock import START, ManualClock
from tests.eventually import eventually

TAKEN = Routes([Route("own", ("relay",), ("pager",))])
NOT_TAKEN = Routes([Route("all", ("*",), ("pager",)), Route("rest", ("*",), ("pager",), unrouted=True)])


class Desk:
    """Alerts over a real store, whose loop runs."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store, self.clock = store, clock
        self.door = Door(store, TAKEN, Metrics())
        self.alerts = Alerts(store, self.door, clock)
        self.take(TAKEN)
        self._run = asyncio.create_task(self.alerts.run())

    def take(self, routes: Routes, every: float = 60.0) -> None:
        """As a reload does it."""
        self.door.routes = routes
        self.alerts.open(every, routes)

    async def stop(self) -> None:
        """As the daemon stops it."""
        self._run.cancel()
        await asyncio.wait([self._run])
        await self.alerts.close()

    async def told(self, *alerts: Alert) -> list[dict[str, Any]]:
        """Tell one after the other; the bodies of all events there are then."""
        for alert in alerts:
            self.alerts.tell(alert)
            await self.bodies()
        return await self.bodies()

    async def later(self, seconds: float) -> list[dict[str, Any]]:
        """Let time go by; the bodies of all events there are then."""
        self.clock.advance(seconds)
        return await self.bodies()

    async def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(event.body or b"") for event in await self.events()]

    async def events(self) -> list[EventView]:
        """All there are when the loop has nothing to do without time going by, in order."""
        await eventually(lambda: self.clock.waits_for(self.alerts._wake))
        return await self.stored()

    async def stored(self) -> list[EventView]:
        found = (await self.store.find(Query(limit=1000))).events
        return [shown for each in reversed(found) if (shown := await self.store.show(each.id))]


@pytest.fixture
async def desk(store: Store, clock: ManualClock) -> AsyncIterator[Desk]:
    opened = Desk(store, clock)
    yield opened
    await opened.stop()
    opened.door.close()


def down(name: str = "billing", text: str = "it is down", **more: Any) -> Alert:
    return Alert("target.down", name, text, {"error": "refused"}, **more)


async def test_an_event_as_any_other(desk: Desk) -> None:
    """Of source `relay`, planned by today's routes, its body what the contract says, as compact JSON."""
    await desk.told(down())
    (event,) = await desk.events()
    assert (event.source, event.type, event.via, event.key) == ("relay", "target.down", "webhook", event.id)
    assert (event.received_at, event.occurred_at) == (START, START)
    assert event.headers == ((b"Content-Type", b"application/json"),)
    (owed,) = event.deliveries
    assert (owed.route, owed.target, owed.state) == ("own", "pager", "pending")
    told = {"type": "target.down", "name": "billing", "time": rfc3339(START), "text": "it is down"}
    body = told | {"count": 1, "detail": {"error": "refused"}}
    assert event.body == json.dumps(body, separators=(",", ":")).encode()


async def test_no_source_was_heard_of(desk: Desk) -> None:
    """Nothing that is counted or shown of sources knows of `relay`."""
    await desk.told(down(), down(key="k"))
    await desk.told(down("ledger", key="k"))
    assert desk.door.last == {}
    assert b'source="relay"' not in desk.door._metrics.text()


async def test_the_first_at_once_and_the_rest_as_one(desk: Desk) -> None:
    """What came in between is one event when `every` is over: their sum, the latest's words and time."""
    (first,) = await desk.told(down(text="1"))
    assert first["count"] == 1
    desk.clock.advance(10)
    await desk.told(down(text="2", count=5))
    desk.clock.advance(10)
    assert len(await desk.told(down(text="3"))) == 1
    assert len(await desk.later(39.999)) == 1
    _, second = await desk.later(0.001)
    assert (second["count"], second["text"], second["time"]) == (6, "3", rfc3339(START + 20_000_000))
    assert (await desk.events())[1].occurred_at == START + 20_000_000
    assert len(await desk.told(down(text="4"))) == 2, "the next one waits for as long again"
    assert [each["text"] for each in await desk.later(60)] == ["1", "3", "4"]
    assert len(await desk.later(600)) == 3


async def test_after_a_pause_it_is_at_once_again(desk: Desk) -> None:
    """Nothing was told for `every`: nobody waits."""
    await desk.told(down())
    await desk.later(60)
    assert len(await desk.told(down())) == 2


async def test_each_type_and_name_by_itself(desk: Desk) -> None:
    """One that tells much holds up no other."""
    told = await desk.told(
        down("a"),
        down("b"),
        Alert("target.recovered", "a", "back"),
        down("a"),
        Alert("store.low-disk", "", ""),
    )
    assert sorted((each["type"], each["name"]) for each in told) == [
        ("store.low-disk", ""),
        ("target.down", "a"),
        ("target.down", "b"),
        ("target.recovered", "a"),
    ]


async def test_a_storm_is_one_event(desk: Desk) -> None:
    """Ten thousand in a minute, which all are counted, and memory holds one of them."""
    await desk.told(down())
    for _ in range(10_000):
        desk.alerts.tell(down())
    assert len(desk.alerts._lines) == 1
    _, rest = await desk.later(60)
    assert rest["count"] == 10_000


async def test_nothing_where_no_route_names_relay(desk: Desk) -> None:
    """Globs do not take them, and so none is made."""
    desk.take(NOT_TAKEN)
    assert await desk.told(down()) == []


async def test_a_route_of_what_is_left_takes_them(desk: Desk) -> None:
    """`unrouted = true` and `from = ["relay"]`."""
    desk.take(Routes([Route("rest", ("relay",), ("pager",), unrouted=True)]))
    await desk.told(down())
    (event,) = await desk.events()
    assert [each.route for each in event.deliveries] == ["rest"]


async def test_a_reload_switches_them_off_and_on(desk: Desk) -> None:
    """What was held back for nobody is forgotten, and so is what came meanwhile."""
    await desk.told(down(text="1"), down(text="2"))
    desk.take(NOT_TAKEN)
    await desk.told(down(text="3"))
    assert len(await desk.later(60)) == 1
    desk.take(TAKEN)
    assert [each["text"] for each in await desk.told(down(text="4"))] == ["1", "4"]


async def test_a_reload_changes_every(desk: Desk) -> None:
    """What waits, waits for as long as the new file says."""
    await desk.told(down())
    await desk.told(down())
    desk.take(TAKEN, every=10.0)
    assert len(await desk.later(9.999)) == 1
    assert len(await desk.later(0.001)) == 2


async def test_what_is_over_is_forgotten(desk: Desk) -> None:
    """Names come and go: memory holds those of the last minute."""
    for number in range(100):
        await desk.told(down(f"target-{number}"))
        await desk.later(10)
    assert len(desk.alerts._lines) <= 7


async def test_a_clock_that_was_set_back(desk: Desk) -> None:
    """An hour earlier: nobody waits for that hour."""
    await desk.told(down())
    desk.clock.set(START - 3_600_000_000)
    await desk.told(down())
    assert len(await desk.later(60)) == 2


async def refuse(store: Store, on: bool = True) -> None:
    assert isinstance(store, SqliteStore)
    await store._writing.run(lambda c: c.execute(f"PRAGMA query_only={'ON' if on else 'OFF'}"))


async def test_a_store_that_fails_loses_none(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """They wait in memory, one of a type and name, and come when it is well again; each time is its own."""
    tries: list[Sequence[Event]] = []
    entries = desk.door.entries

    async def planned(events: Sequence[Event]) -> list[Entry]:
        tries.append(events)
        return await entries(events)

    def tried() -> bool:
        desk.clock.advance(5)
        return len(tries) >= 4

    monkeypatch.setattr(desk.door, "entries", planned)
    await refuse(desk.store)
    with capture_logs() as logs:
        desk.alerts.tell(down(text="1"))
        await eventually(lambda: any(log["event"] == "alert.not-stored" for log in logs))
        desk.alerts.tell(down(text="2"))
        desk.alerts.tell(down(text="3"))
        await eventually(tried)
    assert sum(log["event"] == "alert.not-stored" for log in logs) == 1, "told once, not at each try"
    await refuse(desk.store, on=False)
    await eventually(lambda: desk.store.pulse().failing is None)
    desk.clock.advance(5)
    (first,) = await desk.bodies()
    assert (first["text"], first["time"], first["count"]) == ("1", rfc3339(START), 1)
    _, second = await desk.later(60)
    assert (second["text"], second["count"]) == ("3", 2)


async def test_a_commit_that_was_not_answered(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop ended while an event was being stored: the stop does not make it twice."""
    append, stored = desk.store.append, asyncio.Event()

    async def unanswered(*what: Any) -> list[Receipt]:
        await append(*what)
        stored.set()
        await asyncio.Event().wait()
        return []

    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "append", unanswered)
        desk.alerts.tell(down())
        await stored.wait()
    await desk.stop()
    assert len(await desk.stored()) == 1


async def test_a_stop_makes_events_of_what_is_held_back(desk: Desk) -> None:
    """Nobody would know of it after that."""
    await desk.told(down(text="1"), down(text="2"), down(text="3"))
    await desk.stop()
    bodies = [json.loads(event.body or b"") for event in await desk.stored()]
    assert [(each["text"], each["count"]) for each in bodies] == [("1", 1), ("3", 2)]


async def test_what_a_stop_cannot_store_is_logged(desk: Desk) -> None:
    """Nothing is lost in silence."""
    await refuse(desk.store)
    with capture_logs() as logs:
        for name in ("a", "b"):
            desk.alerts.tell(down(name))
        await desk.stop()
    lost = [(log["type"], log["name"]) for log in logs if log["event"] == "alert.lost"]
    assert lost == [("target.down", "a"), ("target.down", "b")]


async def test_a_name_of_its_own_is_told_once(desk: Desk) -> None:
    """Also after a restart; and the one that was known already holds up no other."""
    await desk.told(down(key="one"))
    await desk.stop()
    again = Desk(desk.store, desk.clock)
    await again.told(down(key="one"))
    assert [each["text"] for each in await again.told(down(text="new", key="two"))] == ["it is down", "new"]
    await again.stop()


async def test_words_of_strangers(desk: Desk) -> None:
    """`text` is one line; what is no text is replaced."""
    error = "exit 1:\n\tTraceback\x00 \udcff " + "x" * 2000
    (told,) = await desk.told(Alert("delivery.dead", "box", error, {"error": "a\nb\udcff"}))
    assert told["text"].startswith("exit 1: Traceback\x00 \ufffd xxx")
    assert len(told["text"]) == 1000
    assert told["detail"] == {"error": "a\nb?"}
