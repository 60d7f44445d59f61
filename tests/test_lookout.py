"""What nobody reports is looked for: silence told once, a disk that fills up told when it begins."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from relay.accept import Door
from relay.alert import Alert
from relay.alerts import Alerts
from relay.clock import SECOND, rfc3339
from relay.config.schema import Config
from relay.lookout import Lookout
from relay.metrics import Metrics
from relay.route import Route, Routes
from relay.store.protocol import Store
from tests.clock import START, ManualClock
from tests.eventually import eventually

OWN = Routes([Route("own", ("relay",), ("pager",))])
SHOP = {"verify": "none", "expect_every": 60.0}
GIB = 1 << 30


class Ear(Alerts):
    """Keeps what is told."""

    def __init__(self, store: Store, door: Door, clock: ManualClock) -> None:
        super().__init__(store, door, clock)
        self.told: list[Alert] = []

    @override
    def tell(self, alert: Alert) -> None:
        self.told.append(alert)


class Tower:
    """A lookout whose loop runs; what it tells is kept."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store, self.clock = store, clock
        self.door = Door(store, OWN, Metrics())
        self.alerts = Ear(store, self.door, clock)
        self.told = self.alerts.told
        self.lookout = Lookout(store, self.door.last, clock, self.alerts)
        self._run = asyncio.create_task(self.lookout.run())

    def open(self, routes: Routes = OWN, free_disk: int = 0, **source: Any) -> None:
        config = Config.model_validate({"source": source, "health": {"free_disk": free_disk}})
        self.alerts.open(60.0, routes)
        self.lookout.open(config)

    async def later(self, seconds: float) -> list[Alert]:
        """Let time go by; what was told since the last time."""
        self.clock.advance(seconds)
        await eventually(lambda: self.clock.waits_for(self.lookout._wake))
        told, self.told[:] = list(self.told), []
        return told

    async def stop(self) -> None:
        self._run.cancel()
        await asyncio.wait([self._run])
        self.door.close()


@pytest.fixture
async def tower(store: Store, clock: ManualClock) -> AsyncIterator[Tower]:
    opened = Tower(store, clock)
    yield opened
    await opened.stop()


async def test_each_silence_is_told_once(tower: Tower) -> None:
    """Longer than `expect_every`, once; and again when there was an event in between."""
    tower.door.note("shop", START)
    tower.open(shop=SHOP)
    assert await tower.later(60) == []
    (told,) = await tower.later(5)
    assert (told.type, told.name) == ("source.silent", "shop")
    assert told.text == "source shop is silent for 65 s, expected every 60 s"
    assert told.detail == {"silence_seconds": 65.0, "last_event": rfc3339(START)}
    assert await tower.later(3600) == []
    tower.door.note("shop", tower.clock.now())
    assert await tower.later(60) == []
    (again,) = await tower.later(5)
    assert again.key != told.key


async def test_never_heard_of(tower: Tower) -> None:
    """Silent since relay waits for it: a source that a reload brings is not silent at once."""
    tower.open(shop=SHOP)
    await tower.later(61)
    tower.told.clear()
    tower.open(shop=SHOP, erp=SHOP)
    assert await tower.later(60) == []
    (told,) = await tower.later(5)
    assert (told.name, told.detail["last_event"], told.key) == ("erp", None, "source.silent:erp:never")


async def test_the_same_silence_after_a_restart(tower: Tower) -> None:
    """It has the same name, by which the store knows it."""
    tower.door.note("shop", START)
    tower.open(shop=SHOP)
    (told,) = await tower.later(65)
    again = Tower(tower.store, tower.clock)
    again.door.note("shop", START)
    again.open(shop=SHOP)
    assert [each.key for each in await again.later(1)] == [told.key]
    await again.stop()


async def test_who_expects_nothing(tower: Tower) -> None:
    """No `expect_every`, no silence."""
    tower.open(shop={"verify": "none"})
    assert await tower.later(1e6) == []


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the disk has free is the last of these."""
    free = [2 * GIB]

    async def measured(_path: Path, _connection: object) -> int:
        return free[-1]

    monkeypatch.setattr("relay.store.sqlite.store.free_bytes", measured)
    return free


async def left(tower: Tower, disk: list[int], free: int) -> list[Alert]:
    """The disk has so much free from now on; what was told of that."""
    disk.append(free)

    def measured() -> bool:
        tower.clock.advance(1)
        return tower.store.free_bytes == free

    await eventually(measured)
    return await tower.later(5)


async def test_a_disk_that_fills_up(tower: Tower, disk: list[int]) -> None:
    """Told when it begins, once; again only when it was over, by more than relay's own writing moves."""
    tower.open(free_disk=GIB)
    assert await left(tower, disk, GIB) == []
    (told,) = await left(tower, disk, GIB - 1)
    assert (told.type, told.name) == ("store.low-disk", "")
    assert told.text == f"{tower.store.path}: 1023 MiB of disk are free, less than 1024 MiB"
    assert told.detail == {"free_bytes": GIB - 1, "free_disk": GIB}
    assert await left(tower, disk, GIB - 2) == []
    assert await left(tower, disk, GIB + GIB // 32) == []
    assert await left(tower, disk, GIB - 1) == []
    assert await left(tower, disk, GIB + GIB // 16) == []
    assert len(await left(tower, disk, GIB - 1)) == 1


async def test_nothing_is_looked_for_where_nobody_wants_it(tower: Tower, disk: list[int]) -> None:
    """Not even time wakes it; a reload that names `relay` tells what is not well by then."""
    tower.open(Routes(), free_disk=GIB, shop=SHOP)
    assert await left(tower, disk, 1) == []
    assert await tower.later(1e6) == []
    waits = [until for event, until in tower.clock._waits if event is tower.lookout._wake]
    assert waits == [None]
    tower.open(free_disk=GIB, shop=SHOP)
    told = await tower.later(0)
    assert {each.type for each in told} == {"source.silent", "store.low-disk"}
    tower.open(Routes(), free_disk=GIB, shop=SHOP)
    assert await tower.later(10 * SECOND) == []
    tower.open(free_disk=GIB, shop=SHOP)
    assert {each.type for each in await tower.later(0)} == {"source.silent", "store.low-disk"}
