"""Letting old events go, a slice at a time, so that nobody waits for it."""

import sqlite3
from dataclasses import dataclass
from typing import Final

import orjson

from relay.event import tick_at
from relay.store.sqlite import answers
from relay.store.sqlite.append import count
from relay.store.sqlite.rows import PER_EVENT

SLICE: Final = 500
SCAN: Final = 5_000
"""Rows looked at for one slice at most."""
SEEN_SLICES: Final = 256

CANDIDATES = f"""
SELECT id, state, CASE state WHEN 3 THEN (
    SELECT max(event.received, max(coalesce(settled, 0))) FROM delivery
    WHERE delivery.id > event.id * {PER_EVENT} AND delivery.id < (event.id + 1) * {PER_EVENT}
) ELSE received END
FROM event WHERE id > ? AND id < ? ORDER BY id LIMIT ?
"""
FINAL_DEAD: Final = 3

NOTE_SOURCES = """
INSERT INTO source SELECT source, max(received), max(CASE via WHEN 0 THEN received END)
FROM event WHERE id IN (SELECT value FROM json_each(?)) GROUP BY source
ON CONFLICT (name) DO UPDATE SET
    event = max(event, excluded.event),
    webhook = coalesce(max(webhook, excluded.webhook), webhook, excluded.webhook)
"""
"""When sources were heard of last, for the rows do not tell it any more: silence is measured from there."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Events of before these moments (microseconds since 1970) may go."""

    done: int
    """Delivered, skipped and unrouted ones, received before."""
    dead: int
    """Dead ones, ended before: however long they waited, somebody has the time to see them."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Ticks that may go, and where to look on (None: looked at all)."""

    ticks: list[int]
    after: int | None


def candidates(c: sqlite3.Connection, after: int, limits: Limits) -> Slice:
    """On a reader's thread: a slice of the events after tick `after` that may go."""
    end = tick_at(max(limits.done, limits.dead))
    rows = c.execute(CANDIDATES, (after, end, SCAN)).fetchall()
    ticks = [tick for tick, state, since in rows if _may_go(state, since, limits)]
    if len(ticks) > SLICE:
        return Slice(ticks[:SLICE], ticks[SLICE - 1])
    return Slice(ticks, rows[-1][0] if len(rows) == SCAN else None)


def _may_go(state: int, since: int, limits: Limits) -> bool:
    if state == 0:
        return False
    return since < (limits.dead if state == FINAL_DEAD else limits.done)


def remove(c: sqlite3.Connection, ticks: list[int]) -> int:
    """On the writer's thread: remove those of `ticks` that are not pending (again). How many went."""
    listed = orjson.dumps(ticks).decode()
    gone = c.execute(
        "SELECT id, planned FROM event WHERE id IN (SELECT value FROM json_each(?)) AND state != 0", (listed,)
    ).fetchall()
    went = [tick for tick, _ in gone]
    listed = orjson.dumps(went).decode()
    if gone:
        _note_last(c, max(went))
        c.execute(NOTE_SOURCES, (listed,))
    _delete(c, listed)
    answers.forget(c, went)
    count(c, {"events.pruned": len(gone), "deliveries.pruned": sum([planned for _, planned in gone])})
    return len(gone)


def _note_last(c: sqlite3.Connection, tick: int) -> None:
    """The greatest tick that went, for the rows do not tell it any more: no id is given twice."""
    c.execute(
        "INSERT INTO counter VALUES ('events.last', ?) "
        "ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
        (tick,),
    )


def _delete(c: sqlite3.Connection, listed: str) -> None:
    own = f"SELECT value * {PER_EVENT} AS low, (value + 1) * {PER_EVENT} AS high FROM json_each(?)"
    c.execute(
        f"DELETE FROM attempt WHERE (delivery, n) IN (SELECT a.delivery, a.n FROM ({own}) o "
        "CROSS JOIN attempt a ON a.delivery > o.low AND a.delivery < o.high)",
        (listed,),
    )
    c.execute(
        f"DELETE FROM delivery WHERE id IN (SELECT d.id FROM ({own}) o "
        "CROSS JOIN delivery d ON d.id > o.low AND d.id < o.high)",
        (listed,),
    )
    c.execute("DELETE FROM body WHERE event IN (SELECT value FROM json_each(?))", (listed,))
    c.execute("DELETE FROM event WHERE id IN (SELECT value FROM json_each(?))", (listed,))


def forget_names(c: sqlite3.Connection, part: int, before: int) -> None:
    """Forget names of events received before `before`, in one of `SEEN_SLICES` parts of all names."""
    low, high = bytes([part]), bytes([part + 1]) if part < SEEN_SLICES - 1 else b"\xff" * 17
    c.execute(
        "DELETE FROM seen WHERE name >= ? AND name < ? AND coalesce(heard, event) < ?",
        (low, high, tick_at(before)),
    )
