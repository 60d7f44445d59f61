"""A new file while events come and go: all of it or nothing."""

from pathlib import Path

from tests.clock import ManualClock
from tests.journeys.whole import SHOP, Relay, box, route
from tests.receive.wire import Wire, request, signed
from tests.target import HOLD, ScriptedTarget

OPEN = '[source.open]\nverify = "none"\n'


async def test_bad_file_changes_nothing(tmp_path: Path, clock: ManualClock) -> None:
    """Every problem is told, and the old file stays in force."""
    async with (
        ScriptedTarget() as target,
        Relay(tmp_path, clock, SHOP, box(target.url), route("box")) as relay,
    ):
        relay.write(OPEN, box("ftp://nowhere"), route("nobody"))
        told = await relay.daemon.reload()
        assert {problem.path for problem in told.problems} >= {"target.box.url", "route.all.to"}
        await relay.post("1")
        assert (await relay.ask(request("/in/open", b"x"))).status == 404
        await target.next()


async def test_provider_that_cannot_be_built_changes_nothing(tmp_path: Path, clock: ManualClock) -> None:
    """What only a part knows to be wrong refuses the file as well."""
    async with Relay(tmp_path, clock, SHOP) as relay:
        relay.write(SHOP.replace('header = "X-Signature"', 'header = "no name"'))
        told = await relay.daemon.reload()
        assert [problem.path for problem in told.problems] == ["source.shop.verify.header"]
        await relay.post("1")


async def test_good_file(tmp_path: Path, clock: ManualClock) -> None:
    """A source, a target, a route more; open connections serve on; what needs a restart is told."""
    async with (
        ScriptedTarget() as old,
        ScriptedTarget() as new,
        Relay(tmp_path, clock, SHOP, box(old.url), route("box")) as relay,
        Wire(relay.daemon.addresses["http"]) as wire,
    ):
        assert (await wire.ask(signed(b'{"id":"1"}'))).status == 200
        relay.write(
            SHOP, OPEN, box(old.url), box(new.url, "new"), route("box", "new"), '[log]\nlevel = "error"'
        )
        relay.file.write_text(relay.file.read_text().replace('min_free = "0B"', 'min_free = "1B"'))
        told = await relay.daemon.reload()
        assert told.problems == ()
        assert any("store" in path for path in told.needs_restart)
        assert (await wire.ask(signed(b'{"id":"2"}'))).status == 200
        assert (await wire.ask(request("/in/open", b"x"))).status == 200
        await relay.idle()
        assert (len(old.requests), len(new.requests)) == (3, 2)


async def test_target_that_is_gone(tmp_path: Path, clock: ManualClock) -> None:
    """Its deliveries stay pending, an attempt that runs ends well, and all go when it is back."""
    async with ScriptedTarget([HOLD]) as target:
        file = (SHOP, box(target.url, more='concurrency = 1\nretry.max_age = "1h"'), route("box"))
        async with Relay(tmp_path, clock, *file) as relay:
            ids = [await relay.post(str(n)) for n in range(3)]
            await target.next()
            relay.write(SHOP)
            assert not (await relay.daemon.reload()).problems
            target.let_go()
            await relay.idle()
            assert [await relay.states(id) for id in ids] == [
                {"box": "delivered"},
                {"box": "pending"},
                {"box": "pending"},
            ]
            await relay.go_on(100 * 3600)
            relay.write(*file)
            assert not (await relay.daemon.reload()).problems
            await relay.idle()
            assert [await relay.states(id) for id in ids] == [{"box": "delivered"}] * 3
