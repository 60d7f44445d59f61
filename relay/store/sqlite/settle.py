"""What became of deliveries into the file, on the writer's thread, inside a transaction that is open."""

import sqlite3
from collections.abc import Sequence

import orjson

from relay.delivery import Dead, Delivered, Outcome, Retry, Settlement, State
from relay.event import Ids
from relay.store.sqlite.rows import PER_EVENT, chunks, delivery_row, flat, kept_text, values

Row = tuple[object, ...]

CURRENT = "delivery.replays = new.replays AND (delivery.state = 0 OR new.state = 1)"
UPDATE = f"""
WITH new (id, state, attempts, step, due, settled, status, error, replays) AS (VALUES {{values}})
UPDATE delivery SET
    attempts = max(delivery.attempts, new.attempts), status = new.status,
    state = CASE WHEN {CURRENT} THEN new.state ELSE delivery.state END,
    step = CASE WHEN {CURRENT} THEN new.step ELSE delivery.step END,
    due = CASE WHEN {CURRENT} THEN new.due ELSE delivery.due END,
    settled = CASE WHEN {CURRENT} THEN new.settled ELSE delivery.settled END,
    error = CASE WHEN {CURRENT} THEN new.error ELSE delivery.error END
FROM new
WHERE delivery.id = new.id
"""
"""A delivery that was replayed while it was tried stays due; one that was discarded stays so, unless the
target took it; the attempt counts all the same."""

EVENT_STATE = f"""
UPDATE event SET state = (
    SELECT CASE WHEN min(state) = 0 THEN 0 WHEN max(state) = 3 THEN 3 ELSE min(state) END
    FROM delivery WHERE id > event.id * {PER_EVENT} AND id < (event.id + 1) * {PER_EVENT}
)
WHERE id IN (SELECT value FROM json_each(?)) AND planned > 0
"""
"""Contract 5: pending if any is, else dead if any is, else delivered if any is, else skipped."""


def settle(c: sqlite3.Connection, settlements: Sequence[Settlement], ids: Ids, now: int) -> None:
    """Write `settlements` down, each with its attempt; then their events' states."""
    ended: list[int] = []
    for some in chunks(settlements):
        rows: list[Row] = []
        tries: list[Row] = []
        for settlement in some:
            row = delivery_row(ids, settlement.delivery.id)
            rows.append(_row(row, settlement, now))
            if settlement.attempt is not None:
                tried = settlement.attempt
                error = kept_text(tried.error)
                tries.append((row, tried.n, tried.at, tried.seconds, tried.status, error, tried.probe))
            if isinstance(settlement.outcome, Delivered | Dead):
                ended.append(row // PER_EVENT)
        c.execute(UPDATE.format(values=values(9, len(rows))), flat(rows))
        if tries:
            c.execute(f"INSERT OR REPLACE INTO attempt VALUES {values(7, len(tries))}", flat(tries))
    if ended:
        settle_events(c, ended)


def settle_events(c: sqlite3.Connection, events: Sequence[int]) -> None:
    """Bring the states of `events` (ticks) into line with their deliveries."""
    c.execute(EVENT_STATE, (orjson.dumps(events).decode(),))


def _row(row: int, settlement: Settlement, now: int) -> Row:
    delivery, outcome, tried = settlement.delivery, settlement.outcome, settlement.attempt
    attempts = delivery.attempts if tried is None else tried.n
    status = None if tried is None else tried.status
    state = _state(outcome)
    step = delivery.step + (1 if isinstance(outcome, Retry) else 0)
    due = outcome.at if isinstance(outcome, Retry) else now
    settled = None if state is State.PENDING else now
    error = _error(settlement)
    return (row, int(state), attempts, step, due, settled, status, error, delivery.replays)


def _state(outcome: Outcome) -> State:
    match outcome:
        case Delivered():
            return State.DELIVERED
        case Dead():
            return State.DEAD
        case _:
            return State.PENDING


def _error(settlement: Settlement) -> str | None:
    if isinstance(settlement.outcome, Dead):
        return kept_text(settlement.outcome.reason)
    return None if settlement.attempt is None else kept_text(settlement.attempt.error)
