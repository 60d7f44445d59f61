"""Redis Streams, on the real server: the connection, how it is lost, and who may make it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from relay.deliver.targets import redis
from relay.deliver.targets.protocol import Reply, Target, Verdict
from relay.deliver.targets.redis import RedisTarget
from relay.deliver.targets.redis_link import Link
from tests.deliver.owed import event
from tests.deliver.targets.listener import Deaf
from tests.deliver.targets.opener import Opener, opener, send
from tests.deliver.targets.redis_server import MISSING, PASSWORD, PROGRAM, ROOT, RedisServer
from tests.deliver.targets.tls_site import key_of, of_client
from tests.eventually import eventually

pytestmark = pytest.mark.skipif(PROGRAM is None, reason=MISSING)
TAKEN = Reply(Verdict.TAKEN)
BROKEN = Reply(Verdict.UNREACHABLE, error="connection broken")
LARGE = event(body=b"x" * 5_000_000)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """One that is the test's own."""
    with RedisServer(tmp_path) as started:
        yield started


@pytest.fixture
async def opened(session: ClientSession) -> AsyncIterator[Opener]:
    """Redis targets."""
    async with opener(redis.prepare, session, stream="box") as made:
        yield made


def link(target: Target) -> Link:
    """The connection that a target has."""
    assert isinstance(target, RedisTarget)
    assert target._kept._held is not None
    return target._kept._held


def hurry(target: Target) -> None:
    """Wait no longer for what will not come."""
    assert isinstance(target, RedisTarget)
    target._seconds = 0.05


# lost, and had again


async def test_killed_and_back(server: RedisServer, opened: Opener) -> None:
    """What is under way when the server dies fails at once; the first send after its return goes through."""
    target = opened(server.url())
    assert await send(target) == TAKEN
    server.pause()
    waiting = [asyncio.create_task(send(target, n)) for n in range(2, 12)]
    await eventually(lambda: len(link(target)._asked) == 10)
    server.kill()
    assert set(await asyncio.gather(*waiting)) == {BROKEN}
    assert await send(target) == Reply(Verdict.UNREACHABLE, error="no connection: Connection refused")
    server.start()
    assert await send(target, 2) == TAKEN
    async with server.asks() as client:
        assert await client.xlen("box") >= 2  # what was taken is still there


async def test_loading(server: RedisServer, opened: Opener) -> None:
    """A server that reads its disk first is down until it has; a connection to it is none."""
    async with Deaf(b"-LOADING Redis is loading the dataset in memory\r\n") as loading:
        target = opened(f"redis://127.0.0.1:{loading.port}")
        reply = await send(target)
        why = "the server says LOADING Redis is loading the dataset in memory"
        assert reply in (
            Reply(Verdict.UNREACHABLE, error=why),
            Reply(Verdict.UNREACHABLE, error=f"no connection: {why}"),
        )


async def test_closed_while_idle(server: RedisServer, opened: Opener) -> None:
    """A server that ended the connection between two sends is no failure."""
    target = opened(server.url())
    assert await send(target) == TAKEN
    before = link(target)
    async with server.asks() as client:
        await client.client_kill_filter(user="relay")
    await eventually(lambda: before.lost)
    assert await send(target, 2) == TAKEN


async def test_silent(server: RedisServer, opened: Opener) -> None:
    """One that says nothing costs the attempt's timeout, and its connection is not trusted any more."""
    target = opened(server.url())
    assert await send(target) == TAKEN
    hurry(target)
    server.pause()
    assert await send(target, 2) == Reply(Verdict.FAILED, error="no answer within 0.05 s")
    assert await send(target, 2) == Reply(Verdict.UNREACHABLE, error="no connection within 0.05 s")
    server.go_on()
    assert await send(opened(server.url()), 2) == TAKEN


async def test_slow_is_not_lost(server: RedisServer, opened: Opener) -> None:
    """What others wait for on a connection that is given up still arrives there."""
    target = opened(server.url())
    assert await send(target) == TAKEN
    assert isinstance(target, RedisTarget)
    slow = link(target)
    server.pause()
    waiting = asyncio.create_task(send(target, 2))
    await eventually(lambda: len(slow._asked) == 1)
    target._let_go(slow)
    server.go_on()
    assert await waiting == TAKEN
    await eventually(lambda: slow.lost)


async def test_reads_nothing(server: RedisServer, opened: Opener) -> None:
    """Nor does one that reads nothing hold up more than its own sends, for longer than their timeout."""
    target = opened(server.url())
    assert await send(target) == TAKEN
    hurry(target)
    server.pause()
    replies = await asyncio.gather(*(send(target, n, LARGE) for n in range(5)))
    assert {reply.verdict for reply in replies} <= {Verdict.FAILED, Verdict.UNREACHABLE}
    await target.close()
    server.go_on()


async def test_one_connection_for_all(opened: Opener) -> None:
    """All who wait for a connection wait for the same one, and all are told that there is none."""
    async with Deaf() as deaf:
        target = opened(f"redis://relay:x@127.0.0.1:{deaf.port}", connect_timeout="100ms")
        replies = await asyncio.gather(*(send(target, n) for n in range(1, 101)))
    assert set(replies) == {Reply(Verdict.UNREACHABLE, error="no connection within 0.1 s")}
    assert deaf.connections == 1


async def test_slow_to_connect(opened: Opener) -> None:
    """No login within `connect_timeout`, or a `timeout` that is shorter: it is not there."""
    async with Deaf() as deaf:
        slow = Reply(Verdict.UNREACHABLE, error="no connection within 0.05 s")
        url = f"redis://relay:x@127.0.0.1:{deaf.port}"
        assert await send(opened(url, connect_timeout="50ms")) == slow
        assert await send(opened(url, timeout="50ms")) == slow


@pytest.mark.parametrize(
    "greeting",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b":no number\r\n", b"$-7\r\n", b"+OK\r\n+OK\r\n"],
    ids=["http", "number", "length", "too much"],
)
@pytest.mark.parametrize("login", ["", "relay:x@"])
async def test_stranger(opened: Opener, greeting: bytes, login: str) -> None:
    """Whatever else may answer, nothing is delivered, and no send goes on for ever."""
    async with Deaf(greeting) as stranger:
        target = opened(f"redis://{login}127.0.0.1:{stranger.port}", timeout="200ms")
        for n in (1, 2):
            assert (await send(target, n)).verdict in {Verdict.UNREACHABLE, Verdict.FAILED}


async def test_no_such_name(opened: Opener) -> None:
    """Said in words, without the address."""
    reply = await send(opened("redis://nowhere.invalid"))
    assert reply == Reply(Verdict.UNREACHABLE, error="no connection: name not resolved")


async def test_stopped_in_the_middle(server: RedisServer, opened: Opener) -> None:
    """Sends that are cut off, and a target that is closed, leave nothing running."""
    before = asyncio.all_tasks()
    target = opened(server.url())
    assert await send(target) == TAKEN
    server.pause()
    sends = [asyncio.create_task(send(target, n)) for n in range(10)]
    sends += [asyncio.create_task(send(target, n, LARGE)) for n in range(5)]
    await eventually(lambda: link(target)._users == 15)
    for each in sends:
        each.cancel()
    ended = await asyncio.gather(*sends, return_exceptions=True)
    assert {type(each) for each in ended} == {asyncio.CancelledError}
    await target.close()
    assert asyncio.all_tasks() == before
    server.go_on()
    assert await send(target) == TAKEN


# who may


async def test_wrong_password(server: RedisServer, opened: Opener) -> None:
    """A login that is refused is a target out of reach; no word of it is shown."""
    reply = await send(opened(server.url(password="wrong-word/1")))
    why = "no connection: the server says WRONGPASS invalid username-password pair or user is disabled."
    assert reply == Reply(Verdict.UNREACHABLE, error=why)


async def test_login_in_auth(server: RedisServer, opened: Opener) -> None:
    """The login may stand in `auth` as well; without a user it is the default one's."""
    url = f"redis://127.0.0.1:{server.port}"
    auth = {"type": "basic", "user": "relay", "password": PASSWORD}
    assert await send(opened(url, auth=auth)) == TAKEN
    async with server.asks() as client:
        await client.acl_setuser("default", enabled=True, reset_passwords=True, passwords="+only")
        assert await send(opened(f"redis://:only@127.0.0.1:{server.port}")) == TAKEN
        reply = await send(opened(url))
    assert reply == Reply(Verdict.UNREACHABLE, error="the server wants a login")


async def test_database(server: RedisServer, opened: Opener) -> None:
    """The url's path is the number of the database; one that is not there is out of reach."""
    url = f"redis://127.0.0.1:{server.port}"
    assert await send(opened(f"{url}/3")) == TAKEN
    async with server.asks(3) as client:
        assert await client.xlen("box") == 1
    why = "no connection: the server says ERR DB index is out of range"
    assert await send(opened(f"{url}/99")) == Reply(Verdict.UNREACHABLE, error=why)


async def test_too_many_clients(server: RedisServer, opened: Opener) -> None:
    """A server that has no room for one more says so."""
    async with server.asks() as client:
        await client.config_set("maxclients", 1)
        reply = await send(opened(server.url()))
    assert reply.verdict is Verdict.UNREACHABLE
    assert str(reply.error).endswith("the server says ERR max number of clients reached")


# TLS


@pytest.fixture
def ca(tmp_path: Path) -> str:
    """The path of the roots that vouch for the server."""
    return str(tmp_path / "ca.pem")


async def test_own_roots(server: RedisServer, opened: Opener, ca: str) -> None:
    """A server that `ca` vouches for is one like any other; without, it is out of reach, and that is why."""
    url = f"rediss://127.0.0.1:{server.tls_port}"
    assert await send(opened(url, ca=ca)) == TAKEN
    reply = await send(opened(url))
    assert reply.verdict is Verdict.UNREACHABLE
    assert str(reply.error).startswith("no connection: TLS: ")


async def test_certificate(tmp_path: Path, opened: Opener) -> None:
    """With `mtls` relay shows its certificate to a server that asks for one."""
    issued = of_client(ROOT)
    mtls = {"type": "mtls", "certificate": issued.pem.decode(), "key": key_of(issued)}
    with RedisServer(tmp_path, clients="yes") as server:
        url = f"rediss://127.0.0.1:{server.tls_port}"
        assert await send(opened(url, ca=str(tmp_path / "ca.pem"), auth=mtls)) == TAKEN
        reply = await send(opened(url, ca=str(tmp_path / "ca.pem")))
    assert reply.verdict is Verdict.UNREACHABLE
