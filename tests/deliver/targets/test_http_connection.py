"""Connections that cannot be made, or break: the target is unreachable, and the reason shows no address."""

import asyncio
import socket
from contextlib import suppress

import pytest
from aiohttp import ClientSession

from relay.deliver.targets.protocol import Reply, Verdict
from tests.clock import START
from tests.deliver.targets.asking import LATE, http, message, said
from tests.target import CLOSE, RESET, Answer, ScriptedTarget


@pytest.mark.parametrize("script", [RESET, CLOSE], ids=["reset", "closed"])
async def test_reset(session: ClientSession, script: Answer) -> None:
    """A connection that breaks before an answer: unreachable."""
    assert (await said(session, script)).verdict is Verdict.UNREACHABLE


async def test_refused_connection(session: ClientSession) -> None:
    """Nobody listens: unreachable, and the reason names no address."""
    async with ScriptedTarget() as target:
        url = target.url
    reply = await http(url, session).send(message(), START)
    assert reply == Reply(Verdict.UNREACHABLE, error="no connection: Connection refused")


async def test_name_that_does_not_resolve(session: ClientSession) -> None:
    """A name that cannot be one: unreachable."""
    reply = await http("http://no-such-host.invalid./", session).send(message(), START)
    assert reply == Reply(Verdict.UNREACHABLE, error="its name is not resolved")


async def test_connect_timeout(session: ClientSession) -> None:
    """A listener that accepts no connection: unreachable when connect_timeout is over."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [_connect_on(port) for _ in range(4)]
        target = http(f"http://127.0.0.1:{port}/", session, connect_timeout=f"{LATE * 1000:g}ms")
        reply = await target.send(message(), START)
        for each in waiting:
            each.close()
    assert reply == Reply(Verdict.UNREACHABLE, error=f"no connection within {LATE:g} s")


def _connect_on(port: int) -> socket.socket:
    """Take a place in the line of those who wait to be accepted."""
    connection = socket.socket()
    connection.setblocking(False)
    with suppress(BlockingIOError):
        connection.connect(("127.0.0.1", port))
    return connection


async def test_tls_that_is_none(session: ClientSession) -> None:
    """A target that speaks no TLS where it should: unreachable."""

    async def plain(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reply = await http(f"https://127.0.0.1:{port}/", session).send(message(), START)
    server.close()
    assert reply == Reply(Verdict.UNREACHABLE, error="TLS: WRONG_VERSION_NUMBER")
