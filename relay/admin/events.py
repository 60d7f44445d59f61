"""`GET events`, `GET events/ID`."""

from typing import Final

from aiohttp import web

from relay.admin.answer import answer, refuse
from relay.admin.body import parameters
from relay.admin.filters import CURSOR_HINT, FILTERS, PAGE, parse_query
from relay.admin.refused import Refused
from relay.admin.running import Running
from relay.admin.view import page_document, whole_document

DEFAULT_LIMIT: Final = 100
MOST: Final = 1_000
"""Events on a page."""


class EventCalls:
    """Looking at events."""

    def __init__(self, running: Running) -> None:
        self._running = running

    async def find(self, request: web.Request) -> web.Response:
        given = parameters(request, (*FILTERS, *PAGE))
        if isinstance(given, Refused):
            return refuse(given)
        query = parse_query(given, self._running.clock.now(), DEFAULT_LIMIT, MOST)
        if isinstance(query, Refused):
            return refuse(query)
        try:
            page = await self._running.store.find(query)
        except ValueError:  # the cursor is of another store
            return refuse(Refused("there is no such cursor", CURSOR_HINT))
        return answer(page_document(page))

    async def show(self, request: web.Request) -> web.Response:
        refused = parameters(request)
        if isinstance(refused, Refused):
            return refuse(refused)
        id = request.match_info["id"]
        event = await self._running.store.show(id)
        if event is None:
            return refuse(no_event(id))
        return answer(whole_document(event, self._secrets(event.source)))

    def _secrets(self, source: str) -> list[bytes]:
        table = self._running.config.source.get(source)
        return [] if table is None else [secret.reveal().encode() for secret in table.secret]


def no_event(id: str) -> Refused:
    return Refused(f"there is no event {id}", "GET events lists those that are kept", 404)
