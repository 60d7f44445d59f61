"""Asking for one page, or one detail, as often as it takes: what is tried again, and when it is over."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from relay.clock import SECOND, Clock
from relay.expression.output import dumps
from relay.http.ask import Answered, Ask, Denied, Fail, Ok, Restart, Retry, Unchanged, Wait
from relay.http.question import Pairs, Question

TRIES: Final = 5
WAITS: Final = 10
"""How often one request is told to wait before the pass ends."""
LONGEST_WAIT: Final = 60 * SECOND
"""A longer one ends the pass, and is when the next one is due."""
FIRST_PAUSE: Final = 1.0
"""Seconds before the second try; doubled before each further one."""
AskApi: TypeAlias = Callable[[Ask], Awaitable[Answered]]


@dataclass(frozen=True, slots=True)
class Broken:
    """There is no answer to be had, for now."""

    why: str
    until: int | None = None
    """Before when it makes no sense to ask again, microseconds by our own clock."""
    status: int | None = None
    """Of an answer that says that the same will fail again."""
    unfit: bool = False
    """The api is well: what was to be asked, or what it answered, cannot be used."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks an api in the name of one poll. `manner` has what is the same in all its requests."""

    ask: AskApi
    clock: Clock
    manner: Ask = field(default_factory=lambda: Ask(""))

    async def __call__(self, request: Question, headers: Pairs = ()) -> Ok | Unchanged | Restart | Broken:
        """What comes of a request, tried again where that may help."""
        tries = waits = 0
        while True:
            match await self.ask(request.ask(self.manner, headers)):
                case Ok() | Unchanged() | Restart() as answered:
                    return answered
                case Retry(why):
                    tries += 1
                    if tries == TRIES:
                        return Broken(f"{why}, {TRIES} times")
                    await self.clock.sleep(FIRST_PAUSE * 2 ** (tries - 1))
                case Wait(until, why):
                    waits += 1
                    left = until - self.clock.now()
                    if left > LONGEST_WAIT or waits > WAITS:
                        return Broken(why, until)
                    await self.clock.sleep(max(0, left) / SECOND)
                case Denied(why, until):
                    return Broken(why, until)
                case Fail(why, response):
                    return Broken(why, status=None if response is None else response.status)


def digest(request: Question, realm: str = "") -> str:
    """What tells a request from any other."""
    parts = [request.method, request.url, request.query, request.headers, request.json, request.form, realm]
    return hashlib.sha256(dumps(_lists(parts))).hexdigest()


def _lists(value: object) -> object:
    """Tuples as lists, which is what JSON has."""
    if isinstance(value, tuple | list):
        return [_lists(part) for part in value]
    return value
