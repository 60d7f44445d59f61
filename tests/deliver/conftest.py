"""The stand on which the worker is tried."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clock import ManualClock
from tests.deliver.stand import Stand


@pytest.fixture
async def stand(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Stand]:
    """A worker that has nothing to do yet."""
    async with Stand(tmp_path, clock) as opened:
        yield opened
