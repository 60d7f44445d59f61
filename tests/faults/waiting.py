"""Waiting for what another process does: looking again and again, for so long and no longer."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

LOOK: Final = 0.02
"""Seconds between two looks."""


async def until(holds: Callable[[], bool], within: float, what: Callable[[], str] | str) -> float:
    """Seconds until `holds()`; AssertionError with `what` failed to happen `within` seconds."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > within:
            raise AssertionError(f"not within {within:g} s: {what if isinstance(what, str) else what()}")
        await asyncio.sleep(LOOK)
    return time.monotonic() - began
