"""A target goes, a daemon goes, and nothing is lost."""

from pathlib import Path

from tests.clock import ManualClock
from tests.journeys.whole import SHOP, Relay, box, route
from tests.target import HANG, ScriptedTarget


async def test_backlog_at_once(tmp_path: Path, clock: ManualClock) -> None:
    """A target that was away for 20 s gets all that waited within seconds, whatever its schedule."""
    async with (
        ScriptedTarget() as target,
        Relay(tmp_path, clock, SHOP, box(target.url, more='retry.schedule = ["1h"]'), route("box")) as relay,
    ):
        await target.close()
        ids = [await relay.post(str(n)) for n in range(20)]
        for _ in range(40):
            await relay.go_on(0.5)
        assert relay.daemon.breaker("box") == "open"
        await target.open()
        await relay.go_on(16)
        assert [await relay.states(id) for id in ids] == [{"box": "delivered"}] * 20
        assert relay.daemon.breaker("box") == "closed"
        assert sorted(each.value("Relay-Event-Id") for each in target.requests) == ids


async def test_restart_with_pending(tmp_path: Path, clock: ManualClock) -> None:
    """What one daemon took, with its target away, the next one delivers under the same names."""
    async with ScriptedTarget() as target:
        relay = Relay(tmp_path, clock, SHOP, box(target.url), route("box"))
        await relay.start()
        await target.close()
        ids = [await relay.post(str(n)) for n in range(5)]
        await relay.idle()
        await relay.stop()
        await target.open()
        async with relay:
            await relay.go_on(60)
            assert {each.value("Idempotency-Key") for each in target.requests} == {f"{id}-1" for id in ids}
            assert [await relay.post(str(n)) for n in range(5)] == ids
            await relay.idle()
            assert len(target.requests) == 5
            assert (await relay.daemon.store.audit()).ok


async def test_fan_out(tmp_path: Path, clock: ManualClock) -> None:
    """Two routes, three targets: one takes it, one refuses it, one hangs, each for itself."""
    async with ScriptedTarget() as well, ScriptedTarget(rest=500) as ill, ScriptedTarget(rest=HANG) as slow:
        tables = [
            '[server]\ndrain = "0s"',
            SHOP,
            box(well.url, "well"),
            box(ill.url, "ill", "retry.schedule = []"),
            box(slow.url, "slow"),
            route("well", "ill", name="one"),
            route("slow", name="two"),
        ]
        relay = Relay(tmp_path, clock, *tables[1:])
        relay.file.write_text(relay.file.read_text().replace("[server]", tables[0]))
        async with relay:
            id = await relay.post("1")
            await slow.next()
            await relay.idle(running=1)
            assert await relay.states(id) == {"well": "delivered", "ill": "dead", "slow": "pending"}
            assert (await relay.event(id)).state == "pending"
            assert [each.route for each in (await relay.event(id)).deliveries] == ["one", "one", "two"]
