"""What a whole daemon does to the process around it is undone."""

import gc
import logging
from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

from tests.journeys.providers.tables import SECRETS
from tests.target import ScriptedTarget


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Its log, and what it asks of the garbage collector."""
    root, threshold = logging.getLogger(), gc.get_threshold()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    gc.set_threshold(*threshold)
    gc.unfreeze()


@pytest.fixture
def logins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each variable of the presets holds its own name."""
    for name in SECRETS:
        monkeypatch.setenv(name, name)


@pytest.fixture
async def target() -> AsyncIterator[ScriptedTarget]:
    """It takes all."""
    async with ScriptedTarget() as opened:
        yield opened


@pytest.fixture
async def pager() -> AsyncIterator[ScriptedTarget]:
    """Who is told what relay has to tell of itself."""
    async with ScriptedTarget() as opened:
        yield opened
