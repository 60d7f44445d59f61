"""A Kafka broker that asks for a login (SASL), before another that does not."""

import asyncio
import struct
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

API_VERSIONS: Final = 18
HANDSHAKE: Final = 17
AUTHENTICATE: Final = 36
UNSUPPORTED_MECHANISM: Final = 33
FAILED: Final = 58


class Guard:
    """Lets those through who log in with `PLAIN` and the right words. Used with `async with`."""

    def __init__(self, behind: str, login: tuple[str, str], mechanisms: tuple[str, ...] = ("PLAIN",)) -> None:
        self._behind = behind.rsplit(":", 1)
        self._login = "\0".join(("", *login)).encode()
        self._mechanisms = mechanisms
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self.asked: list[str] = []
        """The mechanisms that clients asked for."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._listen, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks)

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.append(writer)
        theirs, ours = await asyncio.open_connection(self._behind[0], int(self._behind[1]))
        self._writers.append(ours)
        if writer.is_closing():
            ours.transport.abort()
        with suppress(OSError, EOFError):
            while not await self._answer(reader, writer, theirs, ours):
                pass
            await asyncio.gather(_pass(reader, ours), _pass(theirs, writer), return_exceptions=True)
        writer.close()
        ours.close()

    async def _answer(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        theirs: asyncio.StreamReader,
        ours: asyncio.StreamWriter,
    ) -> bool:
        """Answer one request; True: it was the right login."""
        request = await _frame(reader)
        api, version, number = struct.unpack_from(">hhi", request)
        (length,) = struct.unpack_from(">h", request, 8)
        words = request[10 + length :]
        if api == API_VERSIONS:
            ours.write(struct.pack(">i", len(request)) + request)
            answer = _with_logins(await _frame(theirs), known=version == 0)
            writer.write(struct.pack(">i", len(answer)) + answer)
            return False
        if api == HANDSHAKE:
            return self._say(writer, number, self._handshake(words))
        assert api == AUTHENTICATE
        right = words[4:] == self._login
        said = b"wrong: " + words[4:].rpartition(b"\0")[2]
        error = struct.pack(">hh", 0, -1) if right else struct.pack(">hh", FAILED, len(said)) + said
        self._say(writer, number, error + struct.pack(">i", 0) + (struct.pack(">q", 0) if version else b""))
        return right

    def _handshake(self, words: bytes) -> bytes:
        mechanism = words[2:].decode()
        self.asked.append(mechanism)
        error = 0 if mechanism in self._mechanisms else UNSUPPORTED_MECHANISM
        names = b"".join(struct.pack(">h", len(each)) + each.encode() for each in self._mechanisms)
        return struct.pack(">hi", error, len(self._mechanisms)) + names

    def _say(self, writer: asyncio.StreamWriter, number: int, answer: bytes) -> bool:
        writer.write(struct.pack(">ii", 4 + len(answer), number) + answer)
        return False


def _with_logins(answer: bytes, *, known: bool) -> bytes:
    """What the broker behind can do (version 0 of that answer), and what the guard adds to it."""
    number, error, count = struct.unpack_from(">ihi", answer)
    if not known or error:
        return answer
    more = struct.pack(">hhhhhh", HANDSHAKE, 0, 1, AUTHENTICATE, 0, 1)
    return struct.pack(">ihi", number, error, count + 2) + answer[10:] + more


async def _frame(reader: asyncio.StreamReader) -> bytes:
    (size,) = struct.unpack(">i", await reader.readexactly(4))
    return await reader.readexactly(size)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while heard := await reader.read(65536):
        writer.write(heard)
    writer.write_eof()
