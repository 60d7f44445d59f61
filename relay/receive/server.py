"""The public listener: verify, identify, accept, answer. Nothing is acknowledged before it is on disk."""

import asyncio
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote_plus, urlsplit

import structlog
from aiohttp import web
from multidict import CIMultiDict

from relay.accept import Door
from relay.clock import Clock
from relay.errors import StoreUnavailable
from relay.event import Event
from relay.metrics import Metrics
from relay.receive.acknowledgement import Acknowledgement, batch_headers
from relay.receive.body import Body, Inflight
from relay.receive.examine import Finding, examine
from relay.receive.fetch import Outside
from relay.receive.providers.protocol import Answer, Identity, Part, Provider, Rejected, Request, Wanted
from relay.receive.source import Networks, Source, sender_address, within
from relay.store.protocol import Receipt

log = structlog.get_logger()

RETRY_AFTER: Final = "5"
"""Seconds after which a sender may try again, when the fault is ours."""
LARGE: Final = 256 << 10
"""A body of more bytes is examined on a thread, so that other senders need not wait for it."""
Receipts = list[Receipt]
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
        outside: Outside,
    ) -> None:
        self._outside = outside
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
        methods = source.provider.methods
        if request.method not in methods:
            return _respond(405, {"Allow": ", ".join(sorted(methods))})
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
            outcome = await self._take(asked, source, arrived)
        finally:
            body.close()
        if isinstance(outcome, Rejected):
            return self._refuse(request, source, outcome)
        if isinstance(outcome, Answer):
            return self._greet(source, outcome)
        self._metrics.observe_ack(time.perf_counter() - arrived)
        return self._acknowledge(source, asked, outcome)

    async def _take(self, asked: Request, source: Source, arrived: float) -> Receipts | Rejected | Answer:
        """From a whole request to events on disk, or to the answer of a handshake."""
        now = self._clock.now()
        found = await self._examine(asked, source, now, arrived)
        if isinstance(found, Answer):
            return await self._confirmed(found, source, arrived)
        if isinstance(found, Rejected):
            return found
        events = _events(self._next_id, asked, source, found, now)
        try:
            return await self._door.accept(events, _left(source, arrived))
        except StoreUnavailable as error:
            return Rejected(503, error.message)

    async def _examine(
        self, asked: Request, source: Source, now: int, arrived: float
    ) -> Identity | tuple[Part, ...] | Answer | Rejected:
        """What it is; a certificate that is wanted for that is fetched."""
        found = await _examined(source.provider, asked, now)
        if not isinstance(found, Wanted):
            return found
        fetched = await self._outside.fetch(found.url, _left(source, arrived))
        if fetched is None:
            return Rejected(503, f"the certificate {found.url} cannot be had")
        found = await _examined(source.provider, asked, now, fetched)
        return found if not isinstance(found, Wanted) else Rejected(503, "its certificate is of no use")

    async def _confirmed(self, answer: Answer, source: Source, arrived: float) -> Answer | Rejected:
        """An answer that needs a visit elsewhere is given behind it: else the sender would not come again."""
        if answer.confirm is None:
            return answer
        confirmed = await self._outside.fetch(answer.confirm, _left(source, arrived), keep=False)
        if confirmed is None:
            return Rejected(503, f"{_host(answer.confirm)} did not take the confirmation")
        log.info("receive.confirmed", source=source.name, host=_host(answer.confirm))
        return answer

    def _greet(self, source: Source, answer: Answer) -> web.Response:
        self._metrics.received(source.name, "handshake").inc()
        headers = CIMultiDict([(name.decode(), value.decode()) for name, value in answer.headers])
        headers["Server"] = "relay"
        headers["X-Content-Type-Options"] = "nosniff"
        if answer.body:
            headers["Content-Type"] = answer.content_type
        return web.Response(status=200, headers=headers, body=answer.body)

    def _acknowledge(self, source: Source, asked: Request, receipts: Receipts) -> web.StreamResponse:
        for receipt in receipts:
            outcome = "duplicate" if receipt.duplicate else "accepted"
            self._metrics.received(source.name, outcome).inc()
        provider = source.provider
        if len(receipts) == 1 and provider.accepted == 200:
            return Acknowledgement(receipts[0])
        response = _respond(provider.accepted, batch_headers(receipts))
        if _kept_query(asked.query, provider.proof_parameters) != asked.query:
            # a token in the query: no cache may keep the answer (CloudEvents webhook specification, 3.2)
            response.headers["Cache-Control"] = "private"
        return response

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


def _left(source: Source, arrived: float) -> float:
    """Seconds until its sender must have an answer."""
    return source.ack_timeout - (time.perf_counter() - arrived)


async def _examined(provider: Provider, asked: Request, now: int, fetched: bytes | None = None) -> Finding:
    if len(asked.body) <= LARGE:
        return examine(provider, asked, now, fetched)
    return await asyncio.to_thread(examine, provider, asked, now, fetched)


def _events(
    next_id: Callable[[int], str],
    asked: Request,
    source: Source,
    found: Identity | tuple[Part, ...],
    now: int,
) -> list[Event]:
    query = _kept_query(asked.query, source.provider.proof_parameters)
    parts = (Part(found, asked.headers, asked.body),) if isinstance(found, Identity) else found
    return [_event(next_id(now), part, source.name, query, now) for part in parts]


def _event(id: str, part: Part, source: str, query: str, now: int) -> Event:
    identity = part.identity
    return Event(
        id=id,
        source=source,
        key=identity.key,
        type=identity.type or source,
        via="webhook",
        received=now,
        body=part.body,
        headers=part.headers,
        query=query,
        also=identity.also,
        occurred=identity.occurred,
    )


def _kept_query(query: str, proofs: frozenset[str]) -> str:
    """Without the parameters that prove the sender."""
    if not query or not proofs:
        return query
    parts = query.split("&")
    return "&".join(part for part in parts if unquote_plus(part.partition("=")[0]) not in proofs)


def _host(url: str) -> str:
    return urlsplit(url).hostname or "?"


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
