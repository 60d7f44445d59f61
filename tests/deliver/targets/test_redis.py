"""Redis Streams, on the real server: what arrives, and what its answers mean."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import pytest
from aiohttp import ClientSession

from relay.deliver.targets import redis
from relay.deliver.targets.protocol import Reply, Verdict
from relay.expression.errors import ExpressionError
from relay.seen import Seen
from relay.template import Unfit
from tests.deliver.owed import event
from tests.deliver.targets.asking import BUDGET
from tests.deliver.targets.listener import Deaf, free_port
from tests.deliver.targets.opener import Opener, opener, send
from tests.deliver.targets.promises import Kind, Promises
from tests.deliver.targets.redis_server import MISSING, PROGRAM, RedisServer

pytestmark = pytest.mark.skipif(PROGRAM is None, reason=MISSING)
TAKEN = Reply(Verdict.TAKEN)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One for all tests."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as started:
        yield started


@pytest.fixture
async def server(running: RedisServer) -> RedisServer:
    """With nothing in it."""
    async with running.asks() as client:
        await client.flushall()
    return running


@pytest.fixture
async def opened(session: ClientSession) -> AsyncIterator[Opener]:
    """Redis targets."""
    async with opener(redis.prepare, session, stream="box") as made:
        yield made


class TestRedis(Promises):
    """`redis://…`."""

    @pytest.fixture
    async def kind(self, server: RedisServer, opened: Opener) -> AsyncIterator[Kind]:
        async with Deaf() as deaf:
            hanging = opened(f"redis://127.0.0.1:{deaf.port}")
            gone = opened(f"redis://127.0.0.1:{free_port()}")
            yield Kind(opened(server.url()), hanging, gone, deaf.spoken_to.wait)


async def entries(server: RedisServer, stream: str = "box", db: int = 0) -> list[dict[bytes, bytes]]:
    """What is in a stream."""
    async with server.asks(db) as client:
        found = cast("list[tuple[bytes, dict[bytes, bytes]]]", await client.xrange(stream))
    return [fields for _, fields in found]


# what arrives


async def test_message(server: RedisServer, opened: Opener) -> None:
    """The body as it is, with our headers and the route's, as fields of one entry."""
    target = opened(server.url(), stream="box:${event.type}:${string(body.n)}")
    assert await send(target, 3, headers={"X-Order": "Zürich ✓"}) == TAKEN
    (fields,) = await entries(server, "box:order.paid:1")
    assert fields.pop(b"traceparent").startswith(b"00-")
    assert fields == {
        b"Content-Type": b"application/json",
        b"Relay-Event-Id": b"%020x" % 3,
        b"Relay-Source": b"shop",
        b"Relay-Type": b"order.paid",
        b"Relay-Attempt": b"1",
        b"Idempotency-Key": b"%020x-1" % 3,
        b"X-Order": "Zürich ✓".encode(),
        b"body": b'{"n":1}',
    }


async def test_any_bytes(server: RedisServer, opened: Opener) -> None:
    """Ten megabytes that are no text arrive bit for bit."""
    body = bytes(range(256)) * 40_000
    target = opened(server.url())
    for sent in [send(target, of=event(body=body)), send(target, 2)]:
        assert await sent == TAKEN
    assert [fields[b"body"] for fields in await entries(server)] == [body, b'{"n":1}']


async def test_a_header_of_that_name(server: RedisServer, opened: Opener) -> None:
    """The body is what counts as `body`, whatever a route's header is called."""
    assert await send(opened(server.url()), headers={"body": "no"}) == TAKEN
    ((*_, last),) = (list(fields.items()) for fields in await entries(server))
    assert last == (b"body", b'{"n":1}')


async def test_maxlen(server: RedisServer, opened: Opener) -> None:
    """With `maxlen` old entries go, about, as is cheap for the server; without, all stay."""
    bounded, unbounded = opened(server.url(), maxlen=10), opened(server.url(), stream="box2")
    for target in (bounded, unbounded):
        replies = await asyncio.gather(*(send(target, n) for n in range(500)))
        assert set(replies) == {TAKEN}
    # Redis drops whole nodes, of a hundred entries at most
    assert 10 <= len(await entries(server)) <= 10 + 100
    assert len(await entries(server, "box2")) == 500
    async with server.asks() as client:
        await client.config_set("slowlog-log-slower-than", 0)
        await send(bounded)
        commands = [each["command"] for each in await client.slowlog_get()]
    assert any(command.startswith(b"XADD box MAXLEN ~ 10 * ") for command in commands)


async def test_hundred_at_once(server: RedisServer, opened: Opener) -> None:
    """A hundred sends share one connection, and each has its own answer."""
    async with server.asks() as client:
        await client.set("box2", "no stream")
        before = await connections(client)
        target = opened(server.url(), stream='${event.id.endsWith("0") ? "box2" : "box"}')
        replies = await asyncio.gather(*(send(target, n) for n in range(1, 97)))
        assert await connections(client) == before + 1
    assert [reply.verdict for reply in replies] == [
        Verdict.FAILED if n % 16 == 0 else Verdict.TAKEN for n in range(1, 97)
    ]
    keys = [fields[b"Idempotency-Key"] for fields in await entries(server)]
    assert keys == [b"%020x-1" % n for n in range(1, 97) if n % 16]


async def connections(client: Any) -> int:
    """How many the server has had."""
    return int((await client.info("stats"))["total_connections_received"])


# what the answers mean


async def test_no_stream(server: RedisServer, opened: Opener) -> None:
    """A key that holds something else takes no entry: a failed attempt, with the server's reason."""
    async with server.asks() as client:
        await client.set("box", "no stream")
    reply = await send(opened(server.url()))
    why = "the server says WRONGTYPE Operation against a key holding the wrong kind of value"
    assert reply == Reply(Verdict.FAILED, error=why)


async def test_not_allowed(server: RedisServer, opened: Opener) -> None:
    """A user who may not write there fails, and may go on elsewhere on the same connection."""
    target = opened(server.url(), stream="${body.stream}")
    reply = await send(target, of=event(body=b'{"stream":"other"}'))
    assert reply.verdict is Verdict.FAILED
    assert str(reply.error).startswith("the server says NOPERM")
    assert await send(target, of=event(body=b'{"stream":"box"}')) == TAKEN


@pytest.mark.parametrize(
    ("setting", "on", "off", "why"),
    [
        ("maxmemory", "1", "0", "OOM command not allowed when used memory > 'maxmemory'."),
        ("min-replicas-to-write", "1", "0", "NOREPLICAS Not enough good replicas to write."),
    ],
)
async def test_takes_nothing(
    server: RedisServer, opened: Opener, setting: str, on: str, off: str, why: str
) -> None:
    """A server that takes nothing from anybody is down, until it takes something again."""
    target = opened(server.url())
    async with server.asks() as client:
        await client.config_set(setting, on)
        try:
            assert await send(target) == Reply(Verdict.UNREACHABLE, error=f"the server says {why}")
        finally:
            await client.config_set(setting, off)
    assert await send(target) == TAKEN


async def test_not_the_primary_any_more(server: RedisServer, opened: Opener) -> None:
    """A server that became a replica is down, and its name is looked up anew for the next attempt."""
    target = opened(server.url())
    assert await send(target) == TAKEN
    async with server.asks() as client:
        before = await connections(client)
        await client.replicaof("127.0.0.1", str(free_port()))
        try:
            reply = await send(target)
        finally:
            await client.replicaof("NO", "ONE")
        why = "the server says READONLY You can't write against a read only replica."
        assert reply == Reply(Verdict.UNREACHABLE, error=why)
        assert await send(target) == TAKEN
        assert await connections(client) == before + 1


# what the table says


async def test_stream_is_unfit(opened: Opener) -> None:
    """Null and nothing are errors of the event."""
    stream = opened("redis://localhost", stream="${body.key}").places["stream"]

    def made(body: bytes) -> str:
        return stream(Seen(event(body=body)), BUDGET)

    assert made('{"key": "ü\\u0000*"}'.encode()) == "ü\0*"
    with pytest.raises(Unfit, match="stream is null"):
        made(b'{"key": null}')
    with pytest.raises(Unfit, match="stream is empty"):
        made(b'{"key": ""}')
    with pytest.raises(ExpressionError):
        made(b"{}")


async def test_problems(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is wrong with a table is told at once, also that the client is not installed."""
    monkeypatch.setitem(sys.modules, "redis", None)
    install, stream = opened.problems("redis://localhost", stream="${bdoy.n}")
    hint = 'needs redis, which is not installed (pip install "event-relay[redis]")'
    assert install == f"relay.toml: target.box.url: {hint}"
    assert stream.startswith("relay.toml: target.box.stream: 'bdoy.n': undeclared reference to 'bdoy.n'")
