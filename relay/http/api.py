"""One `[api.NAME]`: asked politely, by all its polls, watches and enrichments together."""

from typing import Final

import structlog
from aiohttp import ClientError, ClientSession
from aiohttp.http_exceptions import HttpProcessingError

from relay.bucket import Bucket
from relay.clock import SECOND, Clock
from relay.config.api import ApiConfig
from relay.config.secret import Secret
from relay.http.address import Reach, place_of
from relay.http.ask import Answered, Ask, Denied, Fail, Ok, Restart, Retry, Unchanged, Wait
from relay.http.auth import open_auth
from relay.http.body import BadBody
from relay.http.budget import Budget
from relay.http.credentials import NOBODY, Credentials, NoToken
from relay.http.failure import no_answer
from relay.http.limits import retry_at, wait_until
from relay.http.mask import masked
from relay.http.request import Request, Unfit, build, elsewhere
from relay.http.response import Response
from relay.http.send import send
from relay.http.server_clock import ServerClock
from relay.http.verdict import Verdict, compile_check, judge, told_wait

log = structlog.get_logger()

MOST_REDIRECTS: Final = 5
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class Api:
    """All that ask an api ask here: in the order of need, within its budget, with one token."""

    def __init__(self, name: str, config: ApiConfig, session: ClientSession, clock: Clock) -> None:
        """CompileError where `check` or `wait` is no expression."""
        self.name = name
        self._session = session
        self._clock = clock
        self._reach = Reach(config.address, config.hosts)
        self._headers = config.headers
        self._auth = open_auth(config.auth, session, clock, f"api.{name}")
        bucket = None if config.rate is None else Bucket(config.rate, config.burst)
        self._budget = Budget(clock, bucket, config.at_once)
        self._check = None if config.check is None else compile_check(config.check)
        self._until = None if config.wait is None else compile_check(config.wait)
        self._secrets = _secrets(config)
        self._hidden = isinstance(config.url, Secret)
        self._server = ServerClock(clock)
        self._stopped = ""
        """Why it is to be left alone."""

    def now(self) -> int:
        """The server's time, by the last answer (microseconds): our own where there is none."""
        return self._server.now()

    def stopped_until(self) -> int | None:
        """When the api may be asked again, where it wants to be left alone now."""
        until = self._budget.stopped_until(self._clock.now())
        return until if until > self._clock.now() else None

    async def ask(self, ask: Ask) -> Answered:
        """The answer, redirects followed. Nothing is raised but cancellation."""
        url = self._reach.find(ask.at)
        if url is None:
            return Fail(self.shown(f"{self._place(ask.at)} is none of the api's addresses"))
        try:
            request = build(ask, url, self._headers)
        except Unfit as error:
            return Fail(self.shown(f"no request: {error}"))
        for _ in range(1 + MOST_REDIRECTS):
            answered = await self._proven(ask, request)
            following = self._following(request, answered)
            if not isinstance(following, Request):
                return following
            request = following
        return Fail(f"more than {MOST_REDIRECTS} redirects")

    async def close(self) -> None:
        """Nobody asks any more. The session is everybody's."""
        await self._auth.close()

    def _following(self, request: Request, answered: Answered) -> Answered | Request:
        """The request that a redirect sends us to; any other answer as it is."""
        response = answered.response if isinstance(answered, Fail) else None
        if response is None or response.status not in REDIRECTS or request.method not in {"GET", "HEAD"}:
            return answered
        location = response.headers.get("location")
        if location is None:
            return answered
        url = self._reach.follow(request.url, location)
        if url is None:
            where = f"redirected to {self._place(location)}, which is none of the api's addresses"
            return Fail(self.shown(where), response)
        return elsewhere(request, url, home=self._reach.home(url))

    async def _proven(self, ask: Ask, request: Request) -> Answered:
        """The answer to a request with what proves us; repeated once where that was refused."""
        answered, credentials = await self._try(ask, request)
        if not isinstance(answered, Denied) or credentials is None or request.astray:
            return answered
        if not self._auth.refuse(credentials):
            return answered
        answered, credentials = await self._try(ask, request)
        if isinstance(answered, Denied) and credentials is not None:
            self._auth.refuse(credentials)
        return answered

    async def _try(self, ask: Ask, request: Request) -> tuple[Answered, Credentials | None]:
        """The answer, and what was shown for it: None where it never came so far."""
        credentials = await self._credentials(request)
        if isinstance(credentials, NoToken):
            return Denied(credentials.why, credentials.until), None
        stopped = await self._budget.enter(ask.need, ask.bucket, ask.patience)
        if stopped is not None:
            return Wait(stopped, self._stopped or "its quota is spent"), None
        try:
            # the token may have ended while we stood in line
            credentials = await self._credentials(request)
            if isinstance(credentials, NoToken):
                return Denied(credentials.why, credentials.until), None
            return await self._exchange(ask, request, credentials), credentials
        finally:
            self._budget.leave()

    async def _credentials(self, request: Request) -> Credentials | NoToken:
        return NOBODY if request.astray else await self._auth.credentials()

    async def _exchange(self, ask: Ask, request: Request, credentials: Credentials) -> Answered:
        asked = self._clock.now()
        try:
            response = await send(self._session, request, credentials, self._server)
        except BadBody as error:
            return Retry(str(error)) if error.again else Fail(str(error))
        except ValueError as error:
            return Fail(f"no valid request ({type(error).__name__})")
        except (ClientError, HttpProcessingError, TimeoutError, OSError) as error:
            return Retry(no_answer(error))
        now = self._clock.now()
        log.debug("api.answered", api=self.name, status=response.status, seconds=(now - asked) / SECOND)
        answered = self._judged(ask, response, asked, now)
        if isinstance(answered, Ok | Unchanged):
            self._auth.accept(credentials)
        return answered

    def _judged(self, ask: Ask, response: Response, asked: int, now: int) -> Answered:
        # a redirect is no answer yet
        check = None if response.status in REDIRECTS else ask.check or self._check
        verdict, why = judge(response, check)
        why = self.shown(why)
        self._budget.correct(response.headers, now)
        match verdict:
            case Verdict.OK | Verdict.UNCHANGED:
                self._budget.relax(asked)
                return Ok(response) if verdict is Verdict.OK else Unchanged(response)
            case Verdict.WAIT:
                return Wait(self._stop(self._wait(ask, response, asked, now), why, now), why, response)
            case Verdict.RETRY:
                if (until := retry_at(response.headers, now)) is not None:
                    self._stop(until, why, now)
                return Retry(why, response)
            case Verdict.RESTART:
                return Restart(why, response)
            case Verdict.AUTH:
                return Denied(why, response=response)
            case Verdict.FAIL:
                return Fail(why, response)

    def _wait(self, ask: Ask, response: Response, asked: int, now: int) -> int:
        """Until when a limit says to wait; where nothing tells, twice as long as the last time."""
        until = wait_until(response.headers, now) or told_wait(response, ask.wait or self._until, now)
        return self._budget.back_off(asked, now) if until is None else until

    def _stop(self, until: int, why: str, now: int) -> int:
        """Stop the api for everybody."""
        self._stopped = why
        self._budget.stop(until)
        log.info("api.waits", api=self.name, error=why, seconds=(until - now) / SECOND)
        return until

    def _place(self, at: str) -> str:
        """Where an address leads, as far as it may be told: of a secret url not even the host."""
        return "another place" if self._hidden else place_of(at) or "what is neither a path nor a url"

    def shown(self, why: str) -> str:
        """`why` without anything secret, though an answer repeats it."""
        return masked(why, (*self._secrets, *self._auth.secrets()))


def _secrets(config: ApiConfig) -> tuple[Secret, ...]:
    words = (config.url, *config.headers.values())
    return tuple(word for word in words if isinstance(word, Secret))
