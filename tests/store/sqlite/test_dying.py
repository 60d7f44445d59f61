"""A process that ends in the midst of it: what it told is there, and nothing is there by half."""

import asyncio
import sys
from pathlib import Path

import pytest

from relay.store.open import open_store
from relay.store.protocol import Query
from tests.clock import START, ManualClock
from tests.eventually import PATIENCE
from tests.store.sqlite.dying import EVENTS
from tests.store.words import DELIVERED, claimed_all, put, settled, shown, sound

ROOT = Path(__file__).parents[3]


async def died(path: Path, at: int, way: str = "exit") -> tuple[int | None, list[list[str]]]:
    """How the process ended that was to die at its `at`-th statement, and what it had told."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.store.sqlite.dying", str(path), way, str(at)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(child.communicate(), PATIENCE)
    return child.returncode, [line.split() for line in out.decode().splitlines()]


async def is_whole(path: Path, clock: ManualClock, told: list[list[str]]) -> None:
    """All that was told holds, what was being done is there or not there, and the rest is still owed."""
    store = await open_store(path, clock, min_free=0)
    await sound(store)
    for word, id in told:
        if word == "stored":
            assert (await shown(store, id)).body == b'{"n": 1}'
        else:
            states = {d.id: d.state for d in (await shown(store, id.rpartition("-")[0])).deliveries}
            assert states[id] == "delivered"
    stored = sum(word == "stored" for word, _ in told)
    owed = await claimed_all(store, "ledger")
    assert stored <= len(owed) <= stored + 1
    for n in range(EVENTS):
        assert (await put(store, f"k{n}")).duplicate is (n < len(owed))
    await sound(store)
    await store.close()


async def is_at_one(path: Path, clock: ManualClock, told: list[list[str]]) -> None:
    """State, events, items and watches are those of one pass: the last that was told, or the one after it."""
    store = await open_store(path, clock, min_free=0)
    await sound(store)
    state = store.poll_state("list")
    last = -1 if state is None else int(state)
    assert last in {len(told) - 1, len(told)}
    names = [f"p{n}" for n in range(EVENTS)]
    assert [event.key for event in (await store.find(Query())).events] == names[: last + 1][::-1]
    assert set(await store.items("list", "", names)) == set(names[: last + 1])
    watched = {each.key: each.due for each in await store.due_watches("parcel", START + 1, EVENTS)}
    assert watched == {str(n): START + last - n for n in range(max(0, last - 1), last + 1)}
    assert store.watch_due("parcel") == (START if last >= 0 else None)
    for n, name in enumerate(names):
        assert (await put(store, name)).duplicate is (n <= last)
    await store.close()


async def is_in_order(path: Path, clock: ManualClock, told: list[list[str]]) -> None:
    """Over both lives each delivery of a key is tried after the one before it, and all are, in the end."""
    stored = [id for word, id in told if word == "stored"]
    tried = [id for word, id in told if word == "tried"]
    store = await open_store(path, clock, min_free=0)
    await sound(store)
    while deliveries := await claimed_all(store):
        tried += [delivery.id for delivery in deliveries]
        await settled(store, deliveries, DELIVERED)
    await sound(store)
    page = await store.find(Query())
    await store.close()
    keys = {f"{event.id}-1": int((event.key or "")[1:]) % 2 for event in page.events}
    assert set(stored) <= set(tried) == set(keys)
    for key in (0, 1):
        mine = [id for id in tried if keys[id] == key]
        assert mine == sorted(mine)


@pytest.mark.parametrize("at", [5, 17, 26, 40])
async def test_a_process_that_ends_in_the_midst_of_an_order(
    tmp_path: Path, clock: ManualClock, at: int
) -> None:
    """No older one follows a newer one, and none waits for ever."""
    code, told = await died(tmp_path / "relay.db", at, "ordered")
    assert code == 9
    await is_in_order(tmp_path / "relay.db", clock, told)


@pytest.mark.faults
async def test_a_process_that_ends_at_any_statement_of_an_order(tmp_path: Path, clock: ManualClock) -> None:
    """Each statement once."""
    at, code = 0, 9
    while code == 9:
        path = tmp_path / f"{at}.db"
        ended, told = await died(path, at, "ordered")
        await is_in_order(path, clock, told)
        at, code = at + 1, ended or 0
    assert at > 60


@pytest.mark.parametrize("at", [0, 3, 6, 7, 20])
async def test_a_process_that_ends_in_the_midst(tmp_path: Path, clock: ManualClock, at: int) -> None:
    """Before its first statement, within a transaction, just before its COMMIT, and after some of them."""
    code, told = await died(tmp_path / "relay.db", at)
    assert code == 9
    await is_whole(tmp_path / "relay.db", clock, told)


@pytest.mark.parametrize("at", [8, 13, 30])
async def test_a_process_that_ends_in_the_midst_of_a_pass(
    tmp_path: Path, clock: ManualClock, at: int
) -> None:
    """Nothing of a pass is there without the rest of it."""
    code, told = await died(tmp_path / "relay.db", at, "passing")
    assert code == 9
    await is_at_one(tmp_path / "relay.db", clock, told)


@pytest.mark.faults
async def test_a_process_that_ends_at_any_statement(tmp_path: Path, clock: ManualClock) -> None:
    """Each statement of its life once."""
    at, code = 0, 9
    while code == 9:
        path = tmp_path / f"{at}.db"
        ended, told = await died(path, at)
        await is_whole(path, clock, told)
        at, code = at + 1, ended or 0
    assert at > 30


@pytest.mark.faults
async def test_a_process_that_ends_at_any_statement_of_its_passes(tmp_path: Path, clock: ManualClock) -> None:
    """Each statement of each of them once."""
    at, code = 0, 9
    while code == 9:
        path = tmp_path / f"{at}.db"
        ended, told = await died(path, at, "passing")
        await is_at_one(path, clock, told)
        at, code = at + 1, ended or 0
    assert at > 60
