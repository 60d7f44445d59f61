"""What has to be had from a sender's own servers: certificates, and the confirmation of a subscription."""

import asyncio
from typing import Final, Protocol

import structlog
from aiohttp import ClientError, ClientResponseError, ClientSession, ClientTimeout
from yarl import URL

from relay.config.pem import MARK
from relay.http.failure import no_answer
from relay.http.session import proxy_for
from relay.receive.quiet import Quiet

log = structlog.get_logger()

TIMEOUT: Final = 10.0
"""Seconds for a whole visit. A sender waits less: what came too late for it is kept for its next try."""
LARGEST: Final = 1 << 16
"""Bytes; a chain of certificates is some 10 KiB."""
MOST_KEPT: Final = 64
AT_ONCE: Final = 32
"""Visits for certificates under way: who is no sender can name addresses, too."""
AT_ONE_HOST: Final = 4
"""Of them, so that a slow host leaves the others their turn."""


class Outside(Protocol):
    """The way out."""

    async def fetch(self, url: str, within: float, *, keep: bool = True) -> bytes | None:
        """What `url` holds; None if it cannot be had `within` seconds."""


class OfNoUse(ValueError):
    """What was answered cannot be used: why."""


class Fetcher:
    """Gets over HTTPS, once for all who wait for the same, and remembers what it got.

    Callers have checked the address: this class asks whatever it is given, but never follows a redirect.
    """

    def __init__(self, session: ClientSession) -> None:
        self._session = session
        self._kept: dict[str, bytes] = {}
        self._visits: dict[str, asyncio.Task[bytes | None]] = {}
        self._quiet = Quiet()

    async def fetch(self, url: str, within: float, *, keep: bool = True) -> bytes | None:
        if url in self._kept:
            return self._kept[url]
        visit = self._visits.get(url) or self._begin(url, keep=keep)
        if visit is None:
            return None
        done, _ = await asyncio.wait({visit}, timeout=max(0.0, within))
        return visit.result() if done else None

    def _begin(self, url: str, *, keep: bool) -> "asyncio.Task[bytes | None] | None":
        host = _host(url)
        here = sum(_host(other) == host for other in self._visits)
        # what is not kept was asked for by a sender that is proven
        if keep and (len(self._visits) >= AT_ONCE or here >= AT_ONE_HOST):
            self._warn("fetch.refused", url, "too many visits at once")
            return None
        visit = asyncio.ensure_future(self._visit(url, keep=keep))
        self._visits[url] = visit
        visit.add_done_callback(lambda _visit: self._visits.pop(url, None))
        return visit

    async def _visit(self, url: str, *, keep: bool) -> bytes | None:
        try:
            content = await self._get(URL(url, encoded=True))
        except (ClientError, OSError, TimeoutError, ValueError) as error:
            self._warn("fetch.failed", url, _reason(error))
            return None
        if keep and MARK not in content:
            # a proxy's page, say: kept, it would have every event of its sender refused
            self._warn("fetch.failed", url, "no certificate")
            return None
        if keep:
            self._keep(url, content)
        return content

    async def _get(self, url: URL) -> bytes:
        timeout = ClientTimeout(total=TIMEOUT)
        async with self._session.get(
            url, proxy=proxy_for(url), timeout=timeout, allow_redirects=False
        ) as response:
            content = await response.content.read(LARGEST + 1)
            while len(content) <= LARGEST and (more := await response.content.read(LARGEST + 1)):
                content += more
            if not 200 <= response.status < 300:
                raise OfNoUse(f"status {response.status}")
            if len(content) > LARGEST:
                raise OfNoUse("too large")
            return content

    def _warn(self, event: str, url: str, error: str) -> None:
        self._quiet.warn(log, event, {"host": _host(url), "error": error})

    def _keep(self, url: str, content: bytes) -> None:
        if len(self._kept) >= MOST_KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._kept[url] = content

    async def close(self) -> None:
        """End every visit."""
        visits = list(self._visits.values())
        for visit in visits:
            visit.cancel()
        await asyncio.gather(*visits, return_exceptions=True)


def _reason(error: Exception) -> str:
    """What the library says may hold a proxy's password, or the token of a confirmation."""
    match error:
        case OfNoUse():
            return str(error)
        case ClientResponseError():
            return f"{type(error).__name__}: status {error.status}"
    return no_answer(error)


def _host(url: str) -> str:
    """For the log: what follows it may be a token."""
    return "/".join(url.split("/", 3)[:3])
