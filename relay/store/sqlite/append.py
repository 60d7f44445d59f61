"""New events into the file, on the writer's thread, inside a transaction that is open."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Final

from relay.delivery import State
from relay.event import Event, Ids, pack_headers
from relay.store.protocol import Entry, Receipt
from relay.store.sqlite.rows import PER_EVENT, VIA, chunks, flat, seen_name, values

Row = tuple[object, ...]
New = tuple[int, Entry]
"""A new event's tick, and the event."""
Born = Callable[[str, int], int]
"""Target and moment → the target's own time."""
PENDING: Final = int(State.PENDING)
UNROUTED: Final = int(State.UNROUTED)


def append(
    c: sqlite3.Connection, entries: Sequence[Entry], ids: Ids, salt: bytes, born: Born
) -> list[Receipt]:
    """Store what is new of `entries`; a receipt for each, in order."""
    names = [_names(salt, entry.event) for entry in entries]
    known = _known(c, [name for mine in names for name in mine])
    receipts, new, learnt = _sort_out(entries, names, known, ids)
    if new:
        _insert_events(c, new)
        insert_deliveries(c, [row for tick, entry in new for row in _deliveries(tick, entry, born)])
    _insert_names(c, learnt)
    return receipts


def _names(salt: bytes, event: Event) -> list[bytes]:
    if event.key is None:
        return [seen_name(salt, event.source, name) for name in event.also]
    return [seen_name(salt, event.source, name) for name in (event.key, *event.also)]


def _known(c: sqlite3.Connection, names: list[bytes]) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for some in chunks(names):
        query = f"SELECT name, event FROM seen WHERE name IN ({values(len(some), 1)[1:-1]})"
        found.update(c.execute(query, some).fetchall())
    return found


def _sort_out(
    entries: Sequence[Entry], names: list[list[bytes]], known: dict[bytes, int], ids: Ids
) -> tuple[list[Receipt], list[New], list[tuple[bytes, int]]]:
    """Which are new, which are known, and the names to learn; two of one name in here are one event, too."""
    receipts: list[Receipt] = []
    new: list[New] = []
    learnt: list[tuple[bytes, int]] = []
    for entry, mine in zip(entries, names, strict=True):
        first = _first_known(mine, known)
        if first is None:
            tick = ids.tick(entry.event.id)
            new.append((tick, entry))
            receipts.append(Receipt(entry.event.id))
        else:
            tick = first
            receipts.append(Receipt(ids.text(first), duplicate=True))
        for name in mine:
            if name not in known:
                known[name] = tick
                learnt.append((name, tick))
    return receipts, new, learnt


def _first_known(names: list[bytes], known: dict[bytes, int]) -> int | None:
    for name in names:
        if name in known:
            return known[name]
    return None


def _insert_events(c: sqlite3.Connection, new: list[New]) -> None:
    for some in chunks(new):
        rows: list[object] = []
        bodies: list[object] = []
        for tick, entry in some:
            event, planned = entry.event, len(entry.planned)
            rows += (tick, event.source, event.key, event.type, VIA.index(event.via), event.received)
            rows += (event.occurred, len(event.body), PENDING if planned else UNROUTED, planned)
            bodies += (tick, pack_headers(event.headers), event.query, event.body)
        c.execute(f"INSERT INTO event VALUES {values(10, len(some))}", rows)
        c.execute(f"INSERT INTO body VALUES {values(4, len(some))}", bodies)
    count(c, "events.accepted", len(new))


def _deliveries(tick: int, entry: Entry, born: Born) -> list[Row]:
    first, at = tick * PER_EVENT, entry.event.received
    return [
        (first + n, planned.route, planned.target, at, born(planned.target, at))
        for n, planned in enumerate(entry.planned, start=1)
    ]


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
