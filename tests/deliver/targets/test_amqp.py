"""AMQP, on a real RabbitMQ: what arrives, and what its answers mean."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession

from relay.deliver.targets import amqp
from relay.deliver.targets.protocol import Reply, Verdict
from relay.expression.errors import ExpressionError
from relay.seen import Seen
from relay.template import Unfit
from tests.deliver.owed import event
from tests.deliver.targets.asking import BUDGET
from tests.deliver.targets.listener import Deaf, free_port
from tests.deliver.targets.opener import Opener, opener, send
from tests.deliver.targets.promises import Kind, Promises
from tests.deliver.targets.rabbitmq import LARGEST, RabbitMq

pytestmark = pytest.mark.xdist_group("rabbitmq")
TAKEN = Reply(Verdict.TAKEN)


@pytest.fixture
async def opened(session: ClientSession) -> AsyncIterator[Opener]:
    """AMQP targets."""
    async with opener(amqp.prepare, session, routing_key="box") as made:
        yield made


class TestAmqp(Promises):
    """`amqp://…`."""

    @pytest.fixture
    async def kind(self, rabbit: RabbitMq, opened: Opener) -> AsyncIterator[Kind]:
        async with Deaf() as deaf, rabbit.queue("box"):
            hanging = opened(f"amqp://127.0.0.1:{deaf.port}")
            gone = opened(f"amqp://127.0.0.1:{free_port()}")
            yield Kind(opened(rabbit.url()), hanging, gone, deaf.spoken_to.wait)


# what arrives


async def test_message(rabbit: RabbitMq, opened: Opener) -> None:
    """The body as it is, persistent, with our headers, the route's, and the key as its id."""
    async with rabbit.queue("box") as queue:
        assert await send(opened(rabbit.url()), 3, headers={"X-Order": "Zürich ✓"}) == TAKEN
        arrived = await queue.first()
    properties = arrived.header.properties
    assert arrived.body == b'{"n":1}'
    assert (properties.delivery_mode, properties.message_id) == (2, f"{3:020x}-1")
    assert properties.content_type == "application/json"
    headers: dict[str, Any] = dict(properties.headers or {})
    assert headers.pop("traceparent").startswith("00-")
    assert headers == {
        "Content-Type": "application/json",
        "Relay-Event-Id": f"{3:020x}",
        "Relay-Source": "shop",
        "Relay-Type": "order.paid",
        "Relay-Attempt": "1",
        "Idempotency-Key": f"{3:020x}-1",
        "X-Order": "Zürich ✓",
    }


async def test_exchange_and_routing_key(rabbit: RabbitMq, opened: Opener) -> None:
    """It goes to the exchange, under the key that is made of the event."""
    async with rabbit.queue("box") as queue:
        await queue.channel.exchange_declare("events", exchange_type="topic", auto_delete=True)
        await queue.channel.queue_bind("box", "events", "order.*.1")
        target = opened(rabbit.url(), exchange="events", routing_key="${event.type}.${string(body.n)}")
        assert await send(target) == TAKEN
        assert (await queue.first()).routing_key == "order.paid.1"


async def test_any_bytes(rabbit: RabbitMq, opened: Opener) -> None:
    """Most of a megabyte that is no text, in many frames, arrives bit for bit."""
    body = bytes(range(256)) * 4000
    async with rabbit.queue("box") as queue:
        assert await send(opened(rabbit.url()), of=event(body=body)) == TAKEN
        assert (await queue.first()).body == body


async def test_long_content_type(rabbit: RabbitMq, opened: Opener) -> None:
    """A sender's that is too long for the property of that name still stands in the header."""
    kind = "text/" + "x" * 1000
    async with rabbit.queue("box") as queue:
        sent = event(headers=((b"Content-Type", kind.encode()),))
        assert await send(opened(rabbit.url()), of=sent) == TAKEN
        properties = (await queue.first()).header.properties
    assert properties.content_type is None
    assert dict(properties.headers or {})["Content-Type"] == kind


async def test_hundred_at_once(rabbit: RabbitMq, opened: Opener) -> None:
    """A hundred sends share one connection; each is there once."""
    async with rabbit.queue("box") as queue:
        target = opened(rabbit.url(), concurrency=100)
        replies = await asyncio.gather(*(send(target, n) for n in range(1, 101)))
        assert set(replies) == {TAKEN}
        arrived = {(await queue.first()).header.properties.message_id for _ in range(100)}
    assert len(arrived) == 100


# what the answers mean


async def test_unroutable(rabbit: RabbitMq, opened: Opener) -> None:
    """What no queue is bound for is not delivered: a failed attempt, told at once."""
    reply = await send(opened(rabbit.url(), routing_key="nowhere"))
    why = 'unroutable: no queue is bound for "nowhere" at the default exchange'
    assert reply == Reply(Verdict.FAILED, error=why)
    reply = await send(opened(rabbit.url(), exchange="amq.topic", routing_key="nowhere"))
    assert str(reply.error).endswith('"nowhere" at the exchange "amq.topic"')


async def test_no_exchange(rabbit: RabbitMq, opened: Opener) -> None:
    """Relay makes no exchange; once there is one, the next attempt goes through."""
    target = opened(rabbit.url(), exchange="later")
    missing = Reply(Verdict.FAILED, error="the broker says NOT_FOUND - no exchange 'later' in vhost '/'")
    assert await asyncio.gather(*(send(target, n) for n in range(40))) == [missing] * 40
    async with rabbit.queue("box") as queue:
        await queue.channel.exchange_declare("later", exchange_type="fanout", auto_delete=True)
        await queue.channel.queue_bind("box", "later")
        assert await send(target) == TAKEN


async def test_full(rabbit: RabbitMq, opened: Opener) -> None:
    """A queue that refuses what is too much has not taken it."""
    async with rabbit.queue("box", arguments={"x-max-length": 1, "x-overflow": "reject-publish"}):
        target = opened(rabbit.url())
        assert await send(target, 1) == TAKEN
        refused = "a queue refused it, or could not keep it (nack)"
        assert await send(target, 2) == Reply(Verdict.FAILED, error=refused)


async def test_too_large(rabbit: RabbitMq, opened: Opener) -> None:
    """What is larger than the broker takes judges the event, and hurts nothing that is sent beside it."""
    async with rabbit.queue("box") as queue:
        target = opened(rabbit.url(), concurrency=100)
        others = [asyncio.create_task(send(target, n)) for n in range(2, 50)]
        reply = await send(target, of=event(body=b"x" * (LARGEST + 1)))
        assert set(await asyncio.gather(*others)) == {TAKEN}
        assert await queue.count() == 48
    assert reply.verdict is Verdict.REFUSED
    assert str(reply.error).startswith("the broker says PRECONDITION_FAILED - message size 1048577 is larger")


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"X-Long": "x" * 131_072}, "its headers are larger than 130048 bytes"),
        ({"X-" + "n" * 127: "1"}, "a header's name is longer than 128 bytes"),
    ],
    ids=["more than a frame", "a long name"],
)
async def test_headers_too_large(rabbit: RabbitMq, opened: Opener, headers: dict[str, str], why: str) -> None:
    """Headers that would end the connection, and all that is sent on it, are not sent."""
    assert await send(opened(rabbit.url()), headers=headers) == Reply(Verdict.REFUSED, error=why)


async def test_just_fits(rabbit: RabbitMq, opened: Opener) -> None:
    """As large as they may be, they do not."""
    async with rabbit.queue("box"):
        assert await send(opened(rabbit.url()), headers={"X-Long": "x" * 129_000, "X" * 128: ""}) == TAKEN


# what the table says


async def test_routing_key_is_unfit(opened: Opener) -> None:
    """Null, and more than the protocol bears, is an error of the event; an empty one is fine."""
    key = opened("amqp://localhost", routing_key="${body.key}").places["routing_key"]

    def made(body: bytes) -> str:
        return key(Seen(event(body=body)), BUDGET)

    assert made(b'{"key": ""}') == ""
    assert made(b'{"key": "' + b"x" * 255 + b'"}') == "x" * 255
    with pytest.raises(Unfit, match="routing_key is null"):
        made(b'{"key": null}')
    with pytest.raises(Unfit, match="routing_key is longer than 255 bytes"):
        made('{{"key": "{}"}}'.format("ü" * 128).encode())
    with pytest.raises(ExpressionError):
        made(b"{}")


async def test_problems(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is wrong with a table is told at once, also that the client is not installed."""
    monkeypatch.setitem(sys.modules, "aiormq", None)
    problems = opened.problems("amqp://localhost", routing_key="${bdoy.n}", exchange="ü")
    install, exchange, key = problems
    assert install == (
        'relay.toml: target.box.url: needs aiormq, which is not installed (pip install "event-relay[amqp]")'
    )
    assert exchange.startswith("relay.toml: target.box.exchange: is no name of an exchange (")
    assert key.startswith("relay.toml: target.box.routing_key: 'bdoy.n': undeclared reference to 'bdoy.n'")
