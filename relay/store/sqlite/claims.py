"""Reading what is due, with its events, on a reader's thread."""

import sqlite3
from dataclasses import dataclass
from typing import Final

from relay.delivery import Delivery
from relay.event import Event, Ids, unpack_headers
from relay.store.sqlite.rows import PER_EVENT, VIA, delivery_text, key_text

READ_ROWS: Final = 512
READ_BYTES: Final = 8 << 20
"""Bodies read at once at most; one body may be larger."""

DUE = f"""
SELECT d.id, d.route, d.attempts, d.step, d.born, d.fresh, e.size, d.replays
FROM delivery d INDEXED BY delivery_due JOIN event e ON e.id = d.id / {PER_EVENT}
WHERE d.state = 0 AND d.target = ? AND d.due <= ?
ORDER BY d.due LIMIT ?
"""
NEXT = "SELECT min(due) FROM delivery INDEXED BY delivery_due WHERE state = 0 AND target = ? AND due > ?"
EVENTS = """
SELECT e.id, e.source, e.key, e.type, e.via, e.received, e.occurred, b.headers, b.query, b.body
FROM event e JOIN body b ON b.event = e.id
WHERE e.id IN (SELECT value FROM json_each(?))
"""


@dataclass(frozen=True, slots=True)
class Due:
    """What a reading found."""

    deliveries: list[Delivery]
    all_due: bool
    next_due: int | None


def read_due(
    c: sqlite3.Connection, target: str, now: int, held: frozenset[int], ids: Ids, room: int = READ_BYTES
) -> Due:
    """Deliveries due at `target`, oldest due first, but for those `held`; bodies of `room` bytes at most."""
    c.execute("BEGIN")
    try:
        limit = READ_ROWS + len(held)
        rows = c.execute(DUE, (target, now, limit)).fetchall()
        free = [row for row in rows if row[0] not in held]
        chosen = _within(free, room)
        next_due = c.execute(NEXT, (target, now)).fetchone()[0]
        events = read_events(c, sorted({row[0] // PER_EVENT for row in chosen}), ids)
    finally:
        c.execute("COMMIT")
    # one whose body vanished is for `audit` to tell; the rest of the line goes on
    found = [
        _delivery(row, target, events[row[0] // PER_EVENT], ids)
        for row in chosen
        if row[0] // PER_EVENT in events
    ]
    return Due(found, len(rows) < limit and len(chosen) == len(free), next_due)


def _within(rows: list[tuple[int, ...]], room: int) -> list[tuple[int, ...]]:
    """As many of the first rows as their bodies fit, one at least."""
    total = 0
    for n, row in enumerate(rows):
        total += row[6]
        if total > room and n:
            return rows[:n]
    return rows


def read_events(c: sqlite3.Connection, ticks: list[int], ids: Ids) -> dict[int, Event]:
    """Whole events by their ticks."""
    listed = f"[{','.join(map(str, ticks))}]"
    return {
        tick: Event(
            id=ids.text(tick),
            source=source,
            key=key,
            type=kind,
            via=VIA[via],
            received=received,
            occurred=occurred,
            headers=unpack_headers(headers),
            query=query,
            body=body,
        )
        for tick, source, key, kind, via, received, occurred, headers, query, body in c.execute(
            EVENTS, (listed,)
        )
    }


def _delivery(row: tuple[int, ...], target: str, event: Event, ids: Ids) -> Delivery:
    number, route, attempts, step, born, fresh, _size, replays = row
    return Delivery(
        id=delivery_text(ids, number),
        key=key_text(ids, number, fresh),
        route=str(route),
        target=target,
        attempts=attempts,
        step=step,
        born=born,
        event=event,
        replays=replays,
    )
