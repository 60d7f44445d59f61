"""relay's own events in a whole daemon: of sources, polls and the disk, each by its real cause."""

import json
from pathlib import Path
from typing import Final

from relay.clock import SECOND, rfc3339
from relay.store.protocol import Query
from tests.clock import START, ManualClock
from tests.eventually import eventually
from tests.journeys.alerting import Watched
from tests.journeys.whole import SHOP
from tests.poll.provider import Provider, Says
from tests.target import ScriptedTarget

DAY: Final = 86_400.0


async def test_a_source_is_silent(tmp_path: Path, clock: ManualClock, pager: ScriptedTarget) -> None:
    """Once for each silence, also where a restart comes in between."""
    shop = SHOP + 'expect_every = "1h"\n'
    async with Watched(tmp_path, clock, pager, shop) as relay:
        await relay.post("1")
        assert await relay.later(3599) == []
        (silent,) = await relay.later(10)
        assert (silent["type"], silent["name"]) == ("source.silent", "shop")
        assert silent["detail"] == {"silence_seconds": 3609.0, "last_event": rfc3339(START)}
        assert len(await relay.later(DAY)) == 1
        await relay.stop()
        await relay.start()
        assert len(await relay.later(60)) == 1
        await relay.post("2")
        await relay.later(3600)
        assert len(await relay.later(10)) == 2


async def test_a_poll_fails_and_misses(tmp_path: Path, clock: ManualClock, pager: ScriptedTarget) -> None:
    """Told when it begins to fail, not at each pass; and what was let go of meanwhile, beside `relay.gap`."""
    listed = {"id": "a", "at": START // SECOND}
    async with Provider(lambda _asked: Says([listed])) as provider:
        poll = f"""
        [api.shop]
        url = "{provider.url}"
        [poll.orders]
        api = "shop"
        path = "/orders"
        items = "body"
        id = "item.id"
        time = "item.at"
        start = "all"
        retention = "7d"
        every = "1h"
        idle = "1h"
        """
        async with Watched(tmp_path, clock, pager, poll) as relay:
            assert await relay.told() == []
            provider.answer = lambda _asked: Says({"message": "made up"}, status=403)
            (failing,) = await relay.later(2 * 3600)
            assert (failing["type"], failing["name"]) == ("poll.failing", "orders")
            assert "403" in failing["detail"]["error"]
            assert failing["text"] == f"poll orders fails: {failing['detail']['error']}"
            for _ in range(4):
                assert len(await relay.later(2 * DAY)) == 1
            provider.answer = lambda _asked: Says([listed])
            gap = (await relay.later(DAY))[-1]
            assert (gap["type"], gap["name"]) == ("poll.gap", "orders")
            events = (await relay.daemon.store.find(Query(type="relay.gap"))).events
            assert [event.source for event in events] == ["orders"]
            event = await relay.event(events[0].id)
            missed = json.loads(event.body or b"")
            assert missed == gap["detail"]


async def test_an_item_that_a_poll_cannot_use(
    tmp_path: Path, clock: ManualClock, pager: ScriptedTarget
) -> None:
    """It is a dead delivery to nobody: told by the poll's name, once."""
    items = [{"id": "good", "at": START // SECOND}, {"id": "bad", "at": "soon"}]
    async with Provider(lambda _asked: Says(items)) as provider:
        poll = f'[api.shop]\nurl = "{provider.url}"\n[poll.orders]\napi = "shop"\npath = "/orders"\n'
        poll += 'items = "body"\nid = "item.id"\ntime = "item.at"\nevery = "1h"\nidle = "1h"\nstart = "all"\n'
        async with Watched(tmp_path, clock, pager, poll) as relay:
            (dead,) = await relay.told()
            assert (dead["type"], dead["name"]) == ("delivery.dead", "orders")
            assert dead["detail"]["route"] == "poll:orders"
            assert dead["text"] == f"poll:orders cannot use an item: {dead['detail']['error']}"
            assert len(await relay.later(3 * 3600)) == 1


async def test_an_item_that_a_watch_cannot_use(
    tmp_path: Path, clock: ManualClock, pager: ScriptedTarget
) -> None:
    """As one of a poll."""
    items = [{"id": "1", "state": "new"}, {"id": "2"}]
    async with Provider(lambda _asked: Says(items)) as provider:
        watch = f'[api.post]\nurl = "{provider.url}"\n[watch.parcels]\napi = "post"\npath = "/parcels"\n'
        watch += """on = 'event.source == "shop"'\nkeys = '["1", "2"]'\nitems = "body"\nid = "item.id"\n"""
        watch += 'change = "item.state"\nuntil = "false"\nbatch = 2\nevery = "1h"\nidle = "1h"\n'
        async with Watched(tmp_path, clock, pager, SHOP, watch) as relay:
            await relay.post("1")
            await eventually(lambda: pager.requests)
            (dead,) = await relay.told()
            assert (dead["type"], dead["name"]) == ("delivery.dead", "parcels")
            assert dead["detail"]["route"] == "watch:parcels"


async def test_a_disk_that_is_nearly_full(tmp_path: Path, clock: ManualClock, pager: ScriptedTarget) -> None:
    """The same limit by which `/health` warns."""
    async with Watched(tmp_path, clock, pager, '[health]\nfree_disk = "900000TiB"') as relay:
        await eventually(lambda: relay.daemon.store.free_bytes)
        (low,) = await relay.later(5)
        assert (low["type"], low["name"]) == ("store.low-disk", "")
        assert low["detail"]["free_bytes"] < low["detail"]["free_disk"] == 900_000 << 40
        assert len(await relay.later(3600)) == 1
