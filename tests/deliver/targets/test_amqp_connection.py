"""AMQP, on a real RabbitMQ: the connection, how it is lost, and had again."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession
from aiormq import Connection

from relay.deliver.targets import amqp
from relay.deliver.targets.amqp import AmqpTarget
from relay.deliver.targets.amqp_link import Link
from relay.deliver.targets.protocol import Reply, Target, Verdict
from tests.deliver.owed import event
from tests.deliver.targets.listener import Deaf
from tests.deliver.targets.opener import Opener, opener, send
from tests.deliver.targets.rabbitmq import RabbitMq
from tests.eventually import eventually

pytestmark = pytest.mark.xdist_group("rabbitmq")
TAKEN = Reply(Verdict.TAKEN)
LARGE = event(body=b"x" * 1_000_000)


@pytest.fixture
async def opened(session: ClientSession) -> AsyncIterator[Opener]:
    """AMQP targets."""
    async with opener(amqp.prepare, session, routing_key="box") as made:
        yield made


# lost, and had again


async def test_killed_and_back(rabbit: RabbitMq, opened: Opener) -> None:
    """What is under way when the broker dies fails at once; the first send after its return goes through."""
    async with rabbit.queue("box"):
        target = opened(rabbit.url(), concurrency=100)
        assert await send(target) == TAKEN
        rabbit.pause()
        waiting = [asyncio.create_task(send(target, n)) for n in range(2, 12)]
        await under_way(target, 10)
        rabbit.kill()
        try:
            for reply in await asyncio.gather(*waiting):
                assert reply == Reply(Verdict.UNREACHABLE, error="connection broken")
            refused = Reply(Verdict.UNREACHABLE, error="no connection: Connection refused")
            assert await send(target) == refused
        finally:
            rabbit.start()
    async with rabbit.queue("box"):
        assert await send(target) == TAKEN


def link(target: Target) -> Link:
    """The connection that a target has."""
    assert isinstance(target, AmqpTarget)
    assert target._kept._held is not None
    return target._kept._held


async def under_way(target: Target, count: int) -> None:
    """Return when so many sends wait for an answer."""
    assert isinstance(target, AmqpTarget)
    await eventually(lambda: target._kept._held is not None and link(target)._users == count)


def hurry(target: Target) -> None:
    """Wait no longer for what will not come."""
    assert isinstance(target, AmqpTarget)
    target._seconds = 0.05


async def test_closed_while_idle(rabbit: RabbitMq, opened: Opener) -> None:
    """A broker that ended the connection between two sends is no failure."""
    async with rabbit.queue("box"):
        target = opened(rabbit.url())
        assert await send(target) == TAKEN
        before = link(target)
        await rabbit.command("close_all_connections", "for a test")
        await eventually(lambda: before.lost)
        async with rabbit.queue("box"):
            assert await send(target, 2) == TAKEN


async def test_closed_under_a_message(rabbit: RabbitMq, opened: Opener) -> None:
    """A broker that says why it ends the connection is quoted."""
    async with rabbit.queue("box"):
        target = opened(rabbit.url())
        assert await send(target) == TAKEN
        await rabbit.command("set_vm_memory_high_watermark", "absolute", "1MB")
        try:
            sent = asyncio.create_task(send(target, 2))
            await under_way(target, 1)
            await rabbit.command("close_all_connections", "for a test")
            reply = await sent
        finally:
            await rabbit.command("set_vm_memory_high_watermark", "0.4")
    assert reply.verdict is Verdict.UNREACHABLE
    assert str(reply.error).startswith("the broker says CONNECTION_FORCED")


async def test_short_of_memory(rabbit: RabbitMq, opened: Opener) -> None:
    """A broker that takes nothing at the moment is down; nothing is sent to it again before it does."""
    async with rabbit.queue("box") as queue:
        target = opened(rabbit.url())
        assert await send(target) == TAKEN
        hurry(target)
        await rabbit.command("set_vm_memory_high_watermark", "absolute", "1MB")
        try:
            replies = [await send(target, n) for n in (2, 2, 2)]
        finally:
            await rabbit.command("set_vm_memory_high_watermark", "0.4")
        short = Reply(Verdict.UNREACHABLE, error="the broker takes no messages: short of memory or disk")
        assert replies == [short] * 3
        assert await send(opened(rabbit.url()), 3) == TAKEN
        assert await queue.count() <= 3


async def test_silent(rabbit: RabbitMq, opened: Opener) -> None:
    """One that says nothing costs the attempt's timeout, and its connection is not trusted any more."""
    async with rabbit.queue("box"):
        target = opened(rabbit.url())
        assert await send(target) == TAKEN
        hurry(target)
        rabbit.pause()
        try:
            assert await send(target, 2) == Reply(Verdict.FAILED, error="not confirmed within 0.05 s")
            reply = await send(target, 2)
            assert reply == Reply(Verdict.UNREACHABLE, error="no connection within 0.05 s")
        finally:
            rabbit.go_on()
        assert await send(opened(rabbit.url()), 2) == TAKEN


async def test_slow_is_not_lost(rabbit: RabbitMq, opened: Opener) -> None:
    """What others wait for on a connection that is given up still arrives there."""
    async with rabbit.queue("box"):
        target = opened(rabbit.url())
        assert await send(target) == TAKEN
        assert isinstance(target, AmqpTarget)
        slow = link(target)
        rabbit.pause()
        waiting = asyncio.create_task(send(target, 2))
        await under_way(target, 1)
        target._let_go(slow)
        rabbit.go_on()
        assert await waiting == TAKEN
        await eventually(lambda: slow.lost)


async def test_no_sign_of_life(rabbit: RabbitMq, opened: Opener) -> None:
    """A connection that the client finds dead is broken for those who wait; they are not cancelled."""
    async with rabbit.queue("box"):
        target = opened(rabbit.url())
        assert await send(target) == TAKEN
        rabbit.pause()
        try:
            waiting = asyncio.create_task(send(target, 2))
            await under_way(target, 1)
            connection = link(target)._connection
            assert isinstance(connection, Connection)
            connection._reader_task.cancel()  # as its watch over heartbeats does
            assert await waiting == Reply(Verdict.UNREACHABLE, error="connection broken")
        finally:
            rabbit.go_on()


async def test_channels_come_and_go(rabbit: RabbitMq, opened: Opener) -> None:
    """However often the broker closes one, the connection stays, and none is taken that is in use."""
    target = opened(rabbit.url(), exchange="nowhere", concurrency=100)
    assert (await send(target)).verdict is Verdict.FAILED
    held = link(target)
    held._most, held._room = 50, asyncio.Semaphore(25)
    held._connection.channels[7] = None  # one that is being closed
    replies = await asyncio.gather(*(send(target, n) for n in range(200)))
    assert {reply.verdict for reply in replies} == {Verdict.FAILED}
    assert link(target) is held
    assert not held.lost


async def test_one_connection_for_all(opened: Opener) -> None:
    """All who wait for a connection wait for the same one, and all are told that there is none."""
    async with Deaf(b"HTTP/1.1 400 Bad Request\r\n\r\n") as stranger:
        target = opened(f"amqp://127.0.0.1:{stranger.port}", concurrency=100, connect_timeout="100ms")
        replies = await asyncio.gather(*(send(target, n) for n in range(1, 101)))
    assert set(replies) == {Reply(Verdict.UNREACHABLE, error="no connection within 0.1 s")}
    assert stranger.connections == 1


@pytest.mark.parametrize(
    ("greeting", "why"),
    [
        (b"AMQP\x00\x01\x00\x00", "what answers is no AMQP broker"),
        (b"\x01\x00\x00\x00\x00\x00\x01x\xce", "what answers is no AMQP broker"),
    ],
    ids=["another version", "garbage"],
)
async def test_stranger(opened: Opener, greeting: bytes, why: str) -> None:
    """Whatever else may answer, it is out of reach."""
    async with Deaf(greeting) as stranger:
        reply = await send(opened(f"amqp://127.0.0.1:{stranger.port}"))
    assert reply == Reply(Verdict.UNREACHABLE, error=f"no connection: {why}")


async def test_slow_to_connect(opened: Opener) -> None:
    """No greeting within `connect_timeout`, or a `timeout` that is shorter: it is not there."""
    async with Deaf() as deaf:
        slow = Reply(Verdict.UNREACHABLE, error="no connection within 0.05 s")
        assert await send(opened(f"amqp://127.0.0.1:{deaf.port}", connect_timeout="50ms")) == slow
        assert await send(opened(f"amqp://127.0.0.1:{deaf.port}", timeout="50ms")) == slow


async def test_no_such_name(opened: Opener) -> None:
    """Said in words, without the address."""
    reply = await send(opened("amqp://nowhere.invalid"))
    assert reply == Reply(Verdict.UNREACHABLE, error="no connection: name not resolved")


async def test_stopped_in_the_middle(rabbit: RabbitMq, opened: Opener) -> None:
    """Sends that are cut off, and a target that is closed, leave nothing running; others go on meanwhile."""
    async with rabbit.queue("box"):
        before = asyncio.all_tasks()
        target = opened(rabbit.url(), concurrency=100)
        sends = [asyncio.create_task(send(target, n, LARGE)) for n in range(20)]
        await under_way(target, 20)
        for each in sends[::2]:
            each.cancel()
        ended = await asyncio.gather(*sends, return_exceptions=True)
        assert {type(each) for each in ended[::2]} == {asyncio.CancelledError}
        assert set(ended[1::2]) == {TAKEN}
        await target.close()
        await eventually(lambda: asyncio.all_tasks() == before)


async def test_closes_a_silent_one(rabbit: RabbitMq, opened: Opener) -> None:
    """Also where the broker does not take leave."""
    before = asyncio.all_tasks()
    target = opened(rabbit.url(), concurrency=100, timeout="60s")  # nor does the system give up sooner
    assert (await send(target)).verdict is Verdict.FAILED
    rabbit.pause()
    try:
        sends = [asyncio.create_task(send(target, n, LARGE)) for n in range(20)]
        await under_way(target, 20)
        for each in sends:
            each.cancel()
        await asyncio.gather(*sends, return_exceptions=True)
        writer = link(target)._wire._writer
        assert writer is not None
        await target.close()
        await eventually(lambda: asyncio.all_tasks() == before)
        await eventually(lambda: writer.get_extra_info("socket").fileno() == -1)
    finally:
        rabbit.go_on()
