"""Apis that are down, hang, or want to be left alone: deliveries that need them wait, and harm no other."""

from relay.delivery import Shaped
from tests.deliver.enriching import BARE, FOUND, WHOLE, EnrichStand, bodies
from tests.eventually import eventually
from tests.target import HANG, RESET, ScriptedTarget, answer


async def test_an_api_that_is_down_for_an_hour(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """Its deliveries wait and are whole in the end; what does not need it goes out at once, there, too."""
    await api.close()
    enriching.serve(api, target, within="6h")
    ids = await enriching.order(count=20)
    (other,) = await enriching.post("box", body=b"{}", shaped=Shaped.BARE)
    await enriching.idle()
    assert (await enriching.delivery(other)).state == "delivered"
    assert {await enriching.told(id) for id in ids} == {
        ("pending", 1, "enrich order: no connection: Connection refused")
    }
    for seconds in (5, 300, 1800, 1495):
        await enriching.go_on(seconds)
    assert {(await enriching.delivery(id)).attempts for id in ids} == {4}
    await api.open()
    await enriching.go_on(7200)
    assert await enriching.states(ids) == {"delivered"}
    assert bodies(target)[1:] == [WHOLE] * 20
    assert len(api.requests) == 20


async def test_an_api_that_hangs(enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget) -> None:
    """Few wait for it; the rest are sent away without a step spent, and no slot of the target is held."""
    api.rest = HANG
    enriching.serve(api, target)
    enriching.open(target={"box": {"url": target.url, "concurrency": 2}})
    ids = await enriching.order(count=200)
    (other,) = await enriching.post("box", body=b"plain", shaped=Shaped.BARE)
    await api.several(4)
    await target.next()
    await eventually(lambda: len(enriching.worker._preparer._tasks) == 64)
    assert len(api.requests) == 4
    await enriching.store.flush()
    assert (await enriching.delivery(other)).state == "delivered"
    assert {(await enriching.delivery(id)).attempts for id in ids} == {0}
    due = sorted([(await enriching.delivery(id)).next_at or 0 for id in ids])
    assert due[63] == enriching.clock.now() < due[64] < due[100] < due[-1]


async def test_who_answers_no_more(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """Where several in a row had no answer, the others are told so at once, but for one that looks again."""
    api.rest = RESET
    enriching.serve(api, target)
    ids = await enriching.order(count=60)
    await enriching.idle()
    assert {await enriching.told(id) for id in ids} == {
        ("pending", 1, "enrich order: connection broken: Connection reset by peer")
    }
    asked = len(api.requests)
    assert asked <= 2 * 12  # those under way together; a connection that is cut is tried twice
    await enriching.go_on(5)
    assert {(await enriching.delivery(id)).attempts for id in ids} == {2}
    assert asked < len(api.requests) <= asked + 2
    api.rest = FOUND
    await enriching.go_on(300)
    await enriching.go_on(1800)
    assert await enriching.states(ids) == {"delivered"}


async def test_an_api_that_wants_to_be_left_alone(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """429: nobody is asked for before it says so, and no delivery spends a step on it."""
    api.script = [answer(429, "Retry-After: 3600")]
    enriching.serve(api, target, within="2h")
    enriching.open(api={"shop": {"url": f"http://127.0.0.1:{api.port}", "at_once": 1}})
    ids = await enriching.order(count=100)
    await enriching.idle()
    await enriching.go_on(3590)
    assert len(api.requests) == 1
    assert {(await enriching.delivery(id)).attempts for id in ids} == {0}
    for _ in range(20):
        await enriching.go_on(10)
    assert await enriching.states(ids) == {"delivered"}
    assert {(await enriching.delivery(id)).attempts for id in ids} == {1}
    assert len(api.requests) == 101


async def test_left_alone_for_too_long(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """Who would be asked for only when `within` is over is given up then."""
    api.script = [answer(429, "Retry-After: 3600")]
    enriching.serve(api, target, within="10m", on_fail="send")
    await enriching.order()
    await enriching.idle()
    await enriching.go_on(599)
    assert target.requests == []
    await enriching.go_on(1)
    assert (bodies(target), len(api.requests)) == ([BARE], 1)


async def test_a_rate_of_its_own(enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget) -> None:
    """It may be asked for less often than its api allows."""
    enriching.serve(api, target, rate="1/m")
    ids = await enriching.order(count=3)
    await eventually(lambda: len(target.requests) == 1)
    for n in (2, 3):
        enriching.clock.advance(60)
        await eventually(lambda n=n: len(target.requests) == n)  # type: ignore[misc]  # bound by its default
    await enriching.idle()
    assert await enriching.states(ids) == {"delivered"}


async def test_a_reload_leaves_the_line_alone(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """What is known of an api outlives a file that changes nothing about it."""
    enriching.serve(api, target, rate="1/h")
    await enriching.order()
    await enriching.idle()
    enriching.open(target={"box": {"url": target.url, "concurrency": 3}})
    await enriching.order()
    await eventually(lambda: enriching.apis["shop"]._budget._waiting)
    assert len(api.requests) == 1
    enriching.serve(api, target, rate="1/s")
    await eventually(lambda: len(target.requests) == 2)
