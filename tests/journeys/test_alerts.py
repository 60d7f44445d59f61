"""relay's own events in a whole daemon: of targets and deliveries, each by its real cause."""

from pathlib import Path
from typing import Final

from relay.clock import rfc3339
from relay.store.protocol import Query
from tests.clock import START, ManualClock
from tests.eventually import eventually
from tests.journeys.alerting import OWN, Watched, types
from tests.journeys.whole import SHOP, box, route
from tests.receive.wire import request
from tests.target import RESET, Answer, ScriptedTarget, Then, answer

DAY: Final = 86_400.0


async def test_a_target_goes_and_comes_back(
    tmp_path: Path, clock: ManualClock, pager: ScriptedTarget, target: ScriptedTarget
) -> None:
    """Down with the reason, recovered with how long it took; as relay's requests are, with its names."""
    async with Watched(tmp_path, clock, pager, SHOP, box(target.url), route("box")) as relay:
        await target.close()
        await relay.post("1")
        (down,) = await relay.told()
        assert (down["type"], down["name"], down["count"]) == ("target.down", "box", 1)
        assert down["time"] == rfc3339(START)
        assert down["text"] == f"target box is down: {down['detail']['error']}"
        await target.open()
        _, back = await relay.later(0.5)
        assert (back["type"], back["detail"]) == ("target.recovered", {"seconds": 0.5})
        assert back["text"] == "target box is back after 0.5 s"
    (first, _) = pager.requests
    assert first.value("Relay-Source") == "relay"
    assert first.value("Relay-Type") == "target.down"
    assert first.value("Content-Type") == "application/json"


async def test_resumed_by_hand_while_it_was_down(
    tmp_path: Path, clock: ManualClock, pager: ScriptedTarget, target: ScriptedTarget
) -> None:
    """Whoever was told that it is down is told that it is back, though nothing had to be probed."""
    async with Watched(tmp_path, clock, pager, SHOP, box(target.url), route("box")) as relay:
        await target.close()
        await relay.post("1")
        await relay.told()
        relay.daemon.resume("box")
        assert types(await relay.told()) == [("target.down", "box")]
        await target.open()
        relay.daemon.resume("box")
        assert types(await relay.told())[1:] == [("target.recovered", "box")]


async def test_a_target_is_paused(
    tmp_path: Path, clock: ManualClock, pager: ScriptedTarget, target: ScriptedTarget
) -> None:
    """By its 410, and by hand; once, not for each time that somebody says so."""
    async with Watched(tmp_path, clock, pager, SHOP, box(target.url), route("box")) as relay:
        target.rest = 410
        await relay.post("1")
        (gone,) = await relay.told()
        assert (gone["type"], gone["name"], "410" in gone["text"]) == ("target.paused", "box", True)
        relay.daemon.pause("box")
        target.rest = 200
        relay.daemon.resume("box")
        await relay.told()
        relay.daemon.pause("box")
        relay.daemon.pause("box")
        *_, by_hand = await relay.later(60)
        assert by_hand["text"] == "target box is paused: by hand"


async def test_a_delivery_is_given_up(
    tmp_path: Path, clock: ManualClock, pager: ScriptedTarget, target: ScriptedTarget
) -> None:
    """Its schedule is used up: the event, its route, and why; by hand it is nobody's news."""
    tables = [SHOP, box(target.url, more="retry.schedule = []"), route("box")]
    async with Watched(tmp_path, clock, pager, *tables) as relay:
        target.rest = 422
        id = await relay.post("1")
        (dead,) = await relay.told()
        assert (dead["type"], dead["name"]) == ("delivery.dead", "box")
        error = "schedule used up: answered 422 Said So"
        assert dead["detail"] == {"error": error, "event_id": id, "route": "all"}
        assert dead["text"] == f"delivery {id}-1 to box is given up: {error}"
        relay.daemon.pause("box")
        await relay.post("2")
        await relay.daemon.store.discard(Query(target="box"), clock.now())
        assert types(await relay.later(60))[1:] == [("target.paused", "box")]


async def test_given_up_for_their_age(
    tmp_path: Path, clock: ManualClock, pager: ScriptedTarget, target: ScriptedTarget
) -> None:
    """While their target is down; relay's own events among them are not counted, nor told."""
    old = 'retry = { schedule = ["1s"], max_age = "1h" }'
    own = '[route.here]\nfrom = "relay"\nto = "box"\n'
    async with Watched(tmp_path, clock, pager, SHOP, box(target.url, more=old), route("box"), own) as relay:
        await target.close()
        ids = [await relay.post(str(n)) for n in range(3)]
        assert types(await relay.told()) == [("target.down", "box")]
        told = await relay.later(3700)
        told = await relay.later(60)
        assert types(told)[1:] == [("delivery.dead", "box")] * (len(told) - 1)
        assert sum(each["count"] for each in told[1:]) == 3
        assert told[1]["detail"]["event_id"] in ids
        assert told[1]["detail"] | {"event_id": ""} == {
            "error": "older than max_age",
            "event_id": "",
            "route": "all",
        }
        assert len((await relay.daemon.store.find(Query(source="relay", target="box", state="dead"))).events)
        assert len(await relay.later(7200)) == len(told)


async def test_dead_before_it_was_tried(
    tmp_path: Path, clock: ManualClock, pager: ScriptedTarget, target: ScriptedTarget
) -> None:
    """A filter that cannot say: kept, listed and told; a duplicate is not told again, nor what is skipped."""
    strict = '[route.strict]\nfrom = "shop"\nwhen = "body.missing == 1"\nto = "box"\n'
    skips = strict.replace("strict", "skips") + 'on_error = "skip"\n'
    async with Watched(tmp_path, clock, pager, SHOP, box(target.url), strict, skips) as relay:
        id = await relay.post("1")
        await relay.post("1")
        (dead,) = await relay.told()
        assert (dead["type"], dead["name"], dead["count"]) == ("delivery.dead", "box", 1)
        assert (dead["detail"]["event_id"], dead["detail"]["route"]) == (id, "strict")
        assert dead["detail"]["error"].startswith("when: ")
        assert len(await relay.later(120)) == 1


async def test_a_pager_that_is_dead_for_days(
    tmp_path: Path, clock: ManualClock, pager: ScriptedTarget
) -> None:
    """That it is down is told once, to itself; what becomes of that is told nobody."""
    async with Watched(tmp_path, clock, pager, SHOP, route("pager")) as relay:
        await pager.close()
        await relay.post("1")
        for _ in range(14):
            await relay.later(DAY / 2)
        own = (await relay.daemon.store.find(Query(source="relay"))).events
        assert [(event.type, event.state) for event in own] == [
            ("delivery.dead", "dead"),
            ("target.down", "dead"),
        ]


async def test_a_pager_that_comes_and_goes(tmp_path: Path, clock: ManualClock, pager: ScriptedTarget) -> None:
    """Every second connection breaks: what tells of the pager makes nothing more to tell of it."""
    async with Watched(tmp_path, clock, pager, SHOP, route("pager")) as relay:
        pager.script = [RESET, 200] * 100
        await relay.post("1")
        for _ in range(30):
            await relay.later(60)
        own = (await relay.daemon.store.find(Query(source="relay"))).events
        assert [(event.type, event.state) for event in own] == [
            ("target.recovered", "delivered"),
            ("target.down", "delivered"),
        ]


async def test_a_pager_that_refuses_everything(
    tmp_path: Path, clock: ManualClock, pager: ScriptedTarget
) -> None:
    """Its dead deliveries make no more of their kind."""
    strict = '[route.strict]\nfrom = "shop"\nwhen = "body.missing == 1"\nto = "pager"\n'
    async with Watched(tmp_path, clock, pager, SHOP, strict) as relay:
        pager.rest = 400
        await relay.post("1")
        for _ in range(14):
            await relay.later(DAY / 2)
        own = (await relay.daemon.store.find(Query(source="relay"))).events
        assert [(event.type, event.state) for event in own] == [("delivery.dead", "dead")]


async def test_a_route_that_cannot_say(
    tmp_path: Path, clock: ManualClock, pager: ScriptedTarget, target: ScriptedTarget
) -> None:
    """An own event that is dead from the beginning is kept, and told nobody."""
    strict = '[route.more]\nfrom = "relay"\nwhen = "body.missing == 1"\nto = "box"\n'
    async with Watched(tmp_path, clock, pager, box(target.url), strict) as relay:
        relay.daemon.pause("pager")
        await relay.told()
        relay.daemon.resume("pager")
        for _ in range(3):
            assert types(await relay.later(60)) == [("target.paused", "pager")]
        (event,) = (await relay.daemon.store.find(Query())).events
        assert {each.target: each.state for each in event.deliveries} == {"pager": "delivered", "box": "dead"}


async def test_switched_by_a_reload(
    tmp_path: Path, clock: ManualClock, pager: ScriptedTarget, target: ScriptedTarget
) -> None:
    """No route, no event, though `*` takes all others; a reload that names `relay` is enough."""
    tables = box(pager.url, "pager"), SHOP, box(target.url), route("box", "pager")
    relay = Watched(tmp_path, clock, pager)
    relay.write(*tables)
    async with relay:
        relay.daemon.pause("box")
        await relay.later(60)
        assert (await relay.daemon.store.find(Query())).events == ()
        relay.daemon.resume("box")
        relay.write(*tables, OWN)
        assert (await relay.daemon.reload()).problems == ()
        relay.daemon.pause("box")
        assert types(await relay.told()) == [("target.paused", "box")]
        relay.daemon.resume("box")
        relay.write(*tables)
        await relay.daemon.reload()
        relay.daemon.pause("box")
        assert len(await relay.later(60)) == 1


async def test_what_a_drain_brings_is_stored(
    tmp_path: Path, clock: ManualClock, pager: ScriptedTarget, target: ScriptedTarget
) -> None:
    """An attempt that ends badly while the daemon stops: its event waits for the next start."""
    tables = [SHOP, box(target.url, more="retry.schedule = []"), route("box")]
    relay = Watched(tmp_path, clock, pager, *tables)
    await relay.start()
    target.rest = Answer(b"", Then.HANG, answer(422).raw)
    await relay.post("1")
    await target.next()
    relay.daemon.stop()

    def drains() -> bool:
        clock.advance(0.1)
        return relay.daemon.worker._stopping

    await eventually(drains)
    target.let_go()
    await relay.stop()
    assert pager.requests == []
    async with relay:
        assert types(await relay.later(1)) == [("delivery.dead", "box")]


async def test_what_is_held_back_outlives_a_stop(
    tmp_path: Path, clock: ManualClock, pager: ScriptedTarget, target: ScriptedTarget
) -> None:
    """It was not its turn yet, and comes with the next start."""
    async with Watched(tmp_path, clock, pager, box(target.url)) as relay:
        for _ in range(3):
            relay.daemon.pause("box")
            assert len(await relay.told()) == 1
            relay.daemon.resume("box")
        await relay.stop()
        await relay.start()
        assert [each["count"] for each in await relay.later(1)] == [1, 2]


async def test_no_source_by_that_name(tmp_path: Path, clock: ManualClock, pager: ScriptedTarget) -> None:
    """Nobody can send in relay's name."""
    async with Watched(tmp_path, clock, pager) as relay:
        assert (await relay.ask(request("/in/relay", b"{}"))).status == 404
