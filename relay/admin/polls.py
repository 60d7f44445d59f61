"""`GET polls`, `POST polls/NAME/run|reset|backfill`."""

from typing import Any, Final

import orjson
from aiohttp import web

from relay.admin.answer import answer, refuse, unavailable
from relay.admin.body import Given, fields, flag, parameters
from relay.admin.counts import Counts
from relay.admin.filters import read_moment
from relay.admin.poll_view import all_seen, backfill_document, poll_document
from relay.admin.refused import Refused, no_such
from relay.admin.running import Running
from relay.clock import rfc3339
from relay.errors import RelayError
from relay.event import Event
from relay.poll.book import Passed
from relay.poll.item import Poison

SHOWN: Final = 100
"""Events of a rehearsal that are shown."""


class PollCalls:
    """Looking at polls and watches, and running polls by hand."""

    def __init__(self, running: Running, counts: Counts) -> None:
        self._running = running
        self._counts = counts

    async def polls(self, request: web.Request) -> web.Response:
        if isinstance(refused := parameters(request), Refused):
            return refuse(refused)
        return answer({"polls": await self._documents()})

    async def run(self, request: web.Request) -> web.Response:
        """One pass of each part, now; answered when it is over, also where it failed."""
        given = await fields(request, ("dry_run",))
        if isinstance(given, Refused):
            return refuse(given)
        dry_run, name = flag(given, "dry_run"), request.match_info["name"]
        if isinstance(dry_run, Refused):
            return refuse(dry_run)
        if (refused := self._refused(name)) is not None:
            return refused
        passes = await self._running.poller.run_now(name, rehearsal=dry_run)
        self._counts.forget()
        documents = [await self._passed(name, part, passed, dry_run=dry_run) for part, passed in passes]
        return answer({"name": name, "dry_run": dry_run, "passes": documents})

    async def reset(self, request: web.Request) -> web.Response:
        """Forget how far it came; events and their names stay."""
        if isinstance(refused := await fields(request), Refused):
            return refuse(refused)
        name = request.match_info["name"]
        if (response := self._refused(name)) is not None:
            return response
        backfill = self._running.poller.backfills.get(name)
        if backfill is not None and not backfill.done:
            hint = "relay poll status shows how far it is"
            return refuse(Refused(f"a backfill of {name} runs", hint, 409))
        await self._running.poller.reset(name)
        (document,) = [each for each in await self._documents() if _is_poll(each, name)]
        return answer(document)

    async def backfill(self, request: web.Request) -> web.Response:
        """Begins it; `GET polls` shows how far it is."""
        given = await fields(request, ("from", "to"))
        if isinstance(given, Refused):
            return refuse(given)
        name = request.match_info["name"]
        if (response := self._refused(name)) is not None:
            return response
        stretch = self._stretch(given)
        if isinstance(stretch, Refused):
            return refuse(stretch)
        try:
            begun = self._running.poller.backfill(name, *stretch)
        except RelayError as error:
            return refuse(Refused(error.message, error.hint, 409))
        return answer({"name": name, "backfill": backfill_document(begun)}, 202)

    def _stretch(self, given: Given) -> tuple[int, int] | Refused:
        """From when to when; `to` is now where it is not given."""
        now = self._running.clock.now()
        ends = []
        for name, default in (("from", None), ("to", rfc3339(now))):
            value = given.get(name) or default
            if not isinstance(value, str):
                return Refused(f"{name} is no text", 'a time such as "2026-11-21T16:30:00Z", or "2h" ago')
            end = read_moment(name, value, now)
            if isinstance(end, Refused):
                return end
            ends.append(end)
        since, until = ends[0], min(ends[1], now)
        if since >= until:
            return Refused("from is not before to", "and neither lies in the future")
        return since, until

    def _refused(self, name: str) -> web.Response | None:
        """The answer where nobody can be asked by that name."""
        running = self._running
        if name in running.poller.keepers:
            return None
        if name in running.config.poll:
            return unavailable("the polls have not begun yet", "relay is starting: try again")
        if name in running.config.watch:
            hint = "it asks for each of its things when that is due"
            return refuse(Refused(f"{name} is a watch, and no poll", hint, 409))
        return refuse(no_such("poll", name, running.config.poll))

    async def _documents(self) -> list[dict[str, Any]]:
        running, stats = self._running, await self._counts.get()
        backfills, limits = running.poller.backfills, running.config.health
        return [
            poll_document(seen, stats, limits, backfills.get(seen.name) if seen.kind == "poll" else None)
            for seen in all_seen(running, running.clock.now())
        ]

    async def _passed(self, name: str, part: str, passed: Passed, *, dry_run: bool) -> dict[str, Any]:
        document: dict[str, Any] = {
            "part": part,
            "complete": passed.complete,
            "error": passed.error or None,
            "pages": passed.pages,
            "found": passed.found,
            "new": passed.new,
            "known": passed.known,
            "unusable": passed.poisoned,
            "missed": [{"from": rfc3339(gap.since), "to": rfc3339(gap.until)} for gap in passed.missed],
        }
        if not dry_run:
            return document | {"next_pass": rfc3339(passed.due) if passed.due else None}
        return document | await self._rehearsed(name, passed)

    async def _rehearsed(self, name: str, passed: Passed) -> dict[str, Any]:
        """What a pass would have made: what a webhook brought already is none of it."""
        source = self._running.poller.of(name)[0].runner.poll.source
        keys = [event.key for event in passed.events if event.key is not None]
        known = await self._running.store.known_names(source, keys)
        fresh = [event for event in passed.events if event.key not in known]
        return {
            "new": len(fresh),
            "known": passed.known + len(passed.events) - len(fresh),
            "unusable": len(passed.poisons),
            "events": [_event(event) for event in fresh[:SHOWN]],
            "poisons": [_poison(poison) for poison in passed.poisons[:SHOWN]],
        }


def _is_poll(document: dict[str, Any], name: str) -> bool:
    return bool(document["kind"] == "poll" and document["name"] == name)


def _event(event: Event) -> dict[str, Any]:
    """An event that would be; its body is JSON, as all that polls make."""
    time = None if event.occurred is None else rfc3339(event.occurred)
    data = orjson.Fragment(event.body) if event.body else None
    return {"key": event.key, "type": event.type, "time": time, "data": data}


def _poison(poison: Poison) -> dict[str, Any]:
    return {"id": poison.id, "error": poison.error}
