"""Servers made of a few lines, and ports on which nobody listens."""

import asyncio
import socket
from contextlib import suppress
from types import TracebackType
from typing import Self


class Listener:
    """Takes connections at `port` of 127.0.0.1, and leaves none open. Used with `async with`."""

    port: int
    _server: asyncio.Server

    def __init__(self) -> None:
        self.connections = 0
        self.closed = asyncio.Event()
        """A client has gone."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._listen, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self._ends_with_it(writer)
        with suppress(OSError, EOFError):
            await self.serve(reader, writer)
        self.closed.set()
        writer.transport.abort()

    def _ends_with_it(self, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        if not self._server.is_serving():
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """All that is said on one connection."""
        raise NotImplementedError


class Deaf(Listener):
    """Says its greeting, and no more; it remembers all that was said to it."""

    def __init__(self, greeting: bytes = b"") -> None:
        super().__init__()
        self._greeting = greeting
        self.heard = bytearray()
        self.spoken_to = asyncio.Event()
        """Something was said to it; without a greeting: somebody has come."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._greeting)
        if not self._greeting:
            self.spoken_to.set()
        while heard := await reader.read(65536):
            self.heard += heard
            self.spoken_to.set()


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
