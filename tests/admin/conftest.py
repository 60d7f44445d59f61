"""The admin listener over a store of its own, and a client that has the token."""

import io
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer

from relay.admin.app import make_app
from relay.clock import SECOND
from relay.store.protocol import Store
from tests.admin.running import Here
from tests.clock import START, ManualClock
from tests.poll.provider import Provider, Says

TOKEN = "a token of the tests"
Client = TestClient[web.Request, web.Application]
Call = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
async def here(store: Store, clock: ManualClock) -> AsyncIterator[Here]:
    """What the listener sees of the daemon."""
    async with ClientSession() as session:
        there = Here(store, clock, session)
        yield there
        await there.poller.close()


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    """One whom polls ask: it lists an order of an hour ago."""
    async with Provider(lambda _asked: Says([{"id": "old", "at": START // SECOND - 3600}])) as provider:
        yield provider


@pytest.fixture
async def client(here: Here) -> AsyncIterator[Client]:
    """A client of the listener, without the token."""
    async with TestClient(TestServer(make_app(here, TOKEN))) as client:
        yield client


@pytest.fixture
def call(client: Client) -> Call:
    """`METHOD PATH` of the API with the token: the status, and the JSON of the answer."""

    async def ask(line: str, fields: Any = None, raw: bytes | io.BytesIO | None = None) -> tuple[int, Any]:
        method, _, path = line.partition(" ")
        given: dict[str, Any] = (
            {"data": raw} if raw is not None else {"json": fields} if fields is not None else {}
        )
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with client.request(method, f"/api/v1/{path}", headers=headers, **given) as response:
            assert response.content_type == "application/json"
            return response.status, await response.json()

    return ask
