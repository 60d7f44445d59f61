"""Reading what is due, with its events, on a reader's thread."""

import sqlite3
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from relay.delivery import Delivery, Shaped
from relay.event import Event, Ids, unpack_headers
from relay.store.sqlite.rows import PER_EVENT, VIA, delivery_text, key_text

SHAPES: Final = tuple(Shaped)
READ_ROWS: Final = 512
READ_BYTES: Final = 8 << 20
"""Bodies read at once at most; one body may be larger."""

ROWS = f"""
SELECT
    d.id, d.route, d.attempts, d.step, d.born, d.fresh, d.replays, d.shaped, d.batch, d.due, d.chain, e.size
FROM delivery d INDEXED BY delivery_due JOIN event e ON e.id = d.id / {PER_EVENT}
WHERE d.state = 0 AND d.held = 0 AND d.target = ?
"""
DUE = f"{ROWS} AND d.due <= ? ORDER BY d.due LIMIT ?"
MATES = f"{ROWS} AND d.due = ? AND d.batch IN (SELECT value FROM json_each(?))"
NEXT = """
SELECT min(due) FROM delivery INDEXED BY delivery_due WHERE state = 0 AND held = 0 AND target = ? AND due > ?
"""
EVENTS = """
SELECT e.id, e.source, e.key, e.type, e.via, e.received, e.occurred, b.headers, b.query, b.body
FROM event e JOIN body b ON b.event = e.id
WHERE e.id IN (SELECT value FROM json_each(?))
"""


class Taken(NamedTuple):
    """What of a target's rows is at hand in memory: ready, or being tried."""

    rows: frozenset[int]
    chains: frozenset[bytes]


class Row(NamedTuple):
    """One that is due."""

    id: int
    route: str
    attempts: int
    step: int
    born: int
    fresh: int
    replays: int
    shaped: int
    batch: int | None
    due: int
    chain: bytes | None
    size: int


@dataclass(frozen=True, slots=True)
class Due:
    """What a reading found."""

    deliveries: list[Delivery]
    all_due: bool
    next_due: int | None
    passed: set[bytes] = field(default_factory=set[bytes])
    """Chains whose head was passed over, for one of them is at hand."""


def read_due(
    c: sqlite3.Connection, target: str, now: int, taken: Taken, ids: Ids, room: int = READ_BYTES
) -> Due:
    """Deliveries due at `target`, oldest due first, but for what is `taken`; bodies of `room` bytes at most.

    What was tried in one batch, and is due at one moment, comes as a whole.
    """
    c.execute("BEGIN")
    try:
        limit = READ_ROWS + len(taken.rows) + len(taken.chains)
        rows = _read(c, DUE, (target, now, limit))
        free = [row for row in rows if row.id not in taken.rows and row.chain not in taken.chains]
        chosen = _within(free, room)
        all_due = len(rows) < limit and len(chosen) == len(free)
        if not all_due:
            chosen += _mates(c, target, chosen, taken)
        next_due = c.execute(NEXT, (target, now)).fetchone()[0]
        events = read_events(c, sorted({row.id // PER_EVENT for row in chosen}), ids)
    finally:
        c.execute("COMMIT")
    # one whose body vanished is for `audit` to tell; the rest of the line goes on
    found = [
        _delivery(row, target, events[row.id // PER_EVENT], ids)
        for row in chosen
        if row.id // PER_EVENT in events
    ]
    passed = {row.chain for row in rows if row.id not in taken.rows and row.chain in taken.chains}
    return Due(found, all_due, next_due, {chain for chain in passed if chain is not None})


def _read(c: sqlite3.Connection, statement: str, given: tuple[object, ...]) -> list[Row]:
    return [Row(*row) for row in c.execute(statement, given)]


def _within(rows: list[Row], room: int) -> list[Row]:
    """As many of the first rows as their bodies fit, one at least."""
    total = 0
    for n, row in enumerate(rows):
        total += row.size
        if total > room and n:
            return rows[:n]
    return rows


def _mates(c: sqlite3.Connection, target: str, chosen: list[Row], taken: Taken) -> list[Row]:
    """What was tried together with the last ones of `chosen`, and was cut off."""
    due = chosen[-1].due if chosen else 0
    batches = {row.batch for row in chosen if row.due == due and row.batch is not None}
    if not batches:
        return []
    mates = _read(c, MATES, (target, due, f"[{','.join(map(str, batches))}]"))
    there = {row.id for row in chosen} | taken.rows
    return [row for row in mates if row.id not in there and row.chain not in taken.chains]


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


def _delivery(row: Row, target: str, event: Event, ids: Ids) -> Delivery:
    return Delivery(
        id=delivery_text(ids, row.id),
        key=key_text(ids, row.id, row.fresh),
        route=row.route,
        target=target,
        attempts=row.attempts,
        step=row.step,
        born=row.born,
        event=event,
        replays=row.replays,
        shaped=SHAPES[row.shaped],
        batch=row.batch,
        due=row.due,
        chain=row.chain,
    )
