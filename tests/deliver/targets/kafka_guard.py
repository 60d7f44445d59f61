"""A Kafka broker that asks for a login (SASL), before another that does not."""

import asyncio
import struct
from typing import Final

from tests.deliver.targets.listener import Listener

API_VERSIONS: Final = 18
HANDSHAKE: Final = 17
AUTHENTICATE: Final = 36
UNSUPPORTED_MECHANISM: Final = 33
FAILED: Final = 58


class Guard(Listener):
    """Lets those through who log in with `PLAIN` and the right words."""

    def __init__(self, behind: str, login: tuple[str, str], mechanisms: tuple[str, ...] = ("PLAIN",)) -> None:
        super().__init__()
        self._behind = behind.rsplit(":", 1)
        self._login = "\0".join(("", *login)).encode()
        self._mechanisms = mechanisms
        self.asked: list[str] = []
        """The mechanisms that clients asked for."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection(self._behind[0], int(self._behind[1]))
        self._ends_with_it(ours)
        try:
            while not await self._answer(reader, writer, theirs, ours):
                pass
            await asyncio.gather(_pass(reader, ours), _pass(theirs, writer), return_exceptions=True)
        finally:
            ours.transport.abort()

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
