"""NATS JetStream, on the real server: the connection, how it is lost, and who may make it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from relay.deliver.targets import nats
from relay.deliver.targets.protocol import Reply, Target, Verdict
from tests.deliver.targets.listener import Deaf
from tests.deliver.targets.opener import Opener, opener, send
from tests.deliver.targets.servers import NatsServer
from tests.deliver.targets.test_nats import GREETING
from tests.eventually import eventually

PASSWORD = "secret-word/1"
QUOTED = "secret-word%2F1"


@pytest.fixture
async def opened(session: ClientSession) -> AsyncIterator[Opener]:
    """NATS targets."""
    async with opener(nats.prepare, session, subject="orders.paid") as made:
        yield made


# lost, and had again


async def test_killed_and_back(tmp_path: Path, opened: Opener) -> None:
    """What is under way when the server dies fails at once; the first send after its return goes through.

    In between nobody tries to connect.
    """
    before = asyncio.all_tasks()
    with NatsServer(tmp_path) as server:
        async with server.stream("ORDERS", "orders.>"):
            target = opened(server.url)
            assert (await send(target)).verdict is Verdict.TAKEN
            server.pause()
            waiting = [asyncio.create_task(send(target, n)) for n in range(2, 12)]
            await under_way(target, 10)
            server.kill()
            for reply in await asyncio.gather(*waiting):
                assert reply.verdict is Verdict.UNREACHABLE
                assert str(reply.error).startswith("connection lost")
            await settled(before)
            reply = await send(target)
            assert reply == Reply(Verdict.UNREACHABLE, error="no connection: Connection refused")
            server.start()
            assert (await send(target, 2)).verdict is Verdict.TAKEN


async def test_back_while_idle(tmp_path: Path, opened: Opener) -> None:
    """A server that was started anew between two sends is no failure."""
    with NatsServer(tmp_path) as server:
        async with server.stream("ORDERS", "orders.>"):
            target = opened(server.url)
            await send(target)
            server.kill()
            server.start()
            await lost(target)
            assert (await send(target, 2)).verdict is Verdict.TAKEN


async def under_way(target: Target, count: int) -> None:
    """Return when so many sends wait for an answer."""
    assert isinstance(target, nats.NatsTarget)
    await eventually(lambda: target._kept._held is not None and len(target._kept._held._waiting) == count)


async def lost(target: Target) -> None:
    """Return when a target knows that its connection is lost."""
    assert isinstance(target, nats.NatsTarget)
    await eventually(lambda: target._kept._held is None)


async def test_silent(tmp_path: Path, opened: Opener) -> None:
    """One that says nothing costs the attempt's timeout, and its connection is not trusted any more."""
    with NatsServer(tmp_path) as server:
        async with server.stream("ORDERS", "orders.>"):
            target = opened(server.url, timeout="100ms")
            assert (await send(target)).verdict is Verdict.TAKEN
            server.pause()
            assert await send(target, 2) == Reply(Verdict.FAILED, error="not acknowledged within 0.1 s")
            reply = await send(target, 2)
            assert reply == Reply(Verdict.UNREACHABLE, error="no connection within 0.1 s")
            server.go_on()
            assert (await send(opened(server.url), 2)).verdict is Verdict.TAKEN


async def test_one_connection_for_all(opened: Opener) -> None:
    """All who wait for a connection wait for the same one, and all are told that there is none."""
    async with Deaf(b"HTTP/1.1 400 Bad Request\r\n\r\n") as stranger:
        target = opened(f"nats://127.0.0.1:{stranger.port}")
        replies = await asyncio.gather(*(send(target, n) for n in range(1, 101)))
    assert {(reply.verdict, reply.error) for reply in replies} == {
        (Verdict.UNREACHABLE, "no connection: empty response from server when expecting INFO message")
    }
    assert stranger.connections == 1


async def test_slow_to_connect(opened: Opener) -> None:
    """No greeting within `connect_timeout`: it is not there."""
    async with Deaf() as deaf:
        target = opened(f"nats://127.0.0.1:{deaf.port}", connect_timeout="50ms")
        assert await send(target) == Reply(Verdict.UNREACHABLE, error="no connection within 0.05 s")


async def test_no_such_name(opened: Opener) -> None:
    """Said in words, without the address."""
    reply = await send(opened("nats://nowhere.invalid"))
    assert reply == Reply(Verdict.UNREACHABLE, error="no connection: name not resolved")


@pytest.mark.parametrize("greeting", [b"", GREETING], ids=["connecting", "half connected"])
async def test_closed_while_connecting(opened: Opener, greeting: bytes) -> None:
    """A connection that is being made when relay stops is not made."""
    async with Deaf(greeting) as deaf:
        before = asyncio.all_tasks()
        target = opened(f"nats://127.0.0.1:{deaf.port}")
        sends = [asyncio.create_task(send(target, n)) for n in (1, 2)]
        await deaf.spoken_to.wait()
        for each in sends:
            each.cancel()
        await asyncio.wait(sends)
        await target.close()
        await deaf.closed.wait()
        await settled(before)


async def test_cancelled_while_waiting(tmp_path: Path, opened: Opener) -> None:
    """A send that is cancelled leaves no task, and its late answer is nobody's."""
    with NatsServer(tmp_path) as server:
        async with server.stream("ORDERS", "orders.>") as stream:
            target = opened(server.url)
            await send(target)
            before = asyncio.all_tasks()
            server.pause()
            task = asyncio.create_task(send(target, 2))
            await under_way(target, 1)
            task.cancel()
            await asyncio.wait({task})
            assert asyncio.all_tasks() == before
            server.go_on()
            assert (await send(target, 3)).verdict is Verdict.TAKEN
            assert await stream.count() in {2, 3}


async def test_closed(tmp_path: Path, opened: Opener) -> None:
    """Nothing is left of a target that is closed, also where its server says nothing any more."""
    with NatsServer(tmp_path) as server:
        async with server.stream("ORDERS", "orders.>"):
            before = asyncio.all_tasks()
            target = opened(server.url)
            await send(target)
            server.pause()
            await target.close()
            await settled(before)


async def settled(before: set["asyncio.Task[object]"]) -> None:
    """Return when nothing runs that did not run before."""
    await eventually(lambda: not asyncio.all_tasks() - before)


# logins


async def test_login(tmp_path: Path, opened: Opener) -> None:
    """By `auth`, or in the url; a wrong one is told without showing it."""
    config = f'authorization {{ user: "relay@box", password: "{PASSWORD}" }}'
    with NatsServer(tmp_path, config) as server:
        host = f"127.0.0.1:{server.port}"
        async with server.stream("ORDERS", "orders.>", login={"user": "relay@box", "password": PASSWORD}):
            basic = {"type": "basic", "user": "relay@box", "password": PASSWORD}
            rights = (opened(server.url, auth=basic), opened(f"nats://relay%40box:{QUOTED}@{host}"))
            for n, right in enumerate(rights):
                assert (await send(right, n)).verdict is Verdict.TAKEN
            for wrong in (opened(server.url), opened(server.url, auth=basic | {"password": "nosecret"})):
                reply = await send(wrong)
                assert reply == Reply(Verdict.UNREACHABLE, error="no connection: Authorization Violation")


async def test_token(tmp_path: Path, opened: Opener) -> None:
    """A bearer token, or alone in the url as NATS writes it."""
    with NatsServer(tmp_path, f'authorization {{ token: "{PASSWORD}" }}') as server:
        host = f"127.0.0.1:{server.port}"
        async with server.stream("ORDERS", "orders.>", login={"token": PASSWORD}):
            bearer = {"type": "bearer", "token": PASSWORD}
            for n, right in enumerate((opened(server.url, auth=bearer), opened(f"nats://{QUOTED}@{host}"))):
                assert (await send(right, n)).verdict is Verdict.TAKEN
            reply = await send(opened(server.url, auth=bearer | {"token": "nosecret"}))
            assert (reply.verdict, "nosecret" in str(reply.error)) == (Verdict.UNREACHABLE, False)


async def test_not_allowed_there(tmp_path: Path, opened: Opener) -> None:
    """A subject to which this user may not publish is told at once, and the others go on."""
    rights = 'publish: { deny: "orders.secret.>" }'
    config = f"authorization {{ users: [{{ user: u, password: p, permissions: {{ {rights} }} }}] }}"
    with NatsServer(tmp_path, config) as server:
        url = f"nats://u:p@127.0.0.1:{server.port}"
        async with server.stream("ORDERS", "orders.>", login={"user": "u", "password": "p"}):
            target = opened(url, subject="orders.secret.Box")
            reply = await send(target)
            assert reply.verdict is Verdict.FAILED
            assert str(reply.error) == 'permissions violation for publish to "orders.secret.box"'


async def test_no_answers_allowed(tmp_path: Path, opened: Opener) -> None:
    """Who may not hear the acknowledgements is told so when connecting."""
    users = '{ user: u, password: p, permissions: { subscribe: { deny: ">" } } }, { user: a, password: p }'
    with NatsServer(tmp_path, f"authorization {{ users: [{users}] }}") as server:
        async with server.stream("ORDERS", "orders.>", login={"user": "a", "password": "p"}):
            reply = await send(opened(f"nats://u:p@127.0.0.1:{server.port}"))
    assert reply.verdict is Verdict.UNREACHABLE
    assert str(reply.error).startswith("no answers can be had: permissions violation for subscription to")
