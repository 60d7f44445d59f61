"""Killed between any two steps of a pass: nothing lost, nothing twice."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from relay.store.open import open_store
from relay.store.protocol import Query, Store
from tests.clock import ManualClock
from tests.poll.conftest import Stands
from tests.poll.killed import KINDS
from tests.poll.provider import Asked, Provider, Says
from tests.poll.shop import Shop
from tests.poll.stand import at

ROOT = Path(__file__).parents[2]
LISTED = {
    "newest": ["e4", "e3", "e2", "e1", "e0"],
    "oldest": [f"i{n}#1" for n in range(4)],
    "detail": ["2", "1", "0"],
}
"""Every key that there is, oldest first."""
STEPS = {"newest": 9, "oldest": 9, "detail": 6}
"""How many steps a pass of each kind has."""


class Ended(BaseException):
    """What a kill looks like from within: nothing is tidied up."""


def provider_of(kind: str) -> Any:
    """What answers for each kind of list."""
    if kind == "newest":
        return Shop(*[(f"e{n}", -n) for n in range(5)])

    def oldest(asked: Asked) -> Says:
        n = int(asked.query.get("n", 0))
        rows = [{"id": f"i{2 * n + k}", "at": at(2 * n + k - 9), "state": "new"} for k in range(2)]
        return Says({"list": rows, "more": "/things?n=1" if n == 0 else None})

    def detail(asked: Asked) -> Says:
        if asked.path == "/things":
            return Says([{"id": n, "at": at(-n)} for n in range(3)])
        return Says({"n": int(asked.path.rpartition("/")[2])})

    return oldest if kind == "oldest" else detail


async def keys(store: Store) -> list[str | None]:
    return [event.key for event in reversed((await store.find(Query(limit=100))).events)]


@pytest.mark.parametrize("kind", KINDS)
async def test_an_end_between_any_two_steps(stands: Stands, kind: str) -> None:
    """The next pass brings what is missing; the order within what one pass commits is that of time."""
    for number in range(1, 30):
        stand = stands(KINDS[kind])
        stand.define(KINDS[kind], name=f"list{number}")
        left = [number]

        def end(_step: str, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise Ended

        stand.reached = end
        whole = False
        try:
            await stand.run(provider_of(kind))
            whole = True
        except Ended:
            stand.reached = lambda _step: None
            assert (await stand.run()).complete
        found = await stand.store.find(Query(source=f"list{number}"))
        assert sorted(str(event.key) for event in found.events) == sorted(LISTED[kind]), number
        assert stand.runner().state.complete is not None
        if whole:
            assert number == STEPS[kind] + 1
            return
    pytest.fail("a pass has more steps than that")


@pytest.mark.faults
@pytest.mark.parametrize(("kind", "step"), [(kind, n + 1) for kind in KINDS for n in range(STEPS[kind])])
async def test_kill_9_between_any_two_steps(kind: str, step: int, tmp_path: Path, provider: Provider) -> None:
    """A process of its own is killed there, and lives again: every item once, and the sums are right."""
    provider.answer = provider_of(kind)
    database = tmp_path / "relay.db"
    assert await life(database, provider, kind, step) == -signal.SIGKILL
    assert await life(database, provider, kind, 0) == 0
    store = await open_store(database, ManualClock(), min_free=0)
    assert sorted(map(str, await keys(store))) == sorted(LISTED[kind])
    assert (await store.audit()).ok
    await store.close()


async def life(database: Path, provider: Provider, kind: str, step: int) -> int:
    """How it ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.poll.killed",
        str(database),
        provider.url,
        kind,
        str(step),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.DEVNULL,
    )
    return await process.wait()
