"""Time in microseconds, and how it is said."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.clock import SECOND, SystemClock, micros, parse_rfc3339, rfc3339
from tests.clock import START, ManualClock


def test_rfc3339() -> None:
    """UTC, always with six digits."""
    assert rfc3339(START) == "2026-09-21T14:13:20.000000Z"
    assert rfc3339(START + 1) == "2026-09-21T14:13:20.000001Z"


@given(st.integers(0, 4_000_000_000 * SECOND))
def test_there_and_back(at: int) -> None:
    """No microsecond is lost on the way."""
    assert parse_rfc3339(rfc3339(at)) == at


@pytest.mark.parametrize(
    "text",
    [
        "2026-09-21T14:13:20Z",
        "2026-09-21T16:13:20+02:00",
        "2026-09-21 14:13:20",
        "2026-09-21T14:13:20.000000",
    ],
)
def test_parse(text: str) -> None:
    """Any offset; without one it is UTC."""
    assert parse_rfc3339(text) == START


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "14:13:20"])
def test_parse_nonsense(text: str) -> None:
    """What is no time is said to be none."""
    with pytest.raises(ValueError):
        parse_rfc3339(text)


def test_micros() -> None:
    """A configured duration in whole microseconds."""
    assert (micros(0.25), micros(1e-7), micros(76 * 3600.0)) == (250_000, 0, 273_600_000_000)


async def test_system_clock_waits() -> None:
    """For the event, or for the moment, whichever comes first; a moment that has been is now."""
    clock, event = SystemClock(), asyncio.Event()
    await clock.wait(event, clock.now() - SECOND)
    event.clear()
    await clock.wait(event, clock.now() + 1000)
    event.clear()
    asyncio.get_running_loop().call_soon(event.set)
    await clock.wait(event, clock.now() + 3600 * SECOND)
    asyncio.get_running_loop().call_soon(event.set)
    await clock.wait(event, None)
    await clock.sleep(0)


async def test_manual_clock() -> None:
    """It stands, until it is moved; then it wakes those whose time has come, and nobody else."""
    clock, early, late = ManualClock(), asyncio.Event(), asyncio.Event()
    waits = [
        asyncio.create_task(clock.wait(early, START + SECOND)),
        asyncio.create_task(clock.wait(late, START + 2 * SECOND)),
    ]
    await asyncio.wait(waits, timeout=0)
    clock.advance(1)
    assert (early.is_set(), late.is_set(), clock.now()) == (True, False, START + SECOND)
    clock.advance(1)
    await asyncio.gather(*waits)
