"""Waiting for what another task, thread or process is about to do, and for no longer than that."""

import asyncio
from collections.abc import Callable
from typing import Final

import pytest

PATIENCE: Final = 20.0
"""Seconds until a test gives up hope: how slow a machine may be, not how long anything takes."""
LOOK: Final = 0.002


async def eventually(holds: Callable[[], object], patience: float = PATIENCE) -> None:
    """Return as soon as `holds()`; the test fails if it never does."""
    loop = asyncio.get_running_loop()
    end = loop.time() + patience
    while not holds():
        if loop.time() > end:
            pytest.fail("what was waited for did not happen")
        looked = asyncio.Event()
        loop.call_later(LOOK, looked.set)
        await looked.wait()
