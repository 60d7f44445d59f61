"""An HTTP receiver that answers by a script, and keeps every request byte for byte."""

import asyncio
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType
from typing import Final, Self

PATIENCE: Final = 20.0
"""Seconds a test waits for a request before it fails."""


class Then(Enum):
    """What becomes of the connection behind an answer."""

    KEEP = "keep"
    CLOSE = "close"
    RESET = "reset"
    HANG = "hang"
    """Neither another byte nor an end, until the receiver is let go."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Bytes, and what follows them."""

    raw: bytes
    then: Then = Then.KEEP
    late: bytes = b""
    """With HANG: what is said when the receiver is let go."""


def answer(status: int, *headers: str, body: bytes = b"", then: Then = Then.KEEP) -> Answer:
    """A well-formed answer; `headers` as `Name: value`."""
    lines = [f"HTTP/1.1 {status} Said So", f"Content-Length: {len(body)}", *headers]
    return Answer("\r\n".join(lines).encode() + b"\r\n\r\n" + body, then)


HANG: Final = Answer(b"", Then.HANG)
HOLD: Final = Answer(b"", Then.HANG, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
"""Nothing, until the receiver is let go: then 200."""
RESET: Final = Answer(b"", Then.RESET)
CLOSE: Final = Answer(b"", Then.CLOSE)
GARBAGE: Final = Answer(b"\x00\xff nothing of the kind\r\n\r\n", Then.CLOSE)
SLOW_BODY: Final = Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nonly", Then.HANG)
BROKEN_CHUNKS: Final = Answer(
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Then.HANG, b"no chunk\r\n\r\n"
)
CUT_BODY: Final = Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nonly", Then.CLOSE)
HUGE: Final = answer(200, body=b"x" * (1 << 20))
BROTLI: Final = answer(200, "Content-Encoding: br", body=b"\x8b\x02\x80never inflated\x03")


@dataclass(slots=True)
class Arrived:
    """A request as it came."""

    line: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    raw: bytes = field(repr=False)

    @property
    def path(self) -> str:
        """What was asked for, with its query."""
        return self.line.split()[1].decode()

    def values(self, name: str) -> list[bytes]:
        """The values of a header, whatever its case."""
        return [value for key, value in self.headers if key.lower() == name.lower().encode()]

    def value(self, name: str) -> str:
        """The only value of a header."""
        (value,) = self.values(name)
        return value.decode()


class ScriptedTarget:
    """`script`: answers in order, a number being a status; when it is used up, `rest` for all."""

    def __init__(self, script: Iterable[Answer | int] = (), rest: Answer | int = 200) -> None:
        self.script = list(script)
        self.rest = rest
        self.requests: list[Arrived] = []
        self._arrived: asyncio.Queue[Arrived] = asyncio.Queue()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._let_go = asyncio.Event()
        self.port = 0
        self.connections = 0
        """How many were made."""

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    async def open(self) -> None:
        """Listen; again on the same port after `close`."""
        self._let_go.clear()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Refuse connections from now on, and end those there are."""
        self._let_go.set()
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()

    def let_go(self) -> None:
        """Those that hang say the rest, and end."""
        self._let_go.set()

    async def next(self) -> Arrived:
        """The next request, waited for if need be."""
        return await asyncio.wait_for(self._arrived.get(), PATIENCE)

    async def several(self, count: int) -> list[Arrived]:
        """The next `count` of them."""
        return [await self.next() for _ in range(count)]

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.connections += 1
        try:
            while await self._serve(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether the connection goes on."""
        request = await _read(reader)
        self.requests.append(request)
        self._arrived.put_nowait(request)
        said = self.script.pop(0) if self.script else self.rest
        said = answer(said) if isinstance(said, int) else said
        writer.write(said.raw)
        await writer.drain()
        return await self._finish(writer, said)

    async def _finish(self, writer: asyncio.StreamWriter, said: Answer) -> bool:
        match said.then:
            case Then.KEEP:
                return True
            case Then.CLOSE:
                writer.close()
            case Then.RESET:
                _reset(writer)
            case Then.HANG:
                await self._let_go.wait()
                writer.write(said.late)
        return False


async def _read(reader: asyncio.StreamReader) -> Arrived:
    head = await reader.readuntil(b"\r\n\r\n")
    line, *lines = head[:-4].split(b"\r\n")
    headers = [(name, value.strip(b" ")) for name, _, value in (each.partition(b":") for each in lines)]
    sizes = [int(value) for name, value in headers if name.lower() == b"content-length"]
    body = await reader.readexactly(sizes[0]) if sizes else b""
    return Arrived(line, headers, body, head + body)


def _reset(writer: asyncio.StreamWriter) -> None:
    """An end without a farewell: RST for FIN."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
