"""Reading a body: within its size, within its time, within what all of them may hold together."""

import asyncio
from dataclasses import dataclass

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from relay.receive.providers.protocol import Rejected


@dataclass(slots=True)
class Inflight:
    """Bytes of all bodies that are in memory for senders who wait."""

    limit: int
    held: int = 0

    def take(self, size: int) -> bool:
        """Hold `size` more bytes, if there is room."""
        if self.held + size > self.limit:
            return False
        self.held += size
        return True

    def give(self, size: int) -> None:
        self.held -= size


TOO_LARGE = Rejected(413, "the body is larger than max_body")
TOO_SLOW = Rejected(408, "the body is slower than body_timeout")
TOO_MANY = Rejected(503, "the bodies being received reach max_inflight")
BROKEN = Rejected(400, "the body is broken")


class Body:
    """A body as it is read; what it holds of `inflight` is given back by `close`."""

    def __init__(self, request: web.BaseRequest, inflight: Inflight, limit: int) -> None:
        self._request = request
        self._inflight = inflight
        self._limit = limit
        self._held = 0

    async def read(self, timeout: float) -> bytes | Rejected:  # noqa: ASYNC109  the limit is this function's matter
        """All of it, or why not. `timeout` in seconds, from now to the last byte."""
        length = self._request.content_length
        if length is not None and length > self._limit:
            return TOO_LARGE
        content = self._request.content
        if content.is_eof() and content.exception() is None:
            data = content.read_nowait(-1)
            return self._hold(data) or data
        try:
            async with asyncio.timeout(timeout):
                return await self._read_on()
        except TimeoutError:
            return TOO_SLOW
        except (web.RequestPayloadError, HttpProcessingError):
            return BROKEN

    def close(self) -> None:
        self._inflight.give(self._held)
        self._held = 0

    async def _read_on(self) -> bytes | Rejected:
        await _go_on(self._request)
        content, parts = self._request.content, []
        while chunk := await content.readany():
            if refused := self._hold(chunk):
                return refused
            parts.append(chunk)
        return b"".join(parts)

    def _hold(self, chunk: bytes) -> Rejected | None:
        if self._held + len(chunk) > self._limit:
            return TOO_LARGE
        if not self._inflight.take(len(chunk)):
            return TOO_MANY
        self._held += len(chunk)
        return None


async def _go_on(request: web.BaseRequest) -> None:
    """A sender that asks first (`Expect: 100-continue`) is told to send."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        writer = request.writer
        await writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        writer.output_size = 0
