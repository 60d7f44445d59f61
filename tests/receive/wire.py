"""Talking to a listener in bytes, where a client would correct us."""

import asyncio
import hashlib
import hmac
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from multidict import CIMultiDict

PATIENCE = 20.0
"""Seconds a test waits for an answer before it fails."""
SECRET = "shop-secret"


@dataclass(frozen=True)
class Said:
    """An answer."""

    status: int
    headers: "CIMultiDict[str]"
    body: bytes


class Wire:
    """One connection."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def __aenter__(self) -> Self:
        host, _, port = self._address.rpartition(":")
        self.reader, self.writer = await asyncio.open_connection(host, int(port))
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.writer.transport.abort()

    async def ask(self, raw: bytes) -> Said:
        await self.send(raw)
        return await self.answer()

    async def send(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    async def answer(self) -> Said:
        """The next answer, whole."""
        async with asyncio.timeout(PATIENCE):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *lines = head[:-4].split("\r\n")
            pairs = [each.partition(": ")[::2] for each in lines]
            headers: CIMultiDict[str] = CIMultiDict(pairs)
            body = await self.reader.readexactly(int(headers.get("Content-Length", 0)))
        return Said(int(line.split()[1]), headers, body)

    async def ended(self) -> bytes:
        """What still comes until the other side ends the connection."""
        async with asyncio.timeout(PATIENCE):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""


def request(path: str = "/in/shop", body: bytes = b"", *headers: str, method: str = "POST") -> bytes:
    """A request with the length of its body."""
    lines = [f"{method} {path} HTTP/1.1", "Host: relay", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def signature(body: bytes, secret: str = SECRET) -> str:
    return f"X-Signature: sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def signed(body: bytes, *headers: str, path: str = "/in/shop") -> bytes:
    """A request that source `shop` believes."""
    return request(path, body, signature(body), *headers)


def chunked(*chunks: bytes) -> bytes:
    """A body in chunks, and its end."""
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))
