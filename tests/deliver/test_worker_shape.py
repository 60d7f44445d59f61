"""What a route makes of its events, on their way through the worker."""

import orjson
import pytest

from relay.clock import SECOND
from relay.deliver.headers import Envelope
from relay.deliver.message import GONE, TOO_MUCH
from relay.deliver.shape import NOTHING
from relay.delivery import Delivery, Shaped
from tests.clock import START
from tests.deliver.stand import Stand
from tests.target import ScriptedTarget

PAID = b'{"id": 7, "items": [{"sku": "a"}, {"sku": "b"}]}'
MANY = orjson.dumps({"items": list(range(3000))})
ENDLESS = "body.items.all(a, body.items.all(b, body.items.all(c, a + b + c >= 0)))"


async def test_shaped(stand: Stand) -> None:
    """Another body, its own headers in place of the sender's, a path behind the url's."""
    async with ScriptedTarget() as target:
        stand.target(target.url)
        headers = {"X-Order": "body.id", "Content-Language": '"de"'}
        stand.route(transform='{"skus": body.items.map(i, i.sku)}', headers=headers, path="/of/${body.id}")
        (id,) = await stand.post(body=PAID, shaped=Shaped.SHAPED)
        await stand.idle()
        got = await target.next()
    assert got.body == b'{"skus":["a","b"]}'
    assert got.path == "/hooks/of/7"
    assert (got.value("X-Order"), got.value("Content-Type")) == ("7", "application/json")
    assert (await stand.delivery(id)).state == "delivered"


async def test_a_heavy_transform_takes_a_thread(stand: Stand) -> None:
    """And arrives all the same."""
    async with ScriptedTarget() as target:
        stand.target(target.url)
        stand.route(transform="body.items.map(i, body.items[i] + 1)")
        await stand.post(body=MANY, shaped=Shaped.SHAPED)
        await stand.idle()
        assert orjson.loads((await target.next()).body) == list(range(1, 3001))


async def test_nothing_to_deliver(stand: Stand) -> None:
    """Null: skipped, listed, never sent; the rate is spared for what is sent."""
    async with ScriptedTarget() as target:
        stand.target(target.url, rate="1/s")
        stand.route(transform='body.id == 7 ? null : {"id": body.id}')
        (skipped,) = await stand.post(body=PAID, shaped=Shaped.SHAPED)
        (sent,) = await stand.post(body=b'{"id":8}', shaped=Shaped.SHAPED)
        await stand.idle()
        assert len(target.requests) == 1
    shown = await stand.delivery(skipped)
    assert (shown.state, shown.last_error, shown.attempts) == ("skipped", NOTHING, 0)
    assert (await stand.delivery(sent)).state == "delivered"


@pytest.mark.parametrize(
    ("transform", "reason"),
    [("body.nope", "transform: no such key: nope"), (ENDLESS, TOO_MUCH)],
)
@pytest.mark.parametrize(
    ("on_error", "state"), [("dead", "dead"), ("skip", "skipped"), ("send", "delivered")]
)
async def test_a_shape_that_fails(
    stand: Stand, transform: str, reason: str, on_error: str, state: str
) -> None:
    """It ends as `on_error` says, at once, with the reason; sent, it goes as it came."""
    async with ScriptedTarget() as target:
        stand.target(target.url)
        stand.route(transform=transform, headers={"X-A": '"1"'}, path="/x", on_error=on_error)
        (id,) = await stand.post(body=MANY, shaped=Shaped.SHAPED)
        await stand.idle()
        shown = await stand.delivery(id)
        assert shown.state == state
        if state == "delivered":
            got = await target.next()
            assert (got.body, got.path, got.values("X-A")) == (MANY, "/hooks", [])
        else:
            assert (shown.last_error, shown.attempts) == (reason, 0)


async def test_bare(stand: Stand) -> None:
    """What is to go as it came does so, whatever its route makes of others."""
    async with ScriptedTarget() as target:
        stand.target(target.url)
        stand.route(transform='"other"')
        await stand.post(body=PAID, shaped=Shaped.BARE)
        await stand.idle()
        assert (await target.next()).body == PAID


async def test_a_route_that_is_gone(stand: Stand) -> None:
    """What it would have made of an event nobody knows any more: that is not sent as something else."""
    async with ScriptedTarget() as target:
        stand.target(target.url)
        (shaped,) = await stand.post(body=PAID, shaped=Shaped.SHAPED)
        (plain,) = await stand.post(body=PAID)
        await stand.idle()
    assert ((await stand.delivery(shaped)).state, (await stand.delivery(shaped)).last_error) == ("dead", GONE)
    assert (await stand.delivery(plain)).state == "delivered"


async def test_a_replay_takes_todays_transform(stand: Stand) -> None:
    """What was corrected in the file holds for what is delivered again."""
    async with ScriptedTarget([500]) as target:
        stand.target(target.url)
        stand.route(transform='"wrong"')
        await stand.post(shaped=Shaped.SHAPED)
        await stand.idle()
        stand.route(transform='"right"')
        await stand.go_on(5)
        assert [request.body for request in target.requests] == [b'"wrong"', b'"right"']


async def test_a_fault_of_ours_while_composing(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs that delivery a step, and harms nobody else."""
    real = Envelope.headers

    def broken(self: Envelope, delivery: Delivery, **how: bool) -> object:
        if delivery.event.body == b"bad":
            raise RuntimeError("no such luck")
        return real(self, delivery, **how)

    monkeypatch.setattr(Envelope, "headers", broken)
    async with ScriptedTarget() as target:
        stand.target(target.url)
        (bad,) = await stand.post(body=b"bad")
        (good,) = await stand.post(body=b"good")
        await stand.idle()
    assert await stand.history(bad, "n", "error") == [(1, "an error of relay's own (RuntimeError)")]
    assert (await stand.delivery(bad)).next_at == START + 5 * SECOND
    assert (await stand.delivery(good)).state == "delivered"
