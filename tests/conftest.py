"""What any test may ask for: a clock that stands still, and a store of its own."""

import os
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from relay.store.open import open_store
from relay.store.protocol import Store
from tests.clock import ManualClock


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """A test that failed may have left a connection open, whose thread would keep the process for ever."""
    left = [thread.name for thread in threading.enumerate() if not thread.daemon]
    left.remove(threading.main_thread().name)
    if left and not hasattr(config, "workerinput"):
        sys.stderr.write(f"left behind, ended with the process: {', '.join(left)}\n")
        sys.stderr.flush()
        sys.stdout.flush()
        os._exit(int(getattr(config, "relay_exit_status", 1)))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Remembered for the end."""
    session.config.relay_exit_status = int(exitstatus)  # type: ignore[attr-defined]  # pytest's way to keep things


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
