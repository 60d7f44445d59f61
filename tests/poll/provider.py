"""A provider on 127.0.0.1 that lists what a test gives it, in the manner that the test says."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    """As on the wire, percent-encoded."""
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Says:
    """An answer: JSON unless it is bytes."""

    document: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        return self.document if isinstance(self.document, bytes) else json.dumps(self.document).encode()


Manner = Callable[[Asked], Says]


class Provider:
    """Opened with `async with`; `answer` may be replaced at any time."""

    def __init__(self, answer: Manner | None = None) -> None:
        self.answer: Manner = answer or (lambda _asked: Says([]))
        self.asked: list[Asked] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        server = web.Server(self._handle)
        self._runner = web.ServerRunner(server, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        path, _, query = request.raw_path.partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(request.method, path, dict(parse_qsl(query)), headers, await request.read())
        self.asked.append(asked)
        said = self.answer(asked)
        response = web.Response(body=said.body, status=said.status, headers=said.headers)
        # a test's time is not the machine's: no Date but the test's own
        response.headers.setdefault("Date", "")
        return response
