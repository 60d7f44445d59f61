"""What any test may ask for: a clock that stands still, and a store of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from relay.store.open import open_store
from relay.store.protocol import Store
from tests.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands until it is moved."""
    return ManualClock()


@pytest.fixture
async def store(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Store]:
    """A new store on the disk, as the daemon would open it."""
    opened = await open_store(tmp_path / "relay.db", clock, min_free=0)
    yield opened
    await opened.close()
