"""The stand on which the public listener is tried."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clock import ManualClock
from tests.receive.stand import Stand


@pytest.fixture
async def stand(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Stand]:
    """A receiver with a source that wants signatures, and one that wants nothing."""
    async with Stand(tmp_path, clock) as opened:
        yield opened
