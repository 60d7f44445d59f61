"""NATS JetStream, on the real server: what arrives, and what its answers mean."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp import ClientSession
from nats.aio.msg import Msg
from nats.js.api import DiscardPolicy

from relay.deliver.targets import nats
from relay.deliver.targets.protocol import Reply, Verdict
from tests.deliver.owed import event
from tests.deliver.targets.listener import Deaf, free_port
from tests.deliver.targets.opener import Opener, opener, send
from tests.deliver.targets.promises import Kind, Promises
from tests.deliver.targets.servers import NatsServer

GREETING = b'INFO {"max_payload":1048576,"headers":true}\r\n'


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    """One that asks for no login."""
    with NatsServer(tmp_path) as started:
        yield started


@pytest.fixture
async def opened(session: ClientSession) -> AsyncIterator[Opener]:
    """NATS targets."""
    async with opener(nats.prepare, session, subject="orders.paid") as made:
        yield made


class TestNats(Promises):
    """`nats://…`."""

    @pytest.fixture
    async def kind(self, server: NatsServer, opened: Opener) -> AsyncIterator[Kind]:
        async with Deaf(GREETING) as deaf, server.stream("ALL", "orders.>"):
            hanging = opened(f"nats://127.0.0.1:{deaf.port}")
            gone = opened(f"nats://127.0.0.1:{free_port()}")
            yield Kind(opened(server.url), hanging, gone, deaf.spoken_to.wait)


# what arrives


async def test_message(server: NatsServer, opened: Opener) -> None:
    """The body as it is, under the subject of the event, with our headers, the route's, and the key twice."""
    async with server.stream("ORDERS", "orders.>") as stream:
        target = opened(server.url, subject="orders.${event.type}.${string(body.n)}")
        assert await send(target, 3, headers={"X-Order": "Zürich ✓"}) == Reply(Verdict.TAKEN)
        arrived = await stream.first()
    assert (arrived.subject, arrived.data) == ("orders.order.paid.1", b'{"n":1}')
    headers = dict(arrived.headers or {})
    assert headers.pop("traceparent").startswith("00-")
    assert headers == {
        "Content-Type": "application/json",
        "Relay-Event-Id": f"{3:020x}",
        "Relay-Source": "shop",
        "Relay-Type": "order.paid",
        "Relay-Attempt": "1",
        "Idempotency-Key": f"{3:020x}-1",
        "Nats-Msg-Id": f"{3:020x}-1",
        "X-Order": "Zürich ✓",
    }


async def test_any_bytes(server: NatsServer, opened: Opener) -> None:
    """Half a megabyte that is no text arrives bit for bit."""
    body = bytes(range(256)) * 2048
    async with server.stream("ORDERS", "orders.>") as stream:
        assert (await send(opened(server.url), of=event(body=body))).verdict is Verdict.TAKEN
        assert (await stream.first()).data == body


async def test_sent_again(server: NatsServer, opened: Opener) -> None:
    """What is sent again within the stream's window is there once, and delivered both times."""
    async with server.stream("ORDERS", "orders.>") as stream:
        target = opened(server.url)
        replies = [await send(target, n) for n in (1, 1, 2)]
        assert [reply.verdict for reply in replies] == [Verdict.TAKEN] * 3
        assert await stream.count() == 2


@pytest.mark.parametrize("name", ["Nats-Msg-Id", "nats-msg-id"])
async def test_our_own_headers_hold(server: NatsServer, opened: Opener, name: str) -> None:
    """A route's header cannot take the place of the key by which repeats are known."""
    async with server.stream("ORDERS", "orders.>") as stream:
        target = opened(server.url)
        for n in (1, 2):
            assert (await send(target, n, headers={name: "same"})).verdict is Verdict.TAKEN
        assert await stream.count() == 2


async def test_hundred_at_once(server: NatsServer, opened: Opener, session: ClientSession) -> None:
    """A hundred sends share one connection, and each has its own answer."""
    async with server.stream("ORDERS", "orders.>") as stream:
        before = await connections(server, session)
        target = opened(server.url)
        replies = await asyncio.gather(*(send(target, n) for n in range(1, 101)))
        assert {reply.verdict for reply in replies} == {Verdict.TAKEN}
        assert await stream.count() == 100
        assert await connections(server, session) == before + 1


async def connections(server: NatsServer, session: ClientSession) -> int:
    """How many it has had."""
    async with session.get(f"http://127.0.0.1:{server.monitor}/varz") as response:
        return int((await response.json())["total_connections"])


# what the answers mean


async def test_no_stream(server: NatsServer, opened: Opener) -> None:
    """What no stream takes is not delivered: a failed attempt, told at once."""
    async with server.stream("ORDERS", "orders.>"):
        reply = await send(opened(server.url, subject="invoices.paid"))
    assert reply == Reply(Verdict.FAILED, error="no stream takes invoices.paid")


async def test_no_jetstream(tmp_path: Path, opened: Opener) -> None:
    """A server without JetStream keeps nothing, and so delivers nothing."""
    with NatsServer(tmp_path, jetstream=False) as server:
        reply = await send(opened(server.url))
    assert reply == Reply(Verdict.FAILED, error="no stream takes orders.paid")


async def test_only_that_stream(server: NatsServer, opened: Opener) -> None:
    """With `stream` no other one may take it."""
    async with server.stream("ORDERS", "orders.>") as stream:
        assert (await send(opened(server.url, stream="ORDERS"))).verdict is Verdict.TAKEN
        reply = await send(opened(server.url, stream="OTHERS"), 2)
        assert reply == Reply(Verdict.FAILED, error="refused: expected stream does not match")
        assert await stream.count() == 1


async def test_full(server: NatsServer, opened: Opener) -> None:
    """A stream that is full, and drops nothing, refuses; that is a failed attempt with its reason."""
    async with server.stream("ORDERS", "orders.>", max_msgs=1, discard=DiscardPolicy.NEW):
        target = opened(server.url)
        assert (await send(target, 1)).verdict is Verdict.TAKEN
        assert await send(target, 2) == Reply(Verdict.FAILED, error="refused: maximum messages exceeded")


async def test_too_large_for_the_stream(server: NatsServer, opened: Opener) -> None:
    """What is larger than the stream takes judges the event."""
    async with server.stream("ORDERS", "orders.>", max_msg_size=1000):
        reply = await send(opened(server.url), of=event(body=b"x" * 1001))
    assert reply == Reply(Verdict.REFUSED, error="refused: message size exceeds maximum allowed")


@pytest.mark.parametrize("size", [(1 << 20) - 10, (1 << 20) + 1], ids=["with its headers", "by itself"])
async def test_too_large_for_the_server(server: NatsServer, opened: Opener, size: int) -> None:
    """What is larger than the server takes judges the event, and does not cost the connection."""
    async with server.stream("ORDERS", "orders.>"):
        target = opened(server.url)
        hanging = asyncio.create_task(send(target, 2))
        reply = await send(target, of=event(body=b"x" * size))
        assert reply.verdict is Verdict.REFUSED
        assert str(reply.error).endswith("bytes with headers, the server takes 1048576")
        assert (await hanging).verdict is Verdict.TAKEN


async def test_just_fits(server: NatsServer, opened: Opener) -> None:
    """The size of a message is known to the byte."""
    async with server.stream("ORDERS", "orders.>"):
        target = opened(server.url)
        text = str((await send(target, of=event(body=b"x" * (1 << 20)))).error)
        over = int(text.split()[2]) - (1 << 20)
        fits = event(body=b"x" * ((1 << 20) - over))
        assert (await send(target, of=fits)).verdict is Verdict.TAKEN


async def test_somebody_else_answers(server: NatsServer, opened: Opener) -> None:
    """The word of whoever else listens there is no acknowledgement."""
    async with server.stream("ORDERS", "orders.>") as stream:

        async def answer(message: Msg) -> None:
            for word in (b"thanks", b'{"stream": 1}', b"[]"):
                await message.respond(word)

        await stream.client.subscribe("invoices.>", cb=answer)
        await stream.client.flush()
        reply = await send(opened(server.url, subject="invoices.paid", timeout="50ms"))
    assert reply == Reply(Verdict.FAILED, error="not acknowledged within 0.05 s")
