"""Killed between any two steps of a turn: each change of status is one event, none is twice."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from aiohttp import ClientSession

from relay.poll.watch_run import STEPS
from relay.store.open import open_store
from relay.store.protocol import Query, Store
from tests.clock import ManualClock
from tests.poll.provider import Asked, Provider, Says
from tests.poll.watch_killed import KEYS
from tests.poll.watching import LIST, Watching

ROOT = Path(__file__).parents[2]
STATES = ("new", "on its way", "done")
TOLD = sorted((f"{key}#{n}", state) for key in KEYS for n, state in enumerate(STATES, 1))


class Ended(BaseException):
    """What a kill looks like from within: nothing is tidied up."""


def rows(state: str) -> Says:
    """All things are in that state."""
    return Says([{"id": key, "state": state} for key in KEYS])


async def test_an_end_between_any_two_steps(store: Store, session: ClientSession, provider: Provider) -> None:
    """A new life goes on where the last commit was: with the deadline, the pace and the count of before."""
    for number in range(1, 60):
        stand = Watching(store, session, provider, LIST + 'type = "item.state"\n', f"life{number}")
        stand.later(number)
        asked = [0]

        def answer(_asked: Asked, asked: list[int] = asked) -> Says:
            asked[0] += 1
            return rows(STATES[min(asked[0] // 3, 2)])

        provider.answer = answer
        left = [number]

        def end(_step: str, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise Ended

        stand.reached = end
        await stand.begin(data={"keys": KEYS})
        try:
            while stand.wait() is not None:
                await stand.next()
        except Ended:
            while stand.wait() is not None:
                await stand.next()
        assert sorted((str(key), type_) for key, type_ in await stand.told()) == TOLD, number
        if left[0] > 0:
            assert number > 5 * len(STATES)
            return
    pytest.fail("a watch has more steps than that")


LIVES = 3 * len(STEPS)
"""Steps of the three turns in which a thing is new twice, and then done."""


@pytest.mark.faults
@pytest.mark.parametrize("number", range(1, LIVES + 2))
async def test_kill_9_between_any_two_steps(number: int, tmp_path: Path, provider: Provider) -> None:
    """A process of its own is killed at each step in turn, and lives again."""
    database = tmp_path / "relay.db"
    provider.answer = lambda _asked: rows("new" if len(provider.asked) <= 2 else "done")
    assert await life(database, provider, number) == (-signal.SIGKILL if number <= LIVES else 0)
    assert await life(database, provider, 0) == 0
    store = await open_store(database, ManualClock(), min_free=0)
    events = (await store.find(Query(source="parcel", limit=100))).events
    assert sorted(str(event.key) for event in events) == [f"{key}#{n}" for key in KEYS for n in (1, 2)]
    assert store.watch_names() == set()
    assert (await store.audit()).ok
    await store.close()


async def life(database: Path, provider: Provider, step: int) -> int:
    """How it ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.poll.watch_killed",
        str(database),
        provider.url,
        str(step),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.DEVNULL,
    )
    return await process.wait()
