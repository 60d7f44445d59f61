"""An answer's body: read up to a limit, and inflated up to the same limit, whatever it claims to be."""

import asyncio
import zlib
from collections.abc import Iterator
from typing import Final

from aiohttp import ClientResponse

ACCEPTED: Final = "gzip, deflate"
"""What is asked for; nothing else is inflated."""
PIECE: Final = 1 << 18
"""Bytes that are inflated at a time: some milliseconds, then others have their turn."""
GZIP: Final = 16 + zlib.MAX_WBITS


class BadBody(Exception):
    """The body cannot be had: why. `again`: another try may bring a better one."""

    def __init__(self, why: str, *, again: bool) -> None:
        super().__init__(why)
        self.again = again


async def read_body(response: ClientResponse, limit: int) -> bytes:
    """The body as it was before it was encoded; BadBody where it is too large, or of another encoding."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("identity", ""):
        return await _plain(response, limit)
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise BadBody("its body is encoded in a way that was not asked for", again=False)
    return await _inflated(response, Inflater(limit, gzip=encoding != "deflate"))


async def _plain(response: ClientResponse, limit: int) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > limit:
            raise _too_large()
    return bytes(body)


async def _inflated(response: ClientResponse, inflater: "Inflater") -> bytes:
    async for piece in response.content.iter_any():
        for _ in inflater.feed(piece):
            await asyncio.sleep(0)  # no wait: a body that swells holds nobody up
    return inflater.end()


class Inflater:
    """gzip or deflate, in steps; no step makes more than PIECE bytes, all together no more than the limit."""

    def __init__(self, limit: int, *, gzip: bool) -> None:
        self._limit = limit
        self._gzip = gzip
        self._fed = 0
        self._inner: zlib._Decompress | None = None
        self._body = bytearray()

    def feed(self, piece: bytes) -> Iterator[None]:
        """Inflate what came, a step each time it is asked for the next."""
        self._fed += len(piece)
        if self._fed > self._limit:
            raise _too_large()
        if self._inner is None:
            self._inner = zlib.decompressobj(self._window(piece))
        made = PIECE
        while piece or made == PIECE:  # a full step may have left output behind
            made = self._step(self._inner, piece)
            piece = self._inner.unconsumed_tail
            yield

    def _step(self, inner: "zlib._Decompress", piece: bytes) -> int:
        if inner.eof and piece:
            raise BadBody("its body goes on behind its end", again=True)
        try:
            made = inner.decompress(piece, PIECE)
        except zlib.error:
            raise BadBody("its body is broken", again=True) from None
        self._body += made
        if len(self._body) > self._limit:
            raise _too_large()
        if inner.unused_data:
            raise BadBody("its body goes on behind its end", again=True)
        return len(made)

    def end(self) -> bytes:
        """All of it."""
        if self._fed and (self._inner is None or not self._inner.eof):
            raise BadBody("its body is cut short", again=True)
        return bytes(self._body)

    def _window(self, piece: bytes) -> int:
        """By RFC 9110 deflate is zlib's format, for some servers a bare stream: the first byte tells."""
        if self._gzip:
            return GZIP
        return zlib.MAX_WBITS if piece[:1] and piece[0] & 0x0F == 8 else -zlib.MAX_WBITS


def _too_large() -> BadBody:
    return BadBody("its body is larger than relay takes", again=False)
