"""The admin listener: health and metrics for everybody who reaches it, the API for who has the token."""

import time
from typing import Final

from aiohttp import web

from relay.admin.acts import Acts
from relay.admin.counts import Counts
from relay.admin.events import EventCalls
from relay.admin.guard import explain, make_guard
from relay.admin.listing import ListingCalls
from relay.admin.looks import Looks
from relay.admin.polls import PollCalls
from relay.admin.replay import ReplayCalls
from relay.admin.running import Running

API: Final = "/api/v1"


def make_app(running: Running, token: str) -> web.Application:
    """The whole of it; `token` is what callers of the API must show."""
    app = web.Application(middlewares=[explain, make_guard(token)])
    started = time.monotonic()
    counts = Counts(running)
    app.add_routes(_open(Looks(running, counts, lambda: time.monotonic() - started)))
    app.add_routes(_events(EventCalls(running), ReplayCalls(running, counts)))
    app.add_routes(_listing(ListingCalls(running, counts, lambda: time.monotonic() - started)))
    app.add_routes(_polls(PollCalls(running, counts)))
    app.add_routes(_acts(Acts(running)))
    return app


def _open(looks: Looks) -> list[web.RouteDef]:
    return [
        web.get("/livez", looks.livez),
        web.get("/readyz", looks.readyz),
        web.get("/health", looks.health),
        web.get("/metrics", looks.metrics),
    ]


def _events(events: EventCalls, replay: ReplayCalls) -> list[web.RouteDef]:
    return [
        web.get(f"{API}/events", events.find),
        web.get(f"{API}/events/{{id}}", events.show),
        web.post(f"{API}/events/{{id}}/replay", replay.replay_one),
        web.post(f"{API}/replay", replay.replay),
        web.post(f"{API}/discard", replay.discard),
    ]


def _listing(listing: ListingCalls) -> list[web.RouteDef]:
    return [
        web.get(f"{API}/sources", listing.sources),
        web.get(f"{API}/routes", listing.routes),
        web.get(f"{API}/targets", listing.targets),
        web.post(f"{API}/targets/{{name}}/pause", listing.pause),
        web.post(f"{API}/targets/{{name}}/resume", listing.resume),
    ]


def _polls(polls: PollCalls) -> list[web.RouteDef]:
    return [
        web.get(f"{API}/polls", polls.polls),
        web.post(f"{API}/polls/{{name}}/run", polls.run),
        web.post(f"{API}/polls/{{name}}/reset", polls.reset),
        web.post(f"{API}/polls/{{name}}/backfill", polls.backfill),
    ]


def _acts(acts: Acts) -> list[web.RouteDef]:
    return [web.get(f"{API}/audit", acts.audit), web.post(f"{API}/reload", acts.reload)]
