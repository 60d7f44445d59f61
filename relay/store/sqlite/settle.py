"""What became of deliveries into the file, on the writer's thread, inside a transaction that is open."""

import sqlite3
from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

import orjson

from relay.delivery import Dead, Delivered, Postponed, Retry, Settlement, Skipped, State, Wait
from relay.store.sqlite.chains import Head, mend
from relay.store.sqlite.rows import PER_EVENT, chunks, delivery_row, flat, kept_text, values

PENDING: Final = int(State.PENDING)
DELIVERED: Final = int(State.DELIVERED)
SKIPPED: Final = int(State.SKIPPED)
DEAD: Final = int(State.DEAD)


class Row(NamedTuple):
    """What a settlement makes of a delivery."""

    id: int
    state: int
    attempts: int
    step: int
    due: int
    settled: int | None
    status: int | None
    error: str | None
    replays: int
    batch: int | None


CURRENT: Final = "delivery.replays = new.replays AND (delivery.state = 0 OR new.state = 1)"
TRIED: Final = "new.attempts > delivery.attempts"
UPDATE: Final = f"""
WITH new ({", ".join(Row._fields)}) AS (VALUES {{values}})
UPDATE delivery SET
    attempts = max(delivery.attempts, new.attempts),
    status = CASE WHEN {TRIED} THEN new.status ELSE delivery.status END,
    state = CASE WHEN {CURRENT} THEN new.state ELSE delivery.state END,
    step = CASE WHEN {CURRENT} THEN new.step ELSE delivery.step END,
    due = CASE WHEN {CURRENT} THEN new.due ELSE delivery.due END,
    settled = CASE WHEN {CURRENT} THEN new.settled ELSE delivery.settled END,
    error = CASE WHEN {CURRENT} AND ({TRIED} OR new.state > 0) THEN new.error ELSE delivery.error END,
    batch = CASE WHEN {CURRENT} THEN coalesce(new.batch, delivery.batch) ELSE delivery.batch END
FROM new
WHERE delivery.id = new.id
"""
"""A delivery that was replayed while it was tried stays due; one that was discarded stays so, unless the
target took it; the attempt counts all the same. Without an attempt the status of the last one stays, and its
error, unless there is a reason for the end."""

EVENT_STATE: Final = f"""
UPDATE event SET state = (
    SELECT CASE WHEN min(state) = 0 THEN 0 WHEN max(state) = 3 THEN 3 ELSE min(state) END
    FROM delivery WHERE id > event.id * {PER_EVENT} AND id < (event.id + 1) * {PER_EVENT}
)
WHERE id IN (SELECT value FROM json_each(?)) AND planned > 0
"""
"""Contract 5: pending if any is, else dead if any is, else delivered if any is, else skipped."""


def settle(c: sqlite3.Connection, settlements: Sequence[Settlement], now: int) -> list[Head]:
    """Write `settlements` down, each with its attempt; then their events' states, and who is next.

    The heads of the chains in which one has ended.
    """
    ended: list[int] = []
    chains: set[bytes] = set()
    for some in chunks(settlements):
        rows: list[Row] = []
        tries: list[tuple[object, ...]] = []
        for settlement in some:
            number = delivery_row(settlement.delivery.id)
            row = _row(number, settlement, now)
            rows.append(row)
            if settlement.attempt is not None:
                tried = settlement.attempt
                error = kept_text(tried.error)
                tries.append((number, tried.n, tried.at, tried.seconds, tried.status, error, tried.probe))
            if row.state:
                ended.append(number // PER_EVENT)
                if settlement.delivery.chain is not None:
                    chains.add(settlement.delivery.chain)
        c.execute(_update(len(rows)), flat(rows))
        if tries:
            c.execute(f"INSERT OR REPLACE INTO attempt VALUES {values(7, len(tries))}", flat(tries))
    if ended:
        settle_events(c, ended)
    return mend(c, chains)


@cache
def _update(rows: int) -> str:
    return UPDATE.format(values=values(len(Row._fields), rows))


def settle_events(c: sqlite3.Connection, events: Sequence[int]) -> None:
    """Bring the states of `events` (ticks) into line with their deliveries."""
    c.execute(EVENT_STATE, (orjson.dumps(events).decode(),))


def _row(number: int, settlement: Settlement, now: int) -> Row:
    delivery, tried, batch = settlement.delivery, settlement.attempt, settlement.batch
    attempts, status, error = delivery.attempts, None, None
    if tried is not None:
        attempts, status, error = tried.n, tried.status, kept_text(tried.error)
    state, step, due, settled = PENDING, delivery.step, now, None
    match settlement.outcome:
        case Delivered():
            state, settled = DELIVERED, now
        case Dead(reason):
            state, settled, error = DEAD, now, kept_text(reason)
        case Skipped(reason):
            state, settled, error = SKIPPED, now, kept_text(reason)
        case Retry(at):
            step, due = step + 1, at
        case Postponed(at):
            due = at
        case Wait():
            pass
    return Row(number, state, attempts, step, due, settled, status, error, delivery.replays, batch)
