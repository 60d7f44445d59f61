"""An HTTP target: one POST an attempt, which takes along what proves relay, and what signs the message."""

import asyncio
import ssl
from collections.abc import Awaitable, Iterator, Mapping
from typing import Final

from aiohttp import (
    ClientError,
    ClientHttpProxyError,
    ClientResponse,
    ClientTimeout,
    ConnectionTimeoutError,
    ServerDisconnectedError,
    StreamReader,
)
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from relay.clock import SECOND
from relay.config.auth import Auth, BasicAuth
from relay.config.secret import Secret
from relay.config.target import MtlsAuth, TargetConfig
from relay.deliver.targets.means import Maker, Means
from relay.deliver.targets.protocol import Message, Place, Reply, Verdict
from relay.deliver.targets.renewals import Renewals
from relay.deliver.targets.signing import Signer, prepare_signer
from relay.deliver.targets.tls import tls_context
from relay.errors import Problem
from relay.http.address import as_written, with_query, without_query
from relay.http.auth import open_auth
from relay.http.credentials import NOBODY, Credentials, Fixed, NoToken
from relay.http.failure import no_answer
from relay.http.limits import retry_at
from relay.http.mask import masked
from relay.http.oauth2 import OAuth2
from relay.http.session import proxy_for

ANSWER_BYTES: Final = 64 << 10
"""Of an answer's body that are read, to keep the connection."""
ANSWER_SECONDS: Final = 1.0
"""For which an answer's body is waited for behind its head: nothing depends on it, and it holds a slot."""
REFUSED: Final = frozenset({400, 405, 406, 409, *range(411, 418), 422})
"""These judge the event, not the target."""
TAKEN: Final = Reply(Verdict.TAKEN, 200)
SHOWN: Final = 200
"""Characters of a target's own words that are kept."""
LEAST: Final = 0.001
"""Seconds that a request has at least: to aiohttp none at all would mean that it may take for ever."""


def prepare(name: str, table: TargetConfig) -> Maker | list[Problem]:
    """What makes the target of a table, or all that is wrong with its certificates, keys and secrets."""
    tls, signer = tls_context(name, table), prepare_signer(name, table.sign)
    problems = [problem for found in (tls, signer) if isinstance(found, list) for problem in found]
    if isinstance(tls, list) or isinstance(signer, list):
        return problems
    if tls is not None:
        tls.set_alpn_protocols(["http/1.1"])
    return lambda means: HttpTarget(name, table, means, tls, signer)


class HttpTarget:
    """`url = "http(s)://…"`."""

    takes_senders_headers = True
    places: Mapping[str, Place] = {}

    def __init__(
        self,
        name: str,
        table: TargetConfig,
        means: Means,
        tls: ssl.SSLContext | None = None,
        signer: Signer | None = None,
    ) -> None:
        given = URL(table.address)
        self._auth = open_auth(_words(table, given), means.session, means.clock, f"target.{name}")
        shown = self._auth.shown if isinstance(self._auth, Fixed) else NOBODY
        self._url = _address(table.address, shown)
        self._headers = shown.headers
        self._tokens = self._auth if isinstance(self._auth, OAuth2) else None
        self._renewals = Renewals()
        self._signer = signer
        self._timeout = ClientTimeout(
            total=table.timeout, sock_connect=table.connect_timeout, ceil_threshold=60
        )
        self._session = means.session
        self._tls: ssl.SSLContext | bool = tls or True
        self._proxy = proxy_for(self._url)
        self._secrets = tuple(_secrets(table, given))

    async def send(self, message: Message, now: int) -> Reply:
        url = self._below(message.path) if message.path else self._url
        if self._signer is not None:
            self._signer(message, str(url), now)
        if self._tokens is not None:
            return await self._send_with_token(self._tokens, url, message, now)
        for name, value in self._headers:
            message.headers[name] = value
        return await self._post(url, message, now, self._timeout)

    async def close(self) -> None:
        """The session is everybody's."""
        await self._auth.close()

    def _below(self, path: str) -> URL:
        """The url with more of a path; scheme, host, port and query are its own, whatever `path` holds."""
        url = self._url
        query = f"?{url.raw_query_string}" if url.raw_query_string else ""
        path = path.replace("?", "%3F").replace("#", "%23")
        return URL(f"{url.origin()}{url.raw_path.rstrip('/')}{path}{query}", encoded=True)

    # with a token

    async def _send_with_token(self, tokens: OAuth2, url: URL, message: Message, now: int) -> Reply:
        """A 401 renews the token and repeats the request, once, and within the one timeout."""
        assert self._timeout.total is not None
        ends = asyncio.get_running_loop().time() + self._timeout.total
        shown = await self._in_time(tokens.credentials(), ends)
        reply = await self._show(shown, url, message, now, ends)
        if reply.status != 401 or isinstance(shown, NoToken) or not self._renewals.allowed(now):
            return reply
        other = await self._in_time(tokens.another(shown), ends)
        reply = await self._show(other, url, message, now, ends)
        if reply.verdict is Verdict.TAKEN:
            self._renewals.helped()
        elif reply.status == 401:
            self._renewals.useless(now)
        return reply

    async def _in_time(self, token: Awaitable[Credentials | NoToken], ends: float) -> Credentials | NoToken:
        """A fetch goes on when the time is over, for who sends next."""
        try:
            async with asyncio.timeout_at(ends):
                return await token
        except TimeoutError:
            return NoToken(f"no token within {self._timeout.total:g} s", 0)

    async def _show(
        self, shown: Credentials | NoToken, url: URL, message: Message, now: int, ends: float
    ) -> Reply:
        """The reply to a request that shows a token. `ends`: by the loop's time."""
        if isinstance(shown, NoToken):
            return Reply(Verdict.UNREACHABLE, error=shown.why)
        for name, value in shown.headers:
            message.headers[name] = value
        left = max(ends - asyncio.get_running_loop().time(), LEAST)
        limit = ClientTimeout(total=left, sock_connect=self._timeout.sock_connect, ceil_threshold=60)
        return await self._post(url, message, now, limit)

    # one request

    async def _post(self, url: URL, message: Message, now: int, limit: ClientTimeout) -> Reply:
        try:
            response = await self._session.post(
                url,
                data=message.body,
                headers=message.headers,
                allow_redirects=False,
                timeout=limit,
                proxy=self._proxy,
                ssl=self._tls,
            )
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            return self._no_answer(error)
        try:
            return TAKEN if response.status == 200 else self._reply(response, now)
        finally:
            await _finish(response)

    def _no_answer(self, error: Exception) -> Reply:
        match error:
            case ConnectionTimeoutError():
                return Reply(
                    Verdict.UNREACHABLE, error=f"no connection within {self._timeout.sock_connect:g} s"
                )
            case TimeoutError():
                return Reply(Verdict.FAILED, error=f"no answer within {self._timeout.total:g} s")
            case OSError() | ServerDisconnectedError() | ClientHttpProxyError():
                return Reply(Verdict.UNREACHABLE, error=self._shown(no_answer(error)))
        return Reply(Verdict.FAILED, error=self._shown(no_answer(error)))

    def _reply(self, response: ClientResponse, now: int) -> Reply:
        status = response.status
        if 200 <= status < 300:
            return Reply(Verdict.TAKEN, status)
        error = self._shown(f"answered {status} {response.reason or ''}".rstrip())
        if status == 410:
            return Reply(Verdict.GONE, status, error)
        if status in (429, 503) and (wait := silence(response.headers, now)) > 0:
            return Reply(Verdict.LATER, status, error, wait)
        return Reply(Verdict.REFUSED if status in REFUSED else Verdict.FAILED, status, error)

    def _shown(self, text: str) -> str:
        """Words that a target may have chosen, fit to be kept and shown."""
        return masked(text, (*self._secrets, *self._auth.secrets()))[:SHOWN]


def silence(headers: Mapping[str, str], now: int) -> float:
    """Seconds that Retry-After asks for; 0 where it says nothing."""
    until = retry_at({name.lower(): value for name, value in headers.items()}, now)
    return 0.0 if until is None else (until - now) / SECOND


# what proves relay


def _words(table: TargetConfig, given: URL) -> Auth | None:
    """What `auth` says, or else the user and password of the url; a certificate is the connection's."""
    if table.auth is not None and not isinstance(table.auth, MtlsAuth):
        return table.auth
    if given.user is None and given.password is None:
        return None
    return BasicAuth(user=given.user or "", password=Secret(given.password or ""))


def _address(given: str, shown: Credentials) -> URL:
    """The url without its login, and with the parameter that proves us in place of its own of that name."""
    url = as_written(given)
    if not shown.query:
        return url
    return with_query(without_query(url, [name for name, _ in shown.query]), shown.query)


def _secrets(table: TargetConfig, given: URL) -> Iterator[Secret]:
    """What a target may repeat of the url and of what signs, and nobody is to read."""
    if isinstance(table.url, Secret) and not table.url.plain:
        values = [pair.partition("=")[2] for pair in given.raw_query_string.split("&")]
        parts = (table.address, given.host or "", given.raw_path_qs, *given.raw_parts, *values)
        yield from map(Secret, parts)
    for secret in table.sign.secret if table.sign is not None else ():
        yield from (secret, Secret(secret.reveal().partition("_")[2]))


# an answer's body


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
