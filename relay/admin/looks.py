"""What may be seen without a token: is it alive, is it ready, is it well, and the numbers."""

from collections.abc import Callable

from aiohttp import web

from relay.admin.answer import answer
from relay.admin.counts import Counts
from relay.admin.gauges import Gauges
from relay.admin.health import MEDIA_TYPE, health
from relay.admin.running import Running
from relay.metrics import CONTENT_TYPE


class Looks:
    """Of one daemon."""

    def __init__(self, running: Running, counts: Counts, uptime: Callable[[], float]) -> None:
        self._running = running
        self._counts = counts
        self._uptime = uptime
        self._gauges = Gauges(running)

    async def livez(self, _request: web.Request) -> web.Response:
        alive = self._running.alive()
        return web.Response(status=200 if alive else 503, text="alive\n" if alive else "the store hangs\n")

    async def readyz(self, _request: web.Request) -> web.Response:
        unready = self._running.unready()
        return web.Response(status=200 if unready is None else 503, text=f"{unready or 'ready'}\n")

    async def health(self, _request: web.Request) -> web.Response:
        stats = await self._counts.get()
        document = health(self._running, stats, self._running.clock.now(), self._uptime())
        return answer(document, 503 if document["status"] == "fail" else 200, MEDIA_TYPE)

    async def metrics(self, _request: web.Request) -> web.Response:
        self._gauges.set(await self._counts.get(), self._running.clock.now())
        return web.Response(body=self._running.metrics.text(), headers={"Content-Type": CONTENT_TYPE})
