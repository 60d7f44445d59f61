"""The target, a process of its own: takes what is delivered, answers 200, and remembers when what came.

It does what its standard input says, a line of JSON each, and answers each with a line:
`{"do": "wait", "events": N, "seconds": S}` answers when N different events have come;
`{"do": "report"}` says what came (`since`, `until`: monotonic seconds, only in between);
`{"do": "reset"}` forgets it; `{"do": "down", "seconds": S}` refuses connections for so long;
`{"do": "slow", "seconds": S}` answers that much later from now on; `{"do": "say", "status": N}` answers that.
"""

import asyncio
import gc
import json
import time
from array import array
from collections import Counter
from typing import Any, Final, cast

import uvloop

from bench.http1 import END_OF_HEAD, header, message_end
from bench.message import ID_HEADER, SENT_HEADER
from bench.sample import latencies
from bench.stdin import lines

WELL: Final = 200
SENDER_ID: Final = ID_HEADER.lower().encode()
SENT: Final = SENT_HEADER.lower().encode()


def answer_of(status: int) -> bytes:
    return b"HTTP/1.1 %d Said\r\nContent-Length: 0\r\n\r\n" % status


class Arrivals:
    """What came, in the order in which it came."""

    def __init__(self) -> None:
        self.at = array("d")
        """Monotonic seconds."""
        self.sent = array("d")
        """When the sender posted it, of the same clock; 0 where it does not say."""
        self.ids: list[bytes] = []
        self.events: set[bytes] = set()
        self.keys: set[bytes] = set()

    def add(self, head: bytes, now: float) -> None:
        """One request with these headers."""
        lowered = head.lower()
        id = header(lowered, head, b"relay-event-id") or header(lowered, head, SENDER_ID) or b""
        self.at.append(now)
        self.sent.append(int(header(lowered, head, SENT) or 0) / 1e6)
        self.ids.append(id)
        self.events.add(id)
        if key := header(lowered, head, b"idempotency-key"):
            self.keys.add(key)

    def report(self, since: float, until: float) -> dict[str, Any]:
        """What came from `since` to `until`; with how long it took from its sender's post, if known."""
        mine = [n for n, at in enumerate(self.at) if since <= at <= until]
        took = [self.at[n] - self.sent[n] for n in mine if self.sent[n]]
        return {
            "requests": len(mine),
            "events": len({self.ids[n] for n in mine}),
            "keys": len(self.keys),
            "first": self.at[mine[0]] if mine else None,
            "last": self.at[mine[-1]] if mine else None,
            "per_second": self._per_second(mine),
            "latency": latencies(took),
        }

    def last_sent_before(self, moment: float) -> float | None:
        """When the last delivery came of an event that was posted before `moment`."""
        mine = [at for at, sent in zip(self.at, self.sent, strict=True) if sent < moment]
        return max(mine, default=None)

    def _per_second(self, mine: list[int]) -> list[int]:
        if not mine:
            return []
        start = self.at[mine[0]]
        counts = Counter(int(self.at[n] - start) for n in mine)
        return [counts[second] for second in range(max(counts) + 1)]


class Sink:
    """The listener, and the orders it takes."""

    def __init__(self) -> None:
        self.arrivals = Arrivals()
        self.answer = answer_of(WELL)
        self.slow = 0.0
        self.connections: set[Connection] = set()
        self._port = 0
        self._server: asyncio.Server | None = None
        self._wanted: tuple[int, asyncio.Future[None]] | None = None
        self._up: asyncio.TimerHandle | None = None
        self._back: float | None = None
        self._rising: asyncio.Task[None] | None = None

    async def listen(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self), "127.0.0.1", self._port, backlog=512
        )
        self._port = self._server.sockets[0].getsockname()[1]
        self._back = time.monotonic()

    async def serve(self) -> None:
        """Until standard input ends."""
        await self.listen()
        print(json.dumps({"port": self._port}), flush=True)
        async for line in lines():
            order = json.loads(line)
            answer = await getattr(self, f"do_{order.pop('do')}")(**order)
            print(json.dumps({"cpu": time.process_time(), **answer}), flush=True)

    def came(self, head: bytes) -> None:
        self.arrivals.add(head, time.monotonic())
        if self._wanted and len(self.arrivals.events) >= self._wanted[0] and not self._wanted[1].done():
            self._wanted[1].set_result(None)

    # orders

    async def do_wait(self, events: int, seconds: float) -> dict[str, Any]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._wanted = (events, future)
        if len(self.arrivals.events) < events:
            await asyncio.wait([future], timeout=seconds)
        self._wanted = None
        return {"events": len(self.arrivals.events)}

    async def do_report(self, since: float = 0.0, until: float = float("inf")) -> dict[str, Any]:
        waited = None if self._back is None else self.arrivals.last_sent_before(self._back)
        return {**self.arrivals.report(since, until), "back": self._back, "last_sent_before_back": waited}

    async def do_reset(self) -> dict[str, Any]:
        self.arrivals = Arrivals()
        self.answer, self.slow = answer_of(WELL), 0.0
        return {}

    async def do_say(self, status: int) -> dict[str, Any]:
        self.answer = answer_of(status)
        return {}

    async def do_slow(self, seconds: float) -> dict[str, Any]:
        self.slow = seconds
        return {}

    async def do_down(self, seconds: float) -> dict[str, Any]:
        """Nobody listens for `seconds`; connections that are open are closed."""
        assert self._server is not None
        self._server.close()
        self._back = None
        for connection in list(self.connections):
            connection.close()
        asyncio.get_running_loop().call_later(seconds, self._rise)
        return {"at": time.monotonic()}

    def _rise(self) -> None:
        self._rising = asyncio.get_running_loop().create_task(self.listen())


class Connection(asyncio.Protocol):
    """One connection of a sender of deliveries."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._sink.connections.add(self)

    def data_received(self, data: bytes) -> None:
        self._buffer = buffer = self._buffer + data if self._buffer else data
        while end := message_end(buffer):
            self._sink.came(buffer[: buffer.find(END_OF_HEAD) + 2])
            self._answer()
            self._buffer = buffer = buffer[end:]

    def _answer(self) -> None:
        answer = self._sink.answer
        if self._sink.slow:
            asyncio.get_running_loop().call_later(self._sink.slow, self._transport.write, answer)
        else:
            self._transport.write(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._sink.connections.discard(self)

    def close(self) -> None:
        self._transport.abort()


if __name__ == "__main__":
    gc.disable()
    uvloop.run(Sink().serve())
