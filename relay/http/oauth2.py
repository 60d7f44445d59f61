"""OAuth2 without a person (RFC 6749, 4.4 and any other grant that is one form): a token, kept in memory.

One fetch for all who wait; renewed before it ends; and where its url fails, asked by a back-off of its own.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import orjson
import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

from relay import __version__
from relay.clock import SECOND, Clock, micros
from relay.config.auth import OAuth2Auth, revealed
from relay.config.secret import Secret
from relay.http.body import ACCEPTED, BadBody, read_body
from relay.http.credentials import Credentials, NoToken, basic, bearer, login
from relay.http.failure import no_answer
from relay.http.limits import retry_at
from relay.http.mask import masked
from relay.http.session import proxy_for

log = structlog.get_logger()

TIMEOUT: Final = ClientTimeout(total=30, sock_connect=5, ceil_threshold=60)
LARGEST: Final = 64 << 10
"""Bytes of an answer that holds a token: some are signed and long, but no longer than headers may be."""
UNSAID: Final = 3600.0
"""Seconds that a token without `expires_in` is kept: an hour is what most live. One that ends earlier costs
a 401 and a repeated request, one that lives longer an extra fetch an hour; either is cheap."""
LONGEST: Final = 30 * 86400.0
EARLY: Final = 0.9
"""Of a token's life, when it is renewed."""
KEPT: Final = 4
"""How many tokens are still known as secrets."""
FIRST_WAIT: Final = SECOND
LAST_WAIT: Final = 300 * SECOND


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, and its moments in microseconds."""

    text: str = field(repr=False)
    credentials: Credentials
    renew_at: int
    ends_at: int


@dataclass(frozen=True, slots=True)
class Refused:
    """No token: why, and when the url lets itself be asked again, if it says so (microseconds)."""

    why: str
    until: int = 0


class OAuth2:
    """`auth = { type = "oauth2", … }`. Whoever is stopped by it is told why and until when."""

    def __init__(self, config: OAuth2Auth, session: ClientSession, clock: Clock, name: str = "") -> None:
        self._config = config
        self._session = session
        self._clock = clock
        self._name = name
        self._token: Token | None = None
        self._fetch: asyncio.Task[Token | Refused] | None = None
        self._failures = 0
        self._failed = NoToken("", 0)
        self._given: deque[Secret] = deque(maxlen=KEPT)
        """The last tokens: who still sends one that has a successor may be shown it in an answer."""
        self._refusals = 0
        """How many tokens in turn the api did not take."""

    async def credentials(self) -> Credentials | NoToken:
        """The token's; a new one's where it is time. A token that still lives outlasts its url's failures."""
        now = self._clock.now()
        token = self._token
        if token is not None and now < token.renew_at:
            return token.credentials
        if now < self._failed.until:
            return self._old(now) or self._failed
        got = await self._once()
        if isinstance(got, Token):
            return got.credentials
        return self._old(self._clock.now()) or self._failed

    async def another(self, refused: Credentials) -> Credentials | NoToken:
        """A token that is not the one that was refused; that one stays in use while no other can be had."""
        token = self._token
        if token is not None and token.credentials is not refused:
            return token.credentials
        if self._clock.now() < self._failed.until:
            return self._failed
        got = await self._once()
        return got.credentials if isinstance(got, Token) else self._failed

    def _old(self, now: int) -> Credentials | None:
        token = self._token
        return token.credentials if token is not None and now < token.ends_at else None

    def refuse(self, credentials: Credentials) -> bool:
        """The api answered 401: drop the token, unless it is another one by now.

        The first is replaced at once. Where its successor is refused too, the fault is no token's age, and
        the next is fetched only by the back-off: asking too often for tokens is itself held against one.
        """
        if self._token is None or self._token.credentials is not credentials:
            return True
        self._token = None
        self._refusals += 1
        if self._refusals > 1:
            self._fail(Refused("the tokens that it gives are refused"))
        return True

    def accept(self, credentials: Credentials) -> None:
        """The token was good, so all is well again."""
        if self._token is not None and self._token.credentials is credentials:
            self._refusals = self._failures = 0

    def secrets(self) -> tuple[Secret, ...]:
        config = self._config
        words = (config.client_secret, config.client_id, config.token_url, *config.form.values())
        told = (word for word in words if isinstance(word, Secret))
        return (*told, login(basic(*self._client())), *self._given)

    async def close(self) -> None:
        """End a fetch that is under way."""
        if self._fetch is not None:
            self._fetch.cancel()
            await asyncio.gather(self._fetch, return_exceptions=True)

    async def _once(self) -> Token | Refused:
        """One fetch for all who wait; it goes on for the others when one of them is gone."""
        if self._fetch is None:
            self._fetch = asyncio.ensure_future(self._renew())
            self._fetch.add_done_callback(self._fetched)
        return await asyncio.shield(self._fetch)

    def _fetched(self, fetch: "asyncio.Task[Token | Refused]") -> None:
        self._fetch = None
        if not fetch.cancelled():
            fetch.exception()  # told to whoever waits; if nobody does, to nobody

    async def _renew(self) -> Token | Refused:
        got = await self._ask()
        if isinstance(got, Token):
            self._token = got
            self._given.append(Secret(got.text))
            self._failed = NoToken("", 0)
            if not self._refusals:
                self._failures = 0
        else:
            self._fail(got)
        return got

    def _fail(self, refused: Refused) -> None:
        now = self._clock.now()
        wait = min(FIRST_WAIT << min(self._failures, 20), LAST_WAIT)
        self._failures += 1
        why = masked(f"no token: {refused.why}", self.secrets())
        self._failed = NoToken(why, max(now + wait, refused.until))
        log.warning("token.failed", of=self._name, error=why, seconds=(self._failed.until - now) / SECOND)

    async def _ask(self) -> Token | Refused:
        url = URL(revealed(self._config.token_url))
        headers, form = self._request()
        try:
            async with self._session.post(
                url,
                data=form,
                headers=headers,
                allow_redirects=False,
                timeout=TIMEOUT,
                proxy=proxy_for(url),
            ) as response:
                body = await read_body(response, LARGEST)
                names = {name.lower(): value for name, value in response.headers.items()}
        except BadBody as error:
            return Refused(str(error))
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            return Refused(no_answer(error))
        return read_token(response.status, names, body, self._clock.now())

    def _request(self) -> tuple[dict[str, str], bytes]:
        config = self._config
        form = {"grant_type": "client_credentials"}
        form |= {name: revealed(word) for name, word in config.form.items()}
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": ACCEPTED,
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": f"relay/{__version__}",
        }
        if config.send == "basic":
            headers |= basic(*self._client()).headers
        else:
            form |= {"client_id": revealed(config.client_id), "client_secret": config.client_secret.reveal()}
        return headers, urlencode(form).encode()

    def _client(self) -> tuple[str, str]:
        """Id and secret as a login takes them: form-encoded first (RFC 6749, 2.3.1)."""
        config = self._config
        return quote_plus(revealed(config.client_id)), quote_plus(config.client_secret.reveal())


def read_token(status: int, headers: Mapping[str, str], body: bytes, now: int) -> Token | Refused:
    """The token of an answer (RFC 6749, 5.1), or why it is none."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        told = None
    if not 200 <= status < 300:
        again = retry_at(headers, now) or 0
        return Refused(f"answered {status}{_error_code(told)}", again)
    if not isinstance(told, dict):
        return Refused(f"answered {status} without a JSON object")
    return _token(told, now)


def _token(told: dict[str, Any], now: int) -> Token | Refused:
    text, kind, life = told.get("access_token"), told.get("token_type"), _life(told.get("expires_in"))
    if not isinstance(text, str) or not text or not text.isascii() or not text.isprintable() or " " in text:
        return Refused(f"the answer has no access_token{_error_code(told)}")
    if kind is not None and not (isinstance(kind, str) and kind.lower().startswith("bearer")):
        return Refused("the answer's token_type is not bearer")
    if life is None:
        return Refused("the answer's expires_in is no number of seconds")
    return Token(text, bearer(text), now + micros(life * EARLY), now + micros(life))


def _life(value: object) -> float | None:
    """Seconds; some write them as text. None: it is no number."""
    if value is None:
        return UNSAID
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:12])
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124  NaN
        return None
    return min(float(min(value, LONGEST)), LONGEST) if value > 0 else UNSAID


def _error_code(told: object) -> str:
    """The `error` of an answer that refuses (RFC 6749, 5.2)."""
    code = told.get("error") if isinstance(told, dict) else None
    return f": {code[:80]}" if isinstance(code, str) and code else ""
