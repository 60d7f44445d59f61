"""What tests of polls share: a provider, a session, and a stand over a store."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import ClientSession

from relay.http.session import open_session
from relay.store.protocol import Store
from tests.poll.provider import Provider
from tests.poll.stand import Stand

Stands = Callable[..., Stand]


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    """The session with which relay goes out."""
    async with open_session() as opened:
        yield opened


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    """Whom the polls ask."""
    async with Provider() as opened:
        yield opened


@pytest.fixture
def stands(store: Store, session: ClientSession, provider: Provider) -> Stands:
    """A stand for a poll's table."""

    def stand(toml: str, **api: Any) -> Stand:
        return Stand(store, session, provider, toml, **api)

    return stand
