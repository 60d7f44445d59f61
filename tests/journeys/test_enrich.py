"""An event that only names an order, and a target that gets the order: through the whole daemon."""

import json
from pathlib import Path

from tests.clock import ManualClock
from tests.deliver.enriching import FOUND, says
from tests.journeys.whole import SHOP, Relay, box
from tests.target import HOLD, ScriptedTarget


def tables(api: ScriptedTarget, target: ScriptedTarget, data: str = "body") -> tuple[str, ...]:
    """A file that has an api for nothing but to enrich; one route needs it, the other does not."""
    enrich = f"""
[api.shop]
url = "http://127.0.0.1:{api.port}"
auth = {{ type = "bearer", token = "tok-1" }}
[enrich.order]
api = "shop"
path = "/orders/${{event.data.id}}"
put = "order"
data = "{data}"
[route.whole]
from = "shop"
to = "box"
transform = '{{"id": event.data.id, "order": order}}'
headers.X-Total = "get(order, 'total', null)"
[route.bare]
from = "shop"
to = "bare"
"""
    return SHOP, box(target.url, more='retry.schedule = ["5s", "5m"]'), box(target.url, "bare"), enrich


async def test_an_event_and_its_order(tmp_path: Path, clock: ManualClock) -> None:
    """An api that is down keeps the bare event from nobody; when it is back the other target gets both."""
    async with ScriptedTarget([500], FOUND) as api, ScriptedTarget() as target:
        async with Relay(tmp_path, clock, *tables(api, target)) as relay:
            id = await relay.post("7")
            await relay.idle()
            assert await relay.states(id) == {"box": "pending", "bare": "delivered"}
            await relay.go_on(6)
            assert await relay.states(id) == {"box": "delivered", "bare": "delivered"}
        bare, whole = target.requests
        assert json.loads(bare.body) == {"id": "7"}
        assert json.loads(whole.body) == {"id": "7", "order": {"total": 5}}
        assert whole.value("X-Total") == "5"
        assert api.requests[1].line == b"GET /orders/7 HTTP/1.1"
        assert api.requests[1].value("Authorization") == "Bearer tok-1"


async def test_a_start_and_a_reload(tmp_path: Path, clock: ManualClock) -> None:
    """What was answered outlives a restart; a table that is corrected is asked again at the next attempt."""
    async with ScriptedTarget([], says({"total": 5})) as api, ScriptedTarget([200, 500, 500]) as target:
        relay = Relay(tmp_path, clock, *tables(api, target))
        async with relay:
            await relay.post("7")
            await relay.idle()
        async with relay:
            await relay.idle()
            await relay.go_on(6)
            assert len(api.requests) == 1
            relay.write(*tables(api, target, "body.total"))
            told = await relay.daemon.reload()
            assert (told.problems, told.changed) == ((), ("enrich.order",))
            await relay.go_on(400)
        assert len(api.requests) == 2
        assert [json.loads(request.body).get("order") for request in target.requests[-2:]] == [
            {"total": 5},
            5,
        ]


async def test_a_stop_while_it_is_asked(tmp_path: Path, clock: ManualClock) -> None:
    """A stop waits for no answer, and what waited for one is delivered by the next start."""
    async with ScriptedTarget([HOLD], FOUND) as api, ScriptedTarget() as target:
        relay = Relay(tmp_path, clock, *tables(api, target))
        async with relay:
            id = await relay.post("7")
            await api.next()
            await target.next()
        async with relay:
            await relay.idle()
            assert await relay.states(id) == {"box": "delivered", "bare": "delivered"}
        assert len(api.requests) == 2
