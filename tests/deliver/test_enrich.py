"""Enriching on the way out: what is asked, how often, and what becomes of deliveries meanwhile."""

import json
from typing import Any

import pytest

from relay.route import Planned
from relay.store.protocol import Query, Replay
from tests.deliver.enriching import BARE, FOUND, ORDER, WHOLE, EnrichStand, bodies, says
from tests.eventually import eventually
from tests.target import HANG, Answer, ScriptedTarget, Then


async def errors(enriching: EnrichStand, id: str) -> list[str | None]:
    """Why each attempt failed."""
    return [error for (error,) in await enriching.history(id, "error")]


async def _nothing_new(_events: object) -> list[tuple[Planned, ...]]:
    """Every event has its deliveries."""
    return []


# what is asked


async def test_event_and_answer_in_one_body(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """What the event only names is fetched, and the target gets both. Data names one segment of the path."""
    enriching.serve(api, target)
    (id,) = await enriching.order("a/../b")
    await enriching.idle()
    assert api.requests[0].line == b"GET /v1/orders/a%2F..%2Fb.json HTTP/1.1"
    assert bodies(target) == [{"id": "a/../b", "order": {"total": 5}}]
    assert (await enriching.delivery(id)).attempts == 1


async def test_the_whole_request_may_be_said_of_the_event(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """Its parameters, headers and JSON are templates over the event, and over the request that brought it."""
    json_body = {"ids": ["${body.id}"], "known": "${event.id}"}
    words = {"method": "POST", "path": "/search", "query": {"type": "${event.type}", "none": "${event.key}"}}
    enriching.serve(api, target, **words, headers={"X-Digest": "${digest}"}, json=json_body)
    (id,) = await enriching.order("7")
    await enriching.idle()
    (asked,) = api.requests
    assert asked.line == b"POST /v1/search?type=order.paid HTTP/1.1"
    assert json.loads(asked.body) == {"ids": ["7"], "known": id}
    assert len(asked.value("X-Digest")) == 64


async def test_what_of_the_answer_is_put(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """`data` takes it out of `body`, `headers` and `status`; `event.data` stays the event's own body."""
    data = '{"n": body.order.n, "kind": headers["content-type"], "status": status, "of": event.data.id}'
    api.script = [says({"order": {"n": 2**63 - 1}})]
    enriching.serve(api, target, data=data)
    await enriching.order("7")
    await enriching.idle()
    put = {"n": 2**63 - 1, "kind": "application/json", "status": 200, "of": "7"}
    assert bodies(target) == [{"id": "7", "order": put}]


async def test_only_where_it_is_named(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """A route whose transform, headers and path do not name it costs no request."""
    enriching.serve(api, target)
    enriching.open(route={"all": {"from": "shop", "to": "box", "transform": "event.data"}})
    await enriching.order("7")
    await enriching.post("box", body=b"[ ]")
    await enriching.idle()
    assert [request.body for request in target.requests] == [b'{"id":"7"}', b"[]"]
    assert api.requests == []


@pytest.mark.parametrize(
    "shape", [{"headers": {"X-Total": "order.total"}}, {"path": "/orders/${order.total}"}]
)
async def test_a_header_or_a_path_may_name_it(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget, shape: dict[str, Any]
) -> None:
    """They are made of the answer just as a transform is."""
    enriching.serve(api, target)
    enriching.open(route={"all": {"from": "shop", "to": "box", **shape}})
    await enriching.order("7")
    await enriching.idle()
    (came,) = target.requests
    assert b"X-Total: 5" in came.raw or b"POST /hooks/orders/5 " in came.line
    assert came.body == b'{"id": "7"}'


async def test_two_of_them(enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget) -> None:
    """A delivery may need several: it goes out when it has them all."""
    enriching.serve(api, target)
    api.script = [says({"total": 5}), says({"message": "no"}, 500), says({"name": "Ann"})]
    other = {"api": "shop", "path": "/customers/1", "put": "customer"}
    transform = '{"id": event.data.id, "order": order, "customer": customer}'
    enriching.open(
        enrich={"order": ORDER, "customer": other},
        route={"all": {"from": "shop", "to": "box", "transform": transform}},
    )
    (id,) = await enriching.order("7")
    await enriching.idle()
    assert target.requests == []
    assert "answered 500" in str((await errors(enriching, id))[0])
    await enriching.go_on(5)
    assert len(api.requests) == 3
    assert bodies(target)[0].keys() == {"id", "order", "customer"}


# for which events


async def test_for_some_events_only(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """Where `on` is false nothing is asked, and what it puts is null."""
    enriching.serve(api, target, on='event.type == "order.made"')
    await enriching.order("7")
    await enriching.idle()
    assert (bodies(target), api.requests) == ([BARE], [])


@pytest.mark.parametrize(
    ("on", "why"), [("body.paid", "no such key: paid"), ("body.id", "gives string, not bool")]
)
async def test_a_filter_that_fails(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget, on: str, why: str
) -> None:
    """It will fail again: `on_fail` says what becomes of the delivery, at once."""
    enriching.serve(api, target, on=on)
    (id,) = await enriching.order("7")
    await enriching.idle()
    dead = await enriching.delivery(id)
    assert (dead.state, dead.last_error) == ("dead", f"enrich order: on: {why}")
    enriching.serve(api, target, on=on, on_fail="send")
    await enriching.order("7")
    await enriching.idle()
    assert (bodies(target), api.requests) == ([BARE], [])


async def test_a_request_that_cannot_be_made(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """An event of which no request can be made is no reason to try again."""
    enriching.serve(api, target, path="/orders/${event.data.number}.json")
    (id,) = await enriching.order("7")
    (up,) = await enriching.order("..")
    await enriching.idle()
    dead = await enriching.delivery(id)
    assert (dead.state, dead.last_error) == ("dead", "enrich order: its request: no such key: number")
    enriching.serve(api, target, path="/orders/${event.data.id}")
    (up,) = await enriching.order("..")
    await enriching.idle()
    assert (await enriching.delivery(up)).last_error == "enrich order: its request: the path has a segment .."
    assert (api.requests, target.requests) == ([], [])


async def test_work_without_end(enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget) -> None:
    """An expression that comes to no end on some body is a failure as any other; much work alone is none."""
    loop = "body.ids.all(a, body.ids.all(b, body.most == 1 || body.ids.all(c, a + b + c >= 0)))"
    enriching.serve(api, target, on=loop)
    endless, much, little = [
        await enriching.event("made", {"id": "7", "most": most, "ids": list(range(count))})
        for most, count in ((3, 150), (1, 150), (3, 2))
    ]
    await enriching.idle()
    assert "too much work" in str((await enriching.told(endless))[2])
    assert (await enriching.told(much))[0] == (await enriching.told(little))[0] == "delivered"


# once


async def test_fifty_deliveries_at_once(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """One request for an event, however many routes and targets need it, also at the same moment."""
    api.script = [Answer(b"", Then.HANG, FOUND.raw)]
    boxes = [f"box{n}" for n in range(50)]
    enriching.serve(api, target)
    enriching.open(target={box: {"url": target.url} for box in boxes})
    await enriching.order("7", *boxes)
    await eventually(lambda: len(enriching.worker._preparer._tasks) == 50)
    await api.next()
    api.let_go()
    await enriching.idle()
    assert bodies(target) == [WHOLE] * 50
    assert len(api.requests) == 1


async def test_what_is_tried_again_is_not_asked_again(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """The answer is kept with the event: for further attempts, over a restart, too."""
    enriching.serve(api, target)
    target.script = [500, 500]
    (id,) = await enriching.order("7")
    await enriching.idle()
    await enriching.go_on(5)
    await enriching.restart()
    await enriching.go_on(300)
    assert bodies(target) == [WHOLE] * 3
    assert (await enriching.delivery(id)).state == "delivered"
    assert len(api.requests) == 1


async def test_a_crash_between_answer_and_delivery(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """What was answered before the end is there after it."""
    enriching.serve(api, target)
    target.script = [HANG]
    await enriching.order("7")
    await target.next()
    await enriching.restart()
    await enriching.idle()
    assert bodies(target) == [WHOLE] * 2
    assert len(api.requests) == 1


async def test_a_stop_before_the_answer(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """Whoever waits for an answer at a stop stays pending, and has spent nothing."""
    enriching.serve(api, target)
    api.script = [HANG]
    (id,) = await enriching.order("7")
    await api.next()
    await enriching.restart()
    await enriching.idle()
    assert bodies(target) == [WHOLE]
    assert (await enriching.delivery(id)).attempts == 1


async def test_a_replay_by_hand_asks_anew(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """What was answered before counts for nothing; what is answered now is one answer for all deliveries."""
    api.script = [says({"total": total}) for total in (5, 6, 7)]
    enriching.serve(api, target)
    enriching.open(target={"box": {"url": target.url}, "bin": {"url": target.url}})
    (id,) = await enriching.order("7", "box", "bin")
    await enriching.idle()
    for query in (Query(ids=(id,)), Query(ids=(id,), target="bin")):
        await enriching.store.replay(query, Replay(enriching.clock.now()), _nothing_new)
        await enriching.idle()
    assert [body["order"]["total"] for body in bodies(target)] == [5, 5, 6, 6, 7]
    assert len(api.requests) == 3


async def test_another_table_asks_anew(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """What a reload corrects is picked up by the next attempt; what it leaves alone is not asked again."""
    target.script = [500, 500, 500]
    enriching.serve(api, target)
    await enriching.order("7")
    await enriching.idle()
    enriching.serve(api, target, within="2h")
    await enriching.go_on(5)
    assert len(api.requests) == 1
    enriching.serve(api, target, data="body.total")
    await enriching.go_on(300)
    assert bodies(target) == [WHOLE, WHOLE, {"id": "7", "order": 5}]
    assert len(api.requests) == 2


async def test_a_reload_while_it_is_asked(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """Where nothing about it has changed the request goes on, and its answer is taken."""
    api.script = [Answer(b"", Then.HANG, FOUND.raw)]
    enriching.serve(api, target)
    await enriching.order("7")
    await api.next()
    enriching.open(target={"box": {"url": target.url, "concurrency": 3}})
    api.let_go()
    await enriching.idle()
    assert bodies(target) == [WHOLE]
    assert len(api.requests) == 1


async def test_another_table_while_it_is_asked(
    enriching: EnrichStand, api: ScriptedTarget, target: ScriptedTarget
) -> None:
    """It is asked by that one, at once: nobody waits for an answer that is none any more."""
    api.script = [HANG]
    enriching.serve(api, target)
    (id,) = await enriching.order("7")
    await api.next()
    enriching.serve(api, target, data="body.total")
    await enriching.idle()
    assert bodies(target) == [{"id": "7", "order": 5}]
    assert (await enriching.told(id)) == ("delivered", 1, None)
