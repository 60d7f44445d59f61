"""The public listener: verify, identify, accept, answer. Nothing is acknowledged before it is on disk."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

import structlog
from aiohttp import web

from relay.accept import Door
from relay.clock import Clock
from relay.errors import StoreUnavailable
from relay.event import Event, Headers
from relay.metrics import Metrics
from relay.receive.acknowledgement import Acknowledgement
from relay.receive.body import Body, Inflight
from relay.receive.providers.protocol import Identity, Rejected, Request
from relay.receive.source import Networks, Source, sender_address, within
from relay.store.protocol import Receipt

log = structlog.get_logger()

RETRY_AFTER: Final = "5"
"""Seconds after which a sender may try again, when the fault is ours."""
NOT_ALLOWED: Final = Rejected(403, "the sender's address is not in allow_from")


class Receiver:
    """Answers senders."""

    def __init__(
        self,
        door: Door,
        next_id: Callable[[int], str],
        ready: Callable[[], bool],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._sources: dict[str, Source] = {}
        self._trusted: Networks = ()
        self._inflight = Inflight(0)
        self.closing = False
        """A stop has begun: connections are closed behind their answers."""
        self._door = door
        self._next_id = next_id
        self._ready = ready
        self._clock = clock
        self._metrics = metrics
        self._quiet = _Quiet()

    def open(self, sources: dict[str, Source], trusted: Networks, max_inflight: int) -> None:
        """Take events of `sources` (by path) from now on; a reload gives others."""
        self._sources, self._trusted = sources, trusted
        self._inflight.limit = max_inflight

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request, whatever it is; only a sender that hangs up leaves without an answer."""
        response = await self._answer(request)
        if self.closing:
            response.force_close()
        return response

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = _target(request).partition("?")
        source = self._sources.get(path)
        if source is None:
            return self._elsewhere(path)
        if request.method != "POST":
            return _respond(405, {"Allow": "POST"})
        try:
            return await self._receive(request, source, path, query)
        except asyncio.CancelledError:
            raise
        except ConnectionError:
            raise
        except Exception as error:
            log.error("receive.failed", source=source.name, exc_info=error)
            return self._refuse(request, source, Rejected(503, "an error of relay's own"))

    def _elsewhere(self, path: str) -> web.Response:
        if path == "/livez":
            return _respond(200)
        if path == "/readyz":
            return _respond(200 if self._ready() else 503)
        return _respond(404)

    async def _receive(
        self, request: web.BaseRequest, source: Source, path: str, query: str
    ) -> web.StreamResponse:
        if source.allow_from is not None and not within(self._sender(request), source.allow_from):
            return self._refuse(request, source, NOT_ALLOWED)
        body = Body(request, self._inflight, source.max_body)
        try:
            data = await body.read(source.body_timeout)
            if isinstance(data, Rejected):
                return self._refuse(request, source, data)
            arrived = time.perf_counter()
            asked = Request(request.method, path, query, request.raw_headers, data, request.headers)
            receipt = await self._take(asked, source, arrived)
        finally:
            body.close()
        if isinstance(receipt, Rejected):
            return self._refuse(request, source, receipt)
        self._metrics.observe_ack(time.perf_counter() - arrived)
        return self._acknowledge(source, receipt)

    async def _take(self, asked: Request, source: Source, arrived: float) -> Receipt | Rejected:
        """From a whole request to an event on disk."""
        now = self._clock.now()
        provider = source.provider
        if refused := provider.verify(asked, now):
            return refused
        identity = provider.identify(asked)
        if isinstance(identity, Rejected):
            return identity
        event = _event(self._next_id(now), asked, source.name, identity, now)
        try:
            return await self._door.accept(event, source.ack_timeout - (time.perf_counter() - arrived))
        except StoreUnavailable as error:
            return Rejected(503, error.message)

    def _acknowledge(self, source: Source, receipt: Receipt) -> web.StreamResponse:
        outcome = "duplicate" if receipt.duplicate else "accepted"
        self._metrics.received(source.name, outcome).inc()
        return Acknowledgement(receipt)

    def _refuse(self, request: web.BaseRequest, source: Source, refused: Rejected) -> web.Response:
        """The sender learns the status, our log the reason."""
        failed = refused.status == 503
        self._metrics.received(source.name, "failed" if failed else "rejected").inc()
        self._quiet.warn(source.name, refused, self._sender(request))
        response = _respond(refused.status, {"Retry-After": RETRY_AFTER} if failed else None)
        if not request.content.is_eof():
            # what it still sends is not worth reading
            response.force_close()
        return response

    def _sender(self, request: web.BaseRequest) -> str:
        transport = request.transport
        peer = transport.get_extra_info("peername") if transport is not None else None
        address = peer[0] if isinstance(peer, tuple) else ""
        if not self._trusted:
            return str(address)
        forwarded = request.headers.getall("X-Forwarded-For", ())
        return sender_address(str(address) or "127.0.0.1", forwarded, self._trusted)


def http_server(receiver: Receiver) -> web.Server:
    """The server that has its requests answered by `receiver`; bodies stay as they came."""
    return web.Server(
        receiver.handle,
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=75,
        lingering_time=5,
    )


def _target(request: web.BaseRequest) -> str:
    """The request's target as it came; a proxy's absolute form without its host."""
    target = request.raw_path
    return target if target.startswith("/") else request.rel_url.raw_path_qs


def _event(id: str, asked: Request, source: str, identity: Identity, now: int) -> Event:
    headers: Headers = asked.headers
    return Event(
        id=id,
        source=source,
        key=identity.key,
        type=identity.type or source,
        via="webhook",
        received=now,
        body=asked.body,
        headers=headers,
        query=asked.query,
        also=identity.also,
        occurred=identity.occurred,
    )


def _respond(status: int, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, headers={"Server": "relay", **(headers or {})})


class _Quiet:
    """One line a second for a source and reason, and how many were not told: no flood fills the log."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def warn(self, source: str, refused: Rejected, sender: str) -> None:
        now = time.monotonic()
        told, untold = self._told.get((source, refused.reason), (0.0, 0))
        if now - told < 1:
            self._told[source, refused.reason] = (told, untold + 1)
            return
        if len(self._told) > 1000:
            self._told.clear()
        self._told[source, refused.reason] = (now, 0)
        more = {"more": untold} if untold else {}
        log.warning(
            "receive.refused",
            source=source,
            status=refused.status,
            error=refused.reason,
            sender=sender,
            **more,
        )
