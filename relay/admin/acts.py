"""`GET audit`, `POST reload`."""

from aiohttp import web

from relay.admin.answer import answer, refuse
from relay.admin.body import fields, parameters
from relay.admin.refused import Refused
from relay.admin.running import Running
from relay.admin.view import audit_document


class Acts:
    """Of the whole daemon."""

    def __init__(self, running: Running) -> None:
        self._running = running

    async def audit(self, request: web.Request) -> web.Response:
        if isinstance(refused := parameters(request), Refused):
            return refuse(refused)
        return answer(audit_document(await self._running.store.audit()))

    async def reload(self, request: web.Request) -> web.Response:
        """All or nothing: a file that is refused changes nothing."""
        if isinstance(refused := await fields(request), Refused):
            return refuse(refused)
        done = await self._running.reload()
        if done.problems:
            problems = [problem.at(done.file) for problem in done.problems]
            error = "the file was refused, the old one stays in force"
            return answer({"error": error, "hint": "relay check tells the same", "problems": problems}, 409)
        return answer({"changed": list(done.changed), "needs_restart": list(done.needs_restart)})
