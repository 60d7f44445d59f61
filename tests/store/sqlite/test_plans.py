"""Nothing on the way of an event looks at more rows than it needs, however many there are."""

import re
import sqlite3
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import pytest

from relay.clock import SECOND
from relay.store.open import open_store
from relay.store.protocol import Keep, Query, Replay
from relay.store.sqlite import chains, old, prune, watches
from relay.store.sqlite.claims import DUE, MATES, NEXT
from relay.store.sqlite.store import SqliteStore
from tests.clock import START, ManualClock
from tests.store.words import (
    DEAD,
    DELIVERED,
    WAIT,
    claimed,
    claimed_all,
    entry,
    in_order,
    items,
    put,
    put_many,
    replan,
    retry,
    settled,
    settlement,
    stored,
    watch,
)  # fmt: skip

TABLES = {*"abdew", "answer", "attempt", "body", "delivery", "event", "item", "poll", "seen", "watch"}


@pytest.fixture
async def store(tmp_path: Path, clock: ManualClock) -> AsyncIterator[SqliteStore]:
    opened = await open_store(tmp_path / "relay.db", clock, min_free=0)
    assert isinstance(opened, SqliteStore)
    await opened._writing.run(lambda c: c.execute("PRAGMA synchronous=OFF"))
    yield opened
    await opened.close()


async def spied(store: SqliteStore) -> list[str]:
    """Every statement from now on, as it is carried out."""
    statements: list[str] = []
    for each in (store._writing, store._reading, store._archive):
        await each.run(lambda c: c.set_trace_callback(statements.append))
    return statements


async def plan(store: SqliteStore, statement: str, values: tuple[object, ...] = ()) -> list[str]:
    """How it is carried out: a line for each table."""

    def explain(c: sqlite3.Connection) -> list[str]:
        return [row[3] for row in c.execute(f"EXPLAIN QUERY PLAN {statement}", values)]

    return await store._archive.run(explain)


def scans(lines: list[str]) -> list[str]:
    """Those that read a whole table, or a whole index of one."""
    return [line for line in lines if (found := re.match(r"SCAN (\w+)", line)) and found[1] in TABLES]


async def test_no_statement_of_an_events_way_reads_a_whole_table(store: SqliteStore) -> None:
    """Append, duplicates, claim, settle, replay of one, discard of one, prune's removal: all by an index."""
    ids = await put_many(store, 50, to=("billing", "ledger"))
    statements = await spied(store)
    await put(store, "k", also=("n",), to=("billing", "ledger"))
    ordered = [(await put(store, planned=in_order("a"))).id for _ in range(3)]
    store.keep_answer(ids[0], "order", "1")
    assert await store.answers(ids[0])
    await put(store, "k")
    store.shelve("billing")
    first, second, third, *_ = await claimed_all(store)
    store.settle([settlement(first, DELIVERED), settlement(second, retry(5)), settlement(third, DEAD)])
    await settled(store, await claimed(store, "ledger"), WAIT)
    await store.discard(Query(ids=(ordered[1],)), START)
    await store.replay(Query(ids=(ordered[0],)), Replay(START), replan())
    store.shelve("billing")
    await settled(store, await claimed_all(store), DELIVERED)
    await store.replay(Query(ids=(ids[0],)), Replay(START), replan())
    await store.discard(Query(ids=(ids[0],)), START)
    await store.prune(Keep(0, 0, 10), START + 5 * SECOND)
    asked = [each for each in statements if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)", each)]
    assert len(asked) > 20
    assert any("DELETE FROM body" in each for each in asked)
    bad = {each: lines for each in asked if (lines := scans(await plan(store, each)))}
    assert {each[:300]: lines for each, lines in bad.items() if "count(" not in each} == {}


async def test_no_statement_of_a_pass_reads_a_whole_table(store: SqliteStore) -> None:
    """Advance, what was listed, what is due, moving, ending, forgetting: all by an index."""
    all = [watch(str(n)) for n in range(3)]
    statements = await spied(store)
    for part in ("", "b"):
        moved = {"items": items("a", "b"), "moved": all[:2], "ended": all[2:]}
        await stored(store, entry(store, watches=all), part=part, **moved)
    assert len(await store.items("list", "", ["a", "b", "c"])) == 2
    assert await store.known_names("shop", ["a"]) == set()
    assert len(await store.due_watches("parcel", START, 10)) == 2
    store.remember_poll("list", "", "1")
    await store.flush()
    while await store.forget_items("list", START + 1):
        pass
    await store.forget_poll("list")
    await store.forget_watches("parcel")
    asked = [each for each in statements if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)", each)]
    for table in ("poll", "item", "watch"):
        assert any(f"DELETE FROM {table}" in each for each in asked)
    bad = {each: lines for each in asked if (lines := scans(await plan(store, each)))}
    assert {each[:300]: lines for each, lines in bad.items()} == {}


async def test_what_is_watched_is_found_in_the_order_of_its_due_times(store: SqliteStore) -> None:
    """By the index, without sorting; the names one by one, so that opening a large store reads few rows."""
    asked = ((watches.DUE, ("w", START, 5)), (watches.NEXT_DUE, ("w",)), (watches.NEXT_NAME, ("w",)))
    for statement, values in asked:
        lines = await plan(store, statement, values)
        assert any("watch_due (name" in line for line in lines), lines
        assert not any("TEMP B-TREE" in line for line in lines)
        assert scans(lines) == []


async def test_what_is_due_is_found_by_its_index(store: SqliteStore) -> None:
    """The partial index over pending rows, in the order of due times: no sorting, no looking at others."""
    lines = await plan(store, DUE, ("billing", START, 10))
    assert any("delivery_due (target=? AND held=? AND due<?)" in line for line in lines), lines
    assert not any("TEMP B-TREE" in line for line in lines)
    assert any(
        "delivery_due (target=? AND held=? AND due>?)" in line
        for line in await plan(store, NEXT, ("billing", 1))
    )
    assert scans(lines) == []


async def test_the_first_of_a_chain_is_found_by_its_index(store: SqliteStore) -> None:
    """And what goes together with others; no sorting, no scan."""
    chain = b"0" * 16
    for statement, values, index in (
        (chains.HEADS.format(values="(?)"), (chain,), "delivery_chain (chain=? AND held=?)"),
        (chains.WAITED_FOR.format(values="(?)"), (chain,), "delivery_chain (chain=?)"),
        (MATES, ("billing", START, "[1]"), "delivery_due (target=? AND held=? AND due=?)"),
    ):
        lines = await plan(store, statement, values)
        assert any(index in line for line in lines), lines
        assert not any("TEMP B-TREE" in line for line in lines)
        assert scans(lines) == []


async def test_a_hot_key_costs_no_more(store: SqliteStore) -> None:
    """However many wait behind it: to append one more, to claim, settle, discard and replay the first."""

    async def work(waiting: int) -> list[int]:
        """SQLite's own steps for each of these."""
        key = str(waiting)
        await store.append([entry(store, planned=in_order(key)) for _ in range(waiting)])
        counted: list[int] = []
        for each in (store._writing, store._reading, store._archive):
            await each.run(lambda c: c.set_progress_handler(lambda: counted.append(1), 1))
        took: list[int] = []

        async def lap(done: Awaitable[Any]) -> Any:
            before = len(counted)
            result = await done
            took.append(len(counted) - before)
            return result

        await lap(put(store, planned=in_order(key)))
        store.shelve("billing")
        (first,) = await lap(claimed_all(store))
        await lap(settled(store, [first], DELIVERED))
        await lap(store.replay(Query(ids=(first.event.id,)), Replay(START), replan()))
        await lap(store.discard(Query(ids=(first.event.id,)), START))
        for each in (store._writing, store._reading, store._archive):
            await each.run(lambda c: c.set_progress_handler(None, 0))
        await store.discard(Query(target="billing", limit=10_000), START)
        return took

    few, many = await work(10), await work(5_000)
    assert len(few) == len(many) == 5
    assert all(more <= less * 1.2 for less, more in zip(few, many, strict=True)), (few, many)


async def test_old_ones_and_candidates_are_found_by_an_index(store: SqliteStore) -> None:
    """Of one target's pending rows; of the events after the last one looked at."""
    ended, oldest = (old.OLD, ("relay", "b", 1, 5)), (old.OLDEST, ("b", 1))
    for statement, values in (ended, oldest, (prune.CANDIDATES, (0, 9, 5))):
        assert scans(await plan(store, statement, values)) == []


@pytest.mark.slow
async def test_a_claim_from_a_million_takes_no_longer(store: SqliteStore) -> None:
    """With 1,000,000 pending rows a claim reads a window of them: counted in SQLite's own steps."""

    def filled(c: sqlite3.Connection) -> None:
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)"
        c.execute(f"{numbers} INSERT INTO event SELECT i, 's', NULL, 't', 0, 0, NULL, 1, 0, 1 FROM n")
        c.execute(f"{numbers} INSERT INTO body SELECT i, x'', '', x'00' FROM n")
        c.execute(
            f"{numbers} INSERT INTO delivery (id, route, target, state, attempts, step, due, born, fresh) "
            "SELECT i * 4096 + 1, 'r', 'billing', 0, 0, 0, i, i, 0 FROM n"
        )

    async def steps() -> int:
        """Thousands of SQLite's steps that a claim takes."""
        counted: list[None] = []
        store.shelve("billing")
        await store._reading.run(lambda c: c.set_progress_handler(lambda: counted.append(None), 1000))
        assert len(await claimed(store, count=100)) == 100
        await store._reading.run(lambda c: c.set_progress_handler(None, 0))
        return len(counted)

    await store._writing.run(filled)
    assert await steps() < 100
