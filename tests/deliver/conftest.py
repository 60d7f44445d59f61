"""The stands on which the worker is tried."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clock import ManualClock
from tests.deliver.enriching import FOUND, EnrichStand
from tests.deliver.stand import Stand
from tests.target import ScriptedTarget


@pytest.fixture
async def stand(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Stand]:
    """A worker that has nothing to do yet."""
    async with Stand(tmp_path, clock) as opened:
        yield opened


@pytest.fixture
async def enriching(tmp_path: Path, clock: ManualClock) -> AsyncIterator[EnrichStand]:
    """A worker whose routes enrich."""
    async with EnrichStand(tmp_path, clock) as opened:
        yield opened


@pytest.fixture
async def api() -> AsyncIterator[ScriptedTarget]:
    """Whom enrichments ask: it has what is asked for."""
    async with ScriptedTarget(rest=FOUND) as opened:
        yield opened


@pytest.fixture
async def target() -> AsyncIterator[ScriptedTarget]:
    """Whom deliveries go to."""
    async with ScriptedTarget() as opened:
        yield opened
