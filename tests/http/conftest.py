"""What asking over HTTP shares, opened and closed around each test."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession

from relay.http.session import open_session


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    """The session with which relay goes out."""
    async with open_session() as opened:
        yield opened
