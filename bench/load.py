"""The sender, a process of its own: posts signed events over keep-alive connections, prints what came of it.

Closed loop: every connection posts again as soon as it was answered, latency counts from the write.
Open loop (`--rate`): posts at fixed moments; latency counts from the moment a post was meant to go, so a
server that stalls is charged for all who had to queue. Two lines of JSON come out: `{"began"}`, the result.
"""

import argparse
import asyncio
import gc
import json
import time
from array import array
from collections import Counter, deque
from typing import Any, Final, cast

import uvloop

from bench.http1 import message_end
from bench.message import PATH, Messages
from bench.sample import latencies

GRACE: Final = 15.0
"""Seconds that answers may still take after the last post."""
SPIN: Final = 0.002
"""The loop's timers are good to a millisecond: so long before a post is due it turns without waiting."""
EMPTY_ANSWER: Final = b"\r\nContent-Length: 0\r\n"


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._buffer = b""
        self._since = 0.0
        self.busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def post(self, request: bytes, since: float) -> None:
        """Send `request`; its latency counts from `since`, seconds of the monotonic clock."""
        self._since = since
        self.busy = True
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        if not (EMPTY_ANSWER in data and data.endswith(b"\r\n\r\n") and not self._buffer):
            data = self._buffer + data
            if not message_end(data):
                self._buffer = data
                return
            self._buffer = b""
        now = time.monotonic()
        self.busy = False
        self._load.answered(self, data[9:12], now, now - self._since)

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.lost(self)

    def close(self) -> None:
        self._transport.close()


class Load:
    """One run of posts, until `seconds` have passed or the messages are used up."""

    def __init__(self, messages: Messages, port: int, seconds: float, rate: float | None) -> None:
        self._messages = messages
        self._port = port
        self._seconds = seconds
        self._rate = rate
        self._posted = 0
        self._statuses: Counter[bytes] = Counter()
        self._latencies = array("d")
        self._lost = 0
        self._connections: set[Connection] = set()
        self._idle: deque[Connection] = deque()
        self._queue: deque[float] = deque()
        self._ending = False
        self._ended = 0.0

    async def run(self, connections: int) -> dict[str, Any]:
        """Post, and say what came of it."""
        self._loop = asyncio.get_running_loop()
        self._done = self._loop.create_future()
        for _ in range(connections):
            _, connection = await self._loop.create_connection(
                lambda: Connection(self), "127.0.0.1", self._port
            )
            self._connections.add(connection)
        self._begin()
        async with asyncio.timeout(self._seconds + GRACE):
            await self._done
        result = self._result(time.process_time() - self._cpu)
        for connection in list(self._connections):
            connection.close()
        return result

    def _begin(self) -> None:
        self._cpu = time.process_time()
        self._began = self._ended = time.monotonic()
        self._deadline = self._began + self._seconds
        print(json.dumps({"began": self._began}), flush=True)
        self._idle.extend(self._connections)
        if self._rate is None:
            while self._idle:
                self._post(self._idle.popleft(), time.monotonic())
        else:
            self._tick(0)

    # open loop

    def _tick(self, n: int) -> None:
        """Post number `n` when its moment has come, and wait for the next one's."""
        assert self._rate is not None
        due = self._began + n / self._rate
        now = time.monotonic()
        while due <= now and not self._over(n, due):
            self._offer(due)
            n += 1
            due = self._began + n / self._rate
        if self._over(n, due):
            self._end()
        elif due - now > SPIN:
            self._loop.call_later(due - now - SPIN, self._tick, n)
        else:
            self._loop.call_soon(self._tick, n)

    def _over(self, n: int, due: float) -> bool:
        return due >= self._deadline or n >= self._messages.count

    def _offer(self, due: float) -> None:
        if self._idle:
            self._post(self._idle.popleft(), due)
        else:
            self._queue.append(due)

    # both

    def answered(self, connection: Connection, status: bytes, now: float, latency: float) -> None:
        """`connection` has its answer and is free."""
        self._statuses[status] += 1
        self._latencies.append(latency)
        self._ended = now
        if self._queue:
            self._post(connection, self._queue.popleft())
        elif self._rate is not None:
            self._idle.append(connection)
            self._finish()
        elif now < self._deadline and self._posted < self._messages.count:
            self._post(connection, now)
        else:
            self._end()

    def lost(self, connection: Connection) -> None:
        """The server hung up; what was under way counts as lost, and nobody takes the connection's place."""
        self._connections.discard(connection)
        if not self._done.done():
            self._lost += 1
            if connection in self._idle:
                self._idle.remove(connection)
            if not self._connections:
                self._end()

    def _post(self, connection: Connection, since: float) -> None:
        connection.post(self._messages.request(self._posted, int(since * 1e6)), since)
        self._posted += 1

    def _end(self) -> None:
        self._ending = True
        self._finish()

    def _finish(self) -> None:
        if self._ending and not self._done.done() and not self._waiting():
            self._done.set_result(None)

    def _waiting(self) -> bool:
        """Whether an answer is still to come."""
        return any(some.busy or self._queue for some in self._connections)

    def _result(self, cpu: float) -> dict[str, Any]:
        seconds = max(self._ended - self._began, 1e-9)
        accepted = self._statuses[b"200"]
        return {
            "requests": self._posted,
            "accepted": accepted,
            "seconds": seconds,
            "rate": accepted / seconds,
            "statuses": {status.decode(): count for status, count in self._statuses.items()},
            "lost_connections": self._lost,
            "exhausted": self._rate is None and self._posted >= self._messages.count,
            "began": self._began,
            "ended": self._ended,
            "latency": latencies(self._latencies),
            "cpu_share": cpu / seconds,
        }


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description="Post signed events.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default=PATH)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rate", type=float, help="posts a second; without it as many as are answered")
    parser.add_argument("--at-most", type=int, required=True, help="messages signed before the clock starts")
    parser.add_argument("--run", default="run", help="keeps these ids apart from those of other runs")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    messages = Messages(given.port, given.path, given.run, given.at_most)
    load = Load(messages, given.port, given.seconds, given.rate)
    gc.freeze()
    gc.disable()
    print(json.dumps(uvloop.run(load.run(given.connections))), flush=True)


if __name__ == "__main__":
    main()
