"""The public listener: verify, identify, accept, answer. Nothing is acknowledged before it is on disk."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from multidict import CIMultiDict

from relay.accept import Door
from relay.clock import Clock
from relay.errors import StoreUnavailable
from relay.metrics import Metrics
from relay.receive.acknowledgement import Acknowledgement, batch_headers
from relay.receive.body import Body, Inflight
from relay.receive.events import kept_query, made
from relay.receive.examine import Finding, examine
from relay.receive.fetch import Outside
from relay.receive.providers.protocol import Answer, Identity, Part, Rejected, Request, Wanted
from relay.receive.quiet import Quiet
from relay.receive.source import Networks, Source, sender_address, within
from relay.store.protocol import Receipt

log = structlog.get_logger()

RETRY_AFTER: Final = "5"
"""Seconds after which a sender may try again, when the fault is ours."""
SLICE: Final = 500
"""Events of a large batch that are stored in one transaction: other senders come in between. What is stored
of a batch that fails later is known when it comes again."""
LARGE: Final = 64 << 10
"""A body of more bytes is examined on a thread, so that other senders need not wait for it."""
LOOPED: Final = 1 << 10
"""The same, where expressions go through lists: each may take 150 ms of a small one."""
THREADS: Final = 2
"""Of our own: the loop's are held for seconds by names that no server resolves."""
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
        self._quiet = Quiet()
        self._threads = ThreadPoolExecutor(THREADS, "examine")

    def open(self, sources: dict[str, Source], trusted: Networks, max_inflight: int) -> None:
        """Take events of `sources` (by path) from now on; a reload gives others."""
        self._sources, self._trusted = sources, trusted
        self._inflight.limit = max_inflight

    def close(self) -> None:
        """Nothing is examined any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

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
        found = await self._examined(source, asked, now, arrived)
        if isinstance(found, Wanted):
            found = await self._certified(found, source, asked, now, arrived)
        if isinstance(found, Answer):
            return await self._confirmed(found, source, arrived)
        if isinstance(found, Rejected):
            return found
        events = made(self._next_id, asked, source, found, now)
        receipts: Receipts = []
        try:
            for at in range(0, len(events), SLICE):
                some, left = events[at : at + SLICE], _left(source, arrived)
                receipts += await self._door.accept(some, left, asked.view_so_far)
        except StoreUnavailable as error:
            return Rejected(503, error.message)
        return receipts

    async def _certified(
        self, wanted: Wanted, source: Source, asked: Request, now: int, arrived: float
    ) -> Identity | tuple[Part, ...] | Answer | Rejected:
        """What it is, by the certificate that is wanted for that."""
        fetched = await self._outside.fetch(wanted.url, _left(source, arrived))
        if fetched is None:
            return Rejected(503, f"its certificate cannot be had from {_host(wanted.url)}")
        found = await self._examined(source, asked, now, arrived, fetched)
        return found if not isinstance(found, Wanted) else Rejected(503, "its certificate is of no use")

    async def _examined(
        self, source: Source, asked: Request, now: int, arrived: float, fetched: bytes | None = None
    ) -> Finding:
        provider = source.provider
        if len(asked.body) <= (LOOPED if provider.loops else LARGE):
            return examine(provider, asked, now, fetched)
        loop = asyncio.get_running_loop()
        job = loop.run_in_executor(self._threads, examine, provider, asked, now, fetched)
        done, _ = await asyncio.wait({job}, timeout=max(0.0, _left(source, arrived)))
        if done:
            return job.result()
        job.cancel()
        return Rejected(503, "it could not be examined in time")

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
        if kept_query(asked.query, provider.proof_parameters) != asked.query:
            # a token in the query: no cache may keep the answer (CloudEvents webhook specification, 3.2)
            response.headers["Cache-Control"] = "private"
        return response

    def _refuse(self, request: web.BaseRequest, source: Source, refused: Rejected) -> web.Response:
        """The sender learns the status, our log the reason."""
        failed = refused.status == 503
        self._metrics.received(source.name, "failed" if failed else "rejected").inc()
        told = {"source": source.name, "status": refused.status, "error": refused.reason}
        self._quiet.warn(log, "receive.refused", told, sender=self._sender(request))
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


def _host(url: str) -> str:
    return urlsplit(url).hostname or "?"


def _respond(status: int, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, headers={"Server": "relay", **(headers or {})})
