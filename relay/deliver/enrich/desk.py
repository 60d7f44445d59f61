"""Where an enrichment is asked for: its api, the line of those who wait, and what is told of failures."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final, ParamSpec, TypeVar

import structlog

from relay.bucket import Bucket
from relay.clock import Clock
from relay.deliver.enrich.answer import (
    Failed,
    Found,
    Hopeless,
    Missing,
    NoTurn,
    Result,
    judge,
    question,
    read,
)
from relay.deliver.enrich.enrichment import Enrichment
from relay.deliver.enrich.line import Line
from relay.http.api import Api
from relay.http.ask import Answered, Ask
from relay.http.budget import Need
from relay.http.question import Question
from relay.http.response import Response
from relay.seen import Seen

log = structlog.get_logger()
T = TypeVar("T")
P = ParamSpec("P")

PATIENCE: Final = 2.0
"""Seconds of a stop of the whole api that a request waits for; for a longer one its delivery comes back."""
THREADS: Final = 2


class Threads:
    """On which requests are made and answers are read: both may take a while."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, "enrich")

    async def run(self, work: Callable[P, T], *args: P.args, **kw: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, partial(work, *args, **kw))

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


@dataclass(slots=True, eq=False)
class Desk:
    """One enrichment's; the line and the rate outlive a reload that changes nothing about them."""

    enrichment: Enrichment
    api: Api
    line: Line
    manner: Ask
    """What all its requests have in common."""
    turn: asyncio.Semaphore
    """As many as the api takes at once go on to stand in its own line, and as many again, so that the most
    urgent goes first there. The others wait here, and are told at once when no answers come any more."""
    looked: asyncio.Event
    """Set when somebody has found out whether there are answers again."""
    clock: Clock
    threads: Threads

    async def fetch(self, seen: Seen) -> Result:
        """What the api says for an event."""
        result = await self._fetched(seen)
        if not isinstance(result, Found | NoTurn):
            self._tell(seen, result)
        return result

    async def _fetched(self, seen: Seen) -> Result:
        asked = await self.threads.run(question, self.enrichment, seen)
        if isinstance(asked, Hopeless):
            return asked
        async with self.turn:
            answer = await self._ask(asked)
        if not isinstance(answer, Response):
            return answer
        result = await self.threads.run(read, self.enrichment, seen, answer)
        # an expression may tell what it found in the answer
        return Failed(self.api.shown(result.why)) if isinstance(result, Failed) else result

    async def _ask(self, asked: Question) -> Response | Missing | Failed | NoTurn:
        while not self.line.may_ask(self.clock.now()):
            if not self.line.looking:
                return Failed(self.line.why)
            await self.looked.wait()
        self.looked.clear()
        answered: Answered | None = None
        try:
            answered = await self.api.ask(asked.ask(self.manner))
        finally:
            self.line.learn(answered, self.clock.now())
            self.looked.set()
        return judge(answered)

    def _tell(self, seen: Seen, result: Missing | Failed | Hopeless) -> None:
        """Once in a while: where an api is down, that is so for event after event."""
        more = self.line.untold(self.clock.now())
        if more is not None:
            further = {"more": more} if more else {}
            name, event = self.enrichment.name, seen.event.id
            log.info("enrich.failed", enrich=name, event_id=event, error=result.why, **further)


def open_desk(
    enrichment: Enrichment, api: Api, clock: Clock, threads: Threads, spread: Callable[[], float]
) -> Desk:
    """A new one. `spread`: random numbers in [0, 1)."""
    rate, at_once = enrichment.config.rate, enrichment.at_once
    manner = Ask(
        "",
        need=Need.ENRICH,
        bucket=None if rate is None else Bucket(rate),
        check=enrichment.check,
        wait=enrichment.wait,
        patience=PATIENCE,
    )
    line = Line(at_once, enrichment.pace, spread)
    turn, looked = asyncio.Semaphore(2 * at_once), asyncio.Event()
    return Desk(enrichment, api, line, manner, turn, looked, clock, threads)
