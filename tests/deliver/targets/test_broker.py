"""What targets at brokers share: addresses, words, headers, and the one connection that they keep."""

import asyncio
import errno
import socket
import ssl
from typing import Any

import pytest
from multidict import CIMultiDict

from relay.config.secret import Secret
from relay.deliver.targets import broker
from relay.deliver.targets.broker import SHOWN, Address, Kept, address, reason, secrets, shown, texts
from relay.deliver.targets.protocol import Reply, Verdict
from tests.deliver.targets.asking import table
from tests.eventually import eventually


def of(url: str, **keys: Any) -> Address:
    """Where the target of a url is; `7` where it names no port."""
    return address(table(url, **keys), 7)


@pytest.mark.parametrize(
    ("url", "hosts", "path"),
    [
        ("nats://here", [("here", 7)], ""),
        ("nats://here:4222", [("here", 4222)], ""),
        ("nats://[::1]:1", [("::1", 1)], ""),
        ("kafka://a:1,b,[::2]:3", [("a", 1), ("b", 7), ("::2", 3)], ""),
        ("amqp://here/my%2Fhost", [("here", 7)], "/my%2Fhost"),
        ("redis://here/3", [("here", 7)], "/3"),
    ],
)
def test_where(url: str, hosts: list[tuple[str, int]], path: str) -> None:
    """A url names hosts, their ports, and what lies below."""
    found = of(url)
    assert (list(found.hosts), found.path, found.host, found.port) == (hosts, path, *hosts[0])


@pytest.mark.parametrize(
    ("login", "who"),
    [
        ("", (None, None)),
        ("me:word@", ("me", "word")),
        ("me%40box:a%3Ab%2Fc@", ("me@box", "a:b/c")),
        (":word@", ("", "word")),
        ("token@", ("token", None)),
    ],
)
def test_who(login: str, who: tuple[str | None, str | None]) -> None:
    """A login in the url is percent-encoded there, and nowhere else."""
    found = of(f"redis://{login}here")
    assert (found.user, found.password) == who


def test_who_by_auth() -> None:
    """Or `auth` names it."""
    basic = of("nats://here", auth={"type": "basic", "user": "me", "password": "a:b"})
    assert (basic.user, basic.password, basic.token) == ("me", "a:b", None)
    bearer = of("nats://here", auth={"type": "bearer", "token": "word"})
    assert (bearer.user, bearer.password, bearer.token) == (None, None, "word")


def test_nothing_is_shown() -> None:
    """No secret stands in an address that is printed, nor in a broker's words."""
    given = table("nats://me:hush%20hush@here")
    assert "hush" not in repr(address(given, 7))
    assert shown("me:hush hush was\0 wrong", secrets(given)) == "me:*** was\N{REPLACEMENT CHARACTER} wrong"
    assert len(shown("x" * 1000, ())) == SHOWN
    assert secrets(table("nats://here")) == ()
    assert secrets(table("nats://here", auth={"type": "bearer", "token": "word"})) == (Secret("word"),)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            ConnectionRefusedError(errno.ECONNREFUSED, "at ('10.0.0.1', 1)"),
            "Connection refused",
        ),
        (socket.gaierror(-2, "here.invalid"), "name not resolved"),
        (OSError("Multiple exceptions: [10.0.0.1, 10.0.0.2]"), "connection broken"),
        (EOFError(), "connection broken"),
        (ssl.SSLError(1, "[SSL] at 10.0.0.1"), "TLS: SSLError"),
        (ValueError("10.0.0.1"), "ValueError"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_reason(error: Exception, words: str) -> None:
    """Why there is no connection is told without addresses."""
    assert reason(error) == words


def test_headers() -> None:
    """One value a name, in one line of text, whatever it was."""
    headers: CIMultiDict[str] = CIMultiDict(
        [
            ("X-A", "1"),
            ("x-a", "2"),
            ("X-B", "Zürich"),
            ("X-C", "a\r\nb\0c"),
            ("X-D", "a\udc80b"),
            ("X-E", ""),
        ]
    )
    assert texts(headers) == {"X-A": "1, 2", "X-B": "Zürich", "X-C": "a  b c", "X-D": "a?b", "X-E": ""}


# one connection


class Line:
    """Something that is connected."""

    ended = False


class Making:
    """Connections that are made when the test says so."""

    def __init__(self, seconds: float = 20) -> None:
        self.begun = 0
        self.go = asyncio.Event()
        self.fails: Reply | None = None
        self.ends_never = False
        self.kept: Kept[Line] = Kept(self._connect, self._end, seconds)

    async def _connect(self) -> Line | Reply:
        self.begun += 1
        await self.go.wait()
        return self.fails or Line()

    async def _end(self, line: Line) -> None:
        line.ended = True
        if self.ends_never:
            await asyncio.Event().wait()


async def test_made_once() -> None:
    """All who ask while it is made, and after, have the same one."""
    making = Making()
    asked = [asyncio.create_task(making.kept.get()) for _ in range(100)]
    await eventually(lambda: making.begun)
    making.go.set()
    (line,) = set(await asyncio.gather(*asked))
    assert await making.kept.get() is line
    assert making.begun == 1
    await making.kept.close()


async def test_fails_for_all() -> None:
    """Where there is none, all who waited are told, and only the next to ask tries again."""
    making = Making()
    making.fails = Reply(Verdict.UNREACHABLE, error="no")
    making.go.set()
    replies = await asyncio.gather(*(making.kept.get() for _ in range(100)))
    assert (replies, making.begun) == ([making.fails] * 100, 1)
    making.fails = None
    assert isinstance(await making.kept.get(), Line)
    assert making.begun == 2
    await making.kept.close()


async def test_takes_too_long() -> None:
    """What is not there within the bound is not there."""
    making = Making(seconds=0.01)
    assert await making.kept.get() == Reply(Verdict.UNREACHABLE, error="no connection within 0.01 s")


async def test_made_anew() -> None:
    """After a loss the next to ask makes another; the loss of an old one is nothing to the new one."""
    making = Making()
    making.go.set()
    first = await making.kept.get()
    assert isinstance(first, Line)
    assert making.kept.forget(first)
    second = await making.kept.get()
    assert second is not first
    assert not making.kept.forget(first)
    await making.kept.drop(first)
    assert await making.kept.get() is second
    assert not first.ended
    await making.kept.close()


async def test_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does not end is not waited for for ever."""
    monkeypatch.setattr(broker, "END_SECONDS", 0.01)
    making = Making()
    making.ends_never = True
    making.go.set()
    line = await making.kept.get()
    assert isinstance(line, Line)
    await making.kept.close()
    assert line.ended


async def test_who_waited_leaves() -> None:
    """Who is cancelled leaves the connection to those who come next."""
    making = Making()
    asked = asyncio.create_task(making.kept.get())
    await eventually(lambda: making.begun)
    asked.cancel()
    await asyncio.wait({asked})
    making.go.set()
    assert isinstance(await making.kept.get(), Line)
    assert making.begun == 1
    await making.kept.close()


async def test_closed_while_made() -> None:
    """At the end nothing is left that is being made, also where a cancel gets lost on the way."""

    async def stubborn() -> Line:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()
        return Line()

    async def end(line: Line) -> None:
        line.ended = True

    before = asyncio.all_tasks()
    kept: Kept[Line] = Kept(stubborn, end, 3600)
    asked = asyncio.create_task(kept.get())
    await eventually(lambda: len(asyncio.all_tasks() - before) == 2)
    await kept.close()
    await asyncio.wait({asked})
    assert asyncio.all_tasks() == before
