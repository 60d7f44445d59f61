"""An HTTP target: one POST an attempt, the sender's body and headers along."""

import asyncio
import base64
import os
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientError,
    ClientOSError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    ServerDisconnectedError,
    StreamReader,
)
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict
from yarl import URL

from relay.clock import SECOND
from relay.deliver.targets.protocol import Reply, Verdict
from relay.delivery import Delivery
from relay.http.session import proxy_for

ANSWER_BYTES: Final = 64 << 10
"""Of an answer's body that are read, to keep the connection."""
ANSWER_SECONDS: Final = 1.0
"""For which an answer's body is waited for behind its head: nothing depends on it, and it holds a slot."""
REFUSED: Final = frozenset({400, 405, 406, 409, *range(411, 418), 422})
"""These judge the event, not the target."""
TAKEN: Final = Reply(Verdict.TAKEN, 200)


class HttpTarget:
    """`url = "http(s)://…"`. Timeouts in seconds."""

    def __init__(
        self,
        url: str,
        timeout: float,
        connect_timeout: float,
        session: ClientSession,
        headers: Callable[[Delivery], "CIMultiDict[str]"],
    ) -> None:
        given = URL(url)
        self._url = given.with_user(None)
        self._login = _login(given)
        self._seconds = timeout
        self._connect_seconds = connect_timeout
        self._timeout = ClientTimeout(total=timeout, sock_connect=connect_timeout, ceil_threshold=60)
        self._session = session
        self._headers = headers
        self._proxy = proxy_for(self._url)

    async def send(self, deliveries: Sequence[Delivery], now: int) -> Reply:
        (delivery,) = deliveries
        headers = self._headers(delivery)
        if self._login is not None:
            headers["Authorization"] = self._login
        try:
            response = await self._session.post(
                self._url,
                data=delivery.event.body,
                headers=headers,
                allow_redirects=False,
                timeout=self._timeout,
                proxy=self._proxy,
            )
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            return self._no_answer(error)
        try:
            return _reply(response, now)
        finally:
            await _finish(response)

    async def close(self) -> None:
        """The session is everybody's."""

    def _no_answer(self, error: Exception) -> Reply:  # noqa: PLR0911  a table
        match error:
            case ConnectionTimeoutError():
                return Reply(Verdict.UNREACHABLE, error=f"no connection within {self._connect_seconds:g} s")
            case TimeoutError():
                return Reply(Verdict.FAILED, error=f"no answer within {self._seconds:g} s")
            case ClientConnectorDNSError():
                return Reply(Verdict.UNREACHABLE, error=f"{self._url.host}: name not resolved")
            case ClientConnectorCertificateError():
                return Reply(Verdict.UNREACHABLE, error=f"TLS: {_reason(error.certificate_error)}")
            case ClientConnectorSSLError():
                return Reply(Verdict.UNREACHABLE, error=f"TLS: {_reason(error.os_error)}")
            case ClientConnectorError():
                return Reply(Verdict.UNREACHABLE, error=f"no connection: {_reason(error.os_error)}")
            case ServerDisconnectedError():
                return Reply(Verdict.UNREACHABLE, error="connection closed without an answer")
            case ClientOSError() | OSError():
                return Reply(Verdict.UNREACHABLE, error=f"connection broken: {_reason(error)}")
            case _:
                return Reply(Verdict.FAILED, error=f"no valid answer ({type(error).__name__})")


def _login(url: URL) -> str | None:
    """The url's user and password as a header, in place of the sender's own."""
    if url.user is None and url.password is None:
        return None
    return "Basic " + base64.b64encode(f"{url.user or ''}:{url.password or ''}".encode()).decode()


def _reply(response: ClientResponse, now: int) -> Reply:
    status = response.status
    if 200 <= status < 300:
        return TAKEN if status == 200 else Reply(Verdict.TAKEN, status)
    error = f"answered {status} {_shown(response.reason or '')}".rstrip()[:200]
    if status == 410:
        return Reply(Verdict.GONE, status, error)
    if status in (429, 503):
        wait = retry_after(response.headers.get("Retry-After"), now)
        if wait > 0:
            return Reply(Verdict.LATER, status, error, wait)
    return Reply(Verdict.REFUSED if status in REFUSED else Verdict.FAILED, status, error)


def _shown(text: str) -> str:
    """A target's own words, fit to be kept and shown: no control characters, no bytes that are no text."""
    return (
        text
        if text.isprintable()
        else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    )


def retry_after(value: str | None, now: int) -> float:
    """Seconds to wait, by either form of Retry-After (RFC 9110, 10.2.3); 0 where it says nothing."""
    if value is None:
        return 0.0
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:  # the oldest of the three forms names no zone: UTC is meant
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, moment.timestamp() - now / SECOND)
    except (ValueError, OverflowError):
        return 0.0


async def _finish(response: ClientResponse) -> None:
    """Read what little body there may be, so that the connection serves again; it decides nothing."""
    content = response.content
    try:
        if not content.is_eof():
            async with asyncio.timeout(ANSWER_SECONDS):
                await _read_little(content)
    except (ClientError, HttpProcessingError, OSError):
        response.close()
    except asyncio.CancelledError:
        response.close()
        raise
    response.release() if content.is_eof() else response.close()


async def _read_little(content: StreamReader) -> None:
    read = 0
    while not content.at_eof() and read < ANSWER_BYTES:
        read += len(await content.readany())


def _reason(error: BaseException) -> str:
    """What the system says, without addresses."""
    if isinstance(error, ssl.SSLError):
        return str(getattr(error, "verify_message", None) or error.reason or type(error).__name__)[:200]
    number = getattr(error, "errno", None)
    if number is not None and number > 0:
        return os.strerror(number)
    return str(getattr(error, "strerror", None) or type(error).__name__)[:200]
