"""New events into the file, on the writer's thread, inside a transaction that is open."""

import sqlite3
from collections.abc import Callable, Sequence

from relay.delivery import State
from relay.event import Ids, pack_headers
from relay.store.protocol import Entry, Receipt
from relay.store.sqlite.rows import PER_EVENT, VIA, chunks, flat, seen_name, values

Row = tuple[object, ...]
Born = Callable[[str, int], int]
"""Target and moment → the target's own time."""


def append(
    c: sqlite3.Connection, entries: Sequence[Entry], ids: Ids, salt: bytes, born: Born
) -> list[Receipt]:
    """Store what is new of `entries`; a receipt for each, in order."""
    names = [_names(salt, entry) for entry in entries]
    known = _known(c, [name for some in names for name in some])
    receipts, new, learnt = _sort_out(entries, names, known, ids)
    if new:
        _insert_events(c, new, ids)
        _insert_deliveries(c, new, ids, born)
    _insert_names(c, learnt)
    return receipts


def _names(salt: bytes, entry: Entry) -> list[bytes]:
    event = entry.event
    if event.key is None and not event.also:
        return []
    own = () if event.key is None else (event.key,)
    return [seen_name(salt, event.source, name) for name in (*own, *event.also)]


def _known(c: sqlite3.Connection, names: list[bytes]) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for some in chunks(names):
        query = f"SELECT name, event FROM seen WHERE name IN ({values(len(some), 1)[1:-1]})"
        found.update(c.execute(query, some).fetchall())
    return found


def _sort_out(
    entries: Sequence[Entry], names: list[list[bytes]], known: dict[bytes, int], ids: Ids
) -> tuple[list[Receipt], list[Entry], list[tuple[bytes, int]]]:
    """Which are new, which are known, and the names to learn; two of one name in here are one event, too."""
    receipts: list[Receipt] = []
    new: list[Entry] = []
    learnt: list[tuple[bytes, int]] = []
    for entry, mine in zip(entries, names, strict=True):
        first = next((known[name] for name in mine if name in known), None)
        tick = ids.tick(entry.event.id) if first is None else first
        if first is None:
            new.append(entry)
        receipts.append(Receipt(ids.text(tick), duplicate=first is not None))
        for name in mine:
            if name not in known:
                known[name] = tick
                learnt.append((name, tick))
    return receipts, new, learnt


def _insert_events(c: sqlite3.Connection, entries: list[Entry], ids: Ids) -> None:
    for some in chunks(entries):
        rows: list[object] = []
        bodies: list[object] = []
        for entry in some:
            event = entry.event
            tick = ids.tick(event.id)
            planned = len(entry.planned)
            state = State.PENDING if planned else State.UNROUTED
            rows += (tick, event.source, event.key, event.type, VIA.index(event.via), event.received)
            rows += (event.occurred, len(event.body), int(state), planned)
            bodies += (tick, pack_headers(event.headers), event.query, event.body)
        c.execute(f"INSERT INTO event VALUES {values(10, len(some))}", rows)
        c.execute(f"INSERT INTO body VALUES {values(4, len(some))}", bodies)
    count(c, "events.accepted", len(entries))


def _insert_deliveries(c: sqlite3.Connection, entries: list[Entry], ids: Ids, born: Born) -> None:
    rows: list[Row] = []
    for entry in entries:
        event = entry.event
        first = ids.tick(event.id) * PER_EVENT
        rows += [
            (first + n, planned.route, planned.target, event.received, born(planned.target, event.received))
            for n, planned in enumerate(entry.planned, start=1)
        ]
    insert_deliveries(c, rows)


def insert_deliveries(c: sqlite3.Connection, rows: list[Row]) -> None:
    """Pending deliveries: (id, route, target, due, born)."""
    for some in chunks(rows):
        c.execute(
            "INSERT INTO delivery (id, route, target, state, attempts, step, due, born, fresh) "
            "SELECT column1, column2, column3, 0, 0, 0, column4, column5, 0 "
            f"FROM (VALUES {values(5, len(some))})",
            flat(some),
        )
    if rows:
        count(c, "deliveries.planned", len(rows))


def _insert_names(c: sqlite3.Connection, learnt: list[tuple[bytes, int]]) -> None:
    for some in chunks(learnt):
        c.execute(f"INSERT INTO seen VALUES {values(2, len(some))}", flat(some))


def count(c: sqlite3.Connection, counter: str, by: int) -> None:
    """Add to a counter, in the transaction of what it counts."""
    c.execute("UPDATE counter SET value = value + ? WHERE name = ?", (by, counter))
