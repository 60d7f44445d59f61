"""`POST replay`, `events/ID/replay`, `discard`: many events, in pages that no sender has to wait for."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from aiohttp import web
from pydantic_core import PydanticCustomError

from relay.admin.answer import answer, refuse
from relay.admin.body import Given, fields, flag
from relay.admin.counts import Counts
from relay.admin.events import no_event
from relay.admin.filters import CURSOR_HINT, FILTERS, PAGE, parse_query
from relay.admin.refused import Refused, no_such
from relay.admin.running import Running
from relay.config.choice import listed
from relay.config.types import parse_rate
from relay.event import Event
from relay.route import Planned
from relay.store.protocol import Count, Query, Replay

PAGE_EVENTS: Final = 500
"""Events in one transaction: senders wait for it."""
PATIENCE: Final = 30.0
"""Seconds for one page, before the store counts as not answering."""
MOST: Final = 10**15
"""A `limit` for all there are."""
FILTER_HINT: Final = f"one or more of {', '.join(FILTERS)}"

Turn = Callable[[Query, int], Awaitable[Count]]
"""Does one page; is told how many deliveries the pages before took."""


@dataclass(frozen=True, slots=True)
class Total:
    """What all pages took; `next` where a `limit` ended them."""

    events: int
    deliveries: int
    next: str | None


class ReplayCalls:
    """Changing many deliveries by hand."""

    def __init__(self, running: Running, counts: Counts) -> None:
        self._running = running
        self._counts = counts

    async def replay(self, request: web.Request) -> web.Response:
        return await self._replay(request, ())

    async def replay_one(self, request: web.Request) -> web.Response:
        id = request.match_info["id"]
        if await self._running.store.show(id) is None:
            return refuse(no_event(id))
        return await self._replay(request, (id,))

    async def _replay(self, request: web.Request, ids: tuple[str, ...]) -> web.Response:
        given = await fields(request, (*FILTERS, *(() if ids else PAGE), "rate", "fresh", "dry_run"))
        if isinstance(given, Refused):
            return refuse(given)
        now, begun = self._running.clock.now(), _take_begun(given)
        query, how = self._query(given, ids), _how(given, now)
        if isinstance(query, Refused):
            return refuse(query)
        if isinstance(how, Refused):
            return refuse(how)
        # what comes while a long one goes on, oldest first, is not of it: else it would never end
        begun = begun if begun.below else Begun(0, self._running.store.next_id(now))

        def turn(page: Query, taken: int) -> Awaitable[Count]:
            return self._running.store.replay(page, replace(how, before=begun.taken + taken), self._plan)

        status = 200 if how.dry_run else 202
        query = replace(query, below=begun.below)
        return await self._answer(query, turn, given, status, ("events", "deliveries"), begun)

    async def discard(self, request: web.Request) -> web.Response:
        given = await fields(request, (*FILTERS, *PAGE, "dry_run"))
        if isinstance(given, Refused):
            return refuse(given)
        begun = _take_begun(given)
        query, dry_run = self._query(given, ()), flag(given, "dry_run")
        if isinstance(query, Refused):
            return refuse(query)
        if isinstance(dry_run, Refused):
            return refuse(dry_run)
        if (refused := await self._no_target(query.target)) is not None:
            return refuse(refused)
        now = self._running.clock.now()

        def turn(page: Query, _before: int) -> Awaitable[Count]:
            return self._running.store.discard(page, now, dry_run=dry_run)

        return await self._answer(query, turn, given, 200, ("deliveries",), begun)

    def _query(self, given: Given, ids: tuple[str, ...]) -> Query | Refused:
        query = parse_query(given, self._running.clock.now(), MOST, MOST)
        if isinstance(query, Refused):
            return query
        query = replace(query, ids=ids)
        return query if query.narrows else Refused("without a filter this would be every event", FILTER_HINT)

    async def _plan(self, events: Sequence[Event]) -> Sequence[tuple[Planned, ...]]:
        """By today's routes."""
        return await self._running.plans(events)

    async def _no_target(self, name: str | None) -> Refused | None:
        """404 where the file does not name it, nor has it any deliveries."""
        stats = await self._counts.get()
        known = set(self._running.config.target) | set(() if stats is None else stats.targets)
        return None if name is None or name in known else no_such("target", name, known)

    async def _answer(
        self,
        query: Query,
        turn: Turn,
        given: Given,
        status: int,
        shown: tuple[str, ...],
        begun: "Begun",
    ) -> web.Response:
        try:
            total = await in_pages(query, turn)
        except ValueError:  # the cursor is of another store
            return refuse(Refused("there is no such cursor", CURSOR_HINT))
        finally:
            self._counts.forget()
        document: dict[str, Any] = {name: getattr(total, name) for name in shown}
        if "limit" in given:
            begun = Begun(begun.taken + total.deliveries, begun.below)
            document["next"] = total.next and _cursor(total.next, begun)
        return answer(document, status)


async def in_pages(query: Query, turn: Turn) -> Total:
    """`turn` over all that `query` means, at most `query.limit` events of it."""
    total, left = Total(0, 0, query.cursor), query.limit
    while left > 0:
        page = replace(query, limit=min(left, PAGE_EVENTS), cursor=total.next)
        async with asyncio.timeout(PATIENCE):
            count = await turn(page, total.deliveries)
        total = Total(total.events + count.events, total.deliveries + count.deliveries, count.next)
        left -= page.limit
        if total.next is None:
            break
    return total


class Begun(NamedTuple):
    """What the calls before say of this one."""

    taken: int = 0
    """Deliveries that they took, for the pace."""
    below: str = ""
    """The id that the first event would have had that came after the first of them."""


def _take_begun(given: Given) -> Begun:
    """The cursor says it (`_cursor`)."""
    match = re.fullmatch(r"([0-9a-f]{20})\.([0-9]{1,15})\.([0-9a-f]{20})?", str(given.get("cursor")))
    if match is None:
        return Begun()
    given["cursor"] = match[1]
    return Begun(int(match[2]), match[3] or "")


def _cursor(id: str, begun: Begun) -> str:
    return f"{id}.{begun.taken}.{begun.below}"


def _how(given: Given, now: int) -> Replay | Refused:
    rate = _rate(given.get("rate"))
    if isinstance(rate, Refused):
        return rate
    fresh, dry_run = flag(given, "fresh"), flag(given, "dry_run")
    if isinstance(fresh, Refused):
        return fresh
    if isinstance(dry_run, Refused):
        return dry_run
    return Replay(now, rate, 0, fresh, dry_run)


def _rate(value: object) -> float | Refused | None:
    if value is None:
        return None
    try:
        return parse_rate(value) if isinstance(value, str) else Refused("rate is no text", 'such as "50/s"')
    except PydanticCustomError as error:
        return Refused(f"rate {listed([str(value)])} is none", str((error.context or {}).get("hint", "")))
