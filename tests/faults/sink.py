"""The target: remembers every delivery that reaches it, and behaves as badly as it is told."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

import orjson
from aiohttp import web

from tests.faults.ports import Ports
from tests.faults.sender import signature
from tests.faults.waiting import LOOK, until

Behaviour = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
"""Answers a delivery; only a 2xx counts as taken."""


@dataclass(slots=True)
class Arrival:
    """One attempt, as the target saw it."""

    at: float
    """Monotonic seconds."""
    name: str
    """The sender's own id."""
    event: str
    key: str
    attempt: int
    life: int
    """In which of the daemon's lives."""
    taken: bool = False
    """Answered 2xx."""


@dataclass(slots=True)
class Known:
    """All that came under one of the senders' ids."""

    events: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    taken: int = 0


async def take(_request: web.BaseRequest) -> web.StreamResponse:
    """A target that is well."""
    return web.Response()


def slow(seconds: float) -> Behaviour:
    """A target that takes its time."""

    async def answer(_request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return web.Response()

    return answer


def say(status: int, headers: dict[str, str] | None = None) -> Behaviour:
    """A target that answers the same to everything."""

    async def answer(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, headers=headers)

    return answer


async def hang(_request: web.BaseRequest) -> web.StreamResponse:
    """A target that reads and never answers."""
    await asyncio.sleep(3600)
    return web.Response()


async def reset(request: web.BaseRequest) -> web.StreamResponse:
    """A target that breaks the connection off instead of answering."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


class Sink:
    """The listener. Its port stays its own while it is down."""

    TAKEN: Final = range(200, 300)

    def __init__(self) -> None:
        self._ports = Ports(1)
        (self.port,) = self._ports.numbers
        self.behave: Behaviour = take
        self.life = 0
        self.arrivals: list[Arrival] = []
        self.known: dict[str, Known] = {}
        self.spoilt: list[str] = []
        """Whose signature did not match the body, and requests at paths that nobody was told of."""
        self._server = web.Server(self._handle, access_log=None)
        self._listening: asyncio.Server | None = None

    # up and down

    @property
    def is_up(self) -> bool:
        return self._listening is not None

    async def rise(self) -> None:
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(self._server, "127.0.0.1", self.port, backlog=512)

    async def fall(self) -> None:
        """Refuses connections, and those it had are broken off."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        for connection in self._server.connections:
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(0)

    async def next_life(self) -> None:
        """The daemon was killed: what it sent is read to its end, what comes now is the next one's."""
        await until(lambda: not self._server.connections, 30, "the end of the daemon's connections")
        self.life += 1

    async def close(self) -> None:
        await self.fall()
        await self._server.shutdown(1)
        self._ports.close()

    # what came

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.content.read()
        arrival = self._note(request, body)
        answer = await self.behave(request)
        if (
            answer.status in self.TAKEN
            and request.transport is not None
            and not request.transport.is_closing()
        ):
            arrival.taken = True
            self.known[arrival.name].taken += 1
        return answer

    def _note(self, request: web.BaseRequest, body: bytes) -> Arrival:
        headers = request.headers
        if headers.get("X-Signature") != signature(body) or request.raw_path != "/":
            self.spoilt.append(f"{request.raw_path} {dict(headers)}")
        name = _name(body) or headers["Relay-Event-Id"]
        arrival = Arrival(
            time.monotonic(),
            name,
            headers["Relay-Event-Id"],
            headers["Idempotency-Key"],
            int(headers["Relay-Attempt"]),
            self.life,
        )
        self.arrivals.append(arrival)
        known = self.known.setdefault(name, Known())
        known.events.add(arrival.event)
        known.keys.add(arrival.key)
        return arrival

    async def has(self, names: Iterable[str], within: float = 60.0) -> None:
        """Return when all of `names` were taken; AssertionError when none came for `within` seconds."""
        missing = {name for name in names if not self._took(name)}
        came = time.monotonic()
        while missing:
            left = {name for name in missing if not self._took(name)}
            if len(left) < len(missing):
                missing, came = left, time.monotonic()
            assert time.monotonic() - came < within, f"{len(missing)} never came: {sorted(missing)[:5]}"
            await asyncio.sleep(LOOK)

    def _took(self, name: str) -> bool:
        known = self.known.get(name)
        return known is not None and known.taken > 0

    def check(self, acknowledged: dict[str, str]) -> None:
        """All acknowledged came, as what senders were told, under one key, with their bytes as they were."""
        assert not self.spoilt, self.spoilt[:5]
        lost = [name for name in acknowledged if not self._took(name)]
        assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged events were lost: {lost[:5]}"
        other = [name for name, id in acknowledged.items() if self.known[name].events != {id}]
        assert not other, f"under another id than the sender was told: {other[:5]}"
        keys = [name for name, known in self.known.items() if len(known.keys) != 1]
        assert not keys, f"under more than one idempotency key: {keys[:5]}"
        attempts = [(arrival.key, arrival.attempt, arrival.life) for arrival in self.arrivals]
        assert len(set(attempts)) == len(attempts), f"attempts came twice: {Counter(attempts).most_common(3)}"

    @property
    def duplicates(self) -> int:
        """Deliveries taken more than once: what at-least-once costs."""
        return sum([known.taken - 1 for known in self.known.values() if known.taken])


def _name(body: bytes) -> str | None:
    """The sender's own id, where the body holds one."""
    if not body.startswith(b'{"id":"'):
        return None
    return str(orjson.loads(body)["id"])
