"""Enriching: what a delivery's transform, headers or path name beside its event is asked for on the way out.

One request for an event, however many deliveries need it, also at the same moment; its answer is kept with
the event, so that what is tried again is not asked for again. Nobody who waits here holds a slot of a target.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from random import random
from typing import Final, Protocol

from relay.clock import SECOND, Clock
from relay.deliver.enrich.answer import Found, Hopeless, NoTurn, Result, is_wanted, reread
from relay.deliver.enrich.desk import Desk, Threads, open_desk
from relay.deliver.enrich.end import Answers, Asker, End, NotYet, end, given_up, together, told
from relay.deliver.enrich.enrichment import Enrichment, Enrichments, open_enrichments
from relay.deliver.enrich.recent import Name, Recent
from relay.deliver.message import QUICK, QUICK_BODY
from relay.deliver.shape import Shape
from relay.delivery import Delivery, Outcome
from relay.errors import StoreUnavailable
from relay.expression.errors import ExpressionError
from relay.http.api import Api
from relay.seen import Seen
from relay.store.progress import Json

__all__ = ["Answers", "Enricher", "Enrichment", "Enrichments", "NotYet", "open_enrichments"]

FULL: Final = "others are asked for first"
CHANGED: Final = "the file has changed"
MOST_CUT: Final = 50_000
"""Deliveries of which is known that `within` ended while they waited for their turn."""


class Answering(Protocol):
    """What is asked of the store."""

    def next_id(self, now: int) -> str: ...

    async def answers(self, event: str) -> Mapping[str, Json]: ...

    def keep_answer(self, event: str, name: str, answer: Json) -> None: ...


@dataclass(slots=True, eq=False)
class Flight:
    """What is being found out for an event."""

    desk: Desk
    began: int
    task: "asyncio.Task[Result]" = field(init=False)


class Enricher:
    """The daemon's one. `open` says what it enriches by."""

    def __init__(self, store: Answering, clock: Clock, spread: Callable[[], float] = random) -> None:
        self._store = store
        self._clock = clock
        self._spread = spread
        self._enrichments = Enrichments()
        self._desks: dict[str, Desk] = {}
        self._flights: dict[Name, Flight] = {}
        """By what is found out: the newest."""
        self._under_way: set[Flight] = set()
        self._recent = Recent(store.next_id(clock.now()))
        self._cut: dict[tuple[str, int, str], None] = {}
        """Who has been told to come back when `within` is over."""
        self._threads = Threads()

    def open(self, enrichments: Enrichments, apis: Mapping[str, Api]) -> None:
        """Enrich by these from now on.

        What is being asked goes on if nothing about it has changed; else whoever waits for it is cancelled.
        """
        self._enrichments = enrichments
        self._desks = {each.name: self._desk(each, apis[each.config.api]) for each in enrichments.all}
        lines = {desk.line for desk in self._desks.values()}
        for flight in self._under_way:
            if flight.desk.line not in lines:
                flight.task.cancel()

    async def close(self) -> None:
        """Ask nothing more. Whoever waits is cancelled, and stays pending."""
        tasks = [flight.task for flight in self._under_way]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._threads.close()

    def needed(self, shape: Shape | None) -> tuple[Enrichment, ...]:
        """What has to be asked for before `shape` can be made; () for nearly all."""
        return self._enrichments.needed(shape)

    async def ask(
        self, delivery: Delivery, needed: tuple[Enrichment, ...], age: int, *, last: bool
    ) -> Answers | NotYet | Outcome:
        """What is put for a delivery, when to come back for it, or what becomes of it without.

        `age`: of the delivery, microseconds of its target's own time; `last`: its schedule is used up.
        """
        asker = Asker(delivery, self._clock.now(), age, last)
        seen = Seen(delivery.event)
        ends = await asyncio.gather(*(self._end(each, asker, seen) for each in needed))
        return together(zip(needed, ends, strict=True))

    # for one delivery

    async def _end(self, enrichment: Enrichment, asker: Asker, seen: Seen) -> End:
        result: Result | bool = await self._wanted(enrichment, seen)
        if result is True:
            result = await self._result(enrichment, asker, seen)
        now = self._clock.now()
        if isinstance(result, NoTurn):
            return self._later(enrichment, asker, result, now)
        return end(enrichment, asker, Found(None) if isinstance(result, bool) else result, now)

    async def _wanted(self, enrichment: Enrichment, seen: Seen) -> bool | Hopeless:
        """Whether it is asked for the event: found out at once where that takes no more than a moment."""
        if len(seen.bytes) <= QUICK_BODY:
            try:
                return is_wanted(enrichment, seen, QUICK)
            except ExpressionError:
                pass
        return await self._threads.run(is_wanted, enrichment, seen)

    async def _result(self, enrichment: Enrichment, asker: Asker, seen: Seen) -> Result:
        """An answer of late, what is being found out already, or what is found out now."""
        name, replayed = (seen.event.id, enrichment.key), asker.replayed
        # which answers a replay has made forgotten only the store knows
        text = self._recent.find(name) if replayed is None else None
        if text is not None:
            return await self._reread(text)
        flight = self._flights.get(name)
        if flight is None or (replayed is not None and flight.began < replayed - SECOND):
            desk = self._desks.get(enrichment.name)
            if desk is None or desk.enrichment is not enrichment:
                return NoTurn(CHANGED)
            if desk.line.full:
                return NoTurn(FULL, desk.api.stopped_until() or 0)
            flight = self._begin(desk, name, seen)
        # it goes on for the others when one of them is gone
        return await asyncio.shield(flight.task)

    def _later(self, enrichment: Enrichment, asker: Asker, found: NoTurn, now: int) -> End:
        """It was not asked, and comes back when it may be its turn.

        Where `within` ends before, it comes back then, and is given up if it is not its turn then either. Who
        came behind that moment, because its target was down, say, waits until it was asked once.
        """
        name = (asker.delivery.id, asker.delivery.replays, enrichment.name)
        was_cut = name in self._cut
        self._cut.pop(name, None)
        by, desk = asker.by(enrichment), self._desks.get(enrichment.name)
        if was_cut and by <= now:
            return given_up(enrichment, found.why)
        back = now if desk is None else desk.line.back_at(now, found.until)
        if now < by < back:
            back = by
            self._cut[name] = None
            if len(self._cut) > MOST_CUT:
                del self._cut[next(iter(self._cut))]
        return NotYet(told(enrichment, found.why), back)

    # for one event

    def _begin(self, desk: Desk, name: Name, seen: Seen) -> Flight:
        desk.line.enter(self._clock.now())
        flight = self._flights[name] = Flight(desk, self._clock.now())
        flight.task = asyncio.ensure_future(self._fly(name, seen, flight))
        self._under_way.add(flight)
        flight.task.add_done_callback(partial(self._landed, name, flight))
        return flight

    def _landed(self, name: Name, flight: Flight, task: "asyncio.Task[Result]") -> None:
        self._under_way.discard(flight)
        flight.desk.line.leave(self._clock.now())
        if self._flights.get(name) is flight:
            del self._flights[name]
        if not task.cancelled():
            task.exception()  # told to whoever waits; if nobody does, to nobody

    async def _fly(self, name: Name, seen: Seen, flight: Flight) -> Result:
        result: Result = await self._kept(name) or await flight.desk.fetch(seen)
        if isinstance(result, Found) and self._flights.get(name) is flight:
            if not result.kept:
                self._store.keep_answer(*name, result.text)
            self._recent.add(name, result.text)
        return result

    async def _kept(self, name: Name) -> Found | NoTurn | None:
        """What the store has."""
        if not self._recent.may_be_stored(name):
            return None
        try:
            text = (await self._store.answers(name[0])).get(name[1])
        except StoreUnavailable as error:
            return NoTurn(error.message, self._clock.now() + SECOND)
        return None if text is None else await self._reread(text)

    async def _reread(self, text: Json) -> Found:
        return reread(text) if len(text) <= QUICK_BODY else await self._threads.run(reread, text)

    def _desk(self, enrichment: Enrichment, api: Api) -> Desk:
        """A desk; of one that had the same table and api, the line and the rate stay."""
        before = self._desks.get(enrichment.name)
        if before is not None and before.api is api and before.enrichment.config == enrichment.config:
            return replace(before, enrichment=enrichment)
        return open_desk(enrichment, api, self._clock, self._threads, self._spread)
