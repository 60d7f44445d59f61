"""`GET sources|routes|targets`, `POST targets/NAME/pause|resume`: what there is now, without secrets."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from relay.admin.answer import answer, refuse
from relay.admin.body import fields, parameters
from relay.admin.counts import Counts
from relay.admin.health import source_check, target_check, targets
from relay.admin.refused import Refused, no_such
from relay.admin.running import Running
from relay.config.route import RouteConfig
from relay.store.protocol import Stats

PATIENCE: Final = 5.0
"""Seconds that a pause may take to be on disk."""


class ListingCalls:
    """What there is, and the two switches of a target."""

    def __init__(self, running: Running, counts: Counts, uptime: Callable[[], float]) -> None:
        self._running = running
        self._counts = counts
        self._uptime = uptime

    async def sources(self, request: web.Request) -> web.Response:
        if isinstance(refused := parameters(request), Refused):
            return refuse(refused)
        now, uptime = self._running.clock.now(), self._uptime()
        return answer(
            {
                "sources": [
                    {"name": name, "path": table.path, "provider": table.provider}
                    | source_check(self._running.last_event(name), table, now, uptime)
                    for name, table in self._running.config.source.items()
                ]
            }
        )

    async def routes(self, request: web.Request) -> web.Response:
        if isinstance(refused := parameters(request), Refused):
            return refuse(refused)
        tables = self._running.config.route
        return answer({"routes": [_route(name, table) for name, table in tables.items()]})

    async def targets(self, request: web.Request) -> web.Response:
        if isinstance(refused := parameters(request), Refused):
            return refuse(refused)
        stats = await self._counts.get()
        names = targets(self._running, stats)
        return answer({"targets": [self._target(name, stats) for name in names]})

    async def pause(self, request: web.Request) -> web.Response:
        return await self._switch(request, self._running.pause)

    async def resume(self, request: web.Request) -> web.Response:
        return await self._switch(request, self._running.resume)

    async def _switch(self, request: web.Request, turn: Callable[[str], None]) -> web.Response:
        """On disk before it is told: a pause survives a restart."""
        if isinstance(refused := await fields(request), Refused):
            return refuse(refused)
        name = request.match_info["name"]
        stats = await self._counts.get()
        known = set(self._running.config.target) | set(() if stats is None else stats.targets)
        if name not in known:
            return refuse(no_such("target", name, known))
        turn(name)
        await asyncio.wait_for(self._running.store.flush(), PATIENCE)
        return answer(self._target(name, await self._counts.now()))

    def _target(self, name: str, stats: Stats | None) -> dict[str, Any]:
        return {"name": name, **target_check(self._running, name, stats, self._running.clock.now())}


def _route(name: str, table: RouteConfig) -> dict[str, Any]:
    """Its filter as it stands; of what shapes its events, whether there is any."""
    return {
        "name": name,
        "from": list(table.sources),
        "unrouted": table.unrouted,
        "when": table.when,
        "to": list(table.to),
        "transform": table.transform is not None,
        "headers": bool(table.headers),
        "path": table.path is not None,
        "on_error": table.on_error,
    }
