"""What targets share, opened and closed around each test; what takes seconds to start, once for all."""

from collections.abc import AsyncIterator, Iterator

import pytest
from aiohttp import ClientSession

from relay.http.session import open_session
from tests.deliver.targets import rabbitmq
from tests.deliver.targets.rabbitmq import RabbitMq


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    """The session with which relay goes out."""
    async with open_session() as opened:
        yield opened


@pytest.fixture(scope="session")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMq]:
    """The one for all tests, where it is installed."""
    if not rabbitmq.HERE:
        pytest.skip(rabbitmq.MISSING)
    with RabbitMq(tmp_path_factory.mktemp("rabbitmq")) as started:
        yield started
