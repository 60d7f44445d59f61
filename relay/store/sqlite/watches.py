"""What is watched: rows of the file."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from relay.store.batch import Batch
from relay.store.progress import Watch
from relay.store.sqlite.rows import chunks, flat, values

SLICE: Final = 500

BEGIN = """
INSERT INTO watch (name, key, started, until, due, about, state) VALUES {values}
ON CONFLICT (name, key) DO UPDATE SET
    started = excluded.started, until = excluded.until, due = excluded.due, about = excluded.about
"""
MOVE = """
WITH new (name, key, started, due, state) AS (VALUES {values})
UPDATE watch SET due = CASE watch.started WHEN new.started THEN new.due ELSE watch.due END, state = new.state
FROM new WHERE watch.name = new.name AND watch.key = new.key
"""
"""One that was begun again while it was asked for is due when that beginning says."""
END = """
WITH old (name, key, started) AS (VALUES {values})
DELETE FROM watch WHERE (name, key) IN (
    SELECT old.name, old.key FROM old CROSS JOIN watch w
    ON w.name = old.name AND w.key = old.key AND w.started = old.started
)
"""
DUE = """
SELECT name, key, started, until, due, about, state FROM watch INDEXED BY watch_due
WHERE name = ? AND due <= ? ORDER BY due LIMIT ?
"""
NEXT_DUE = "SELECT min(due) FROM watch INDEXED BY watch_due WHERE name = ?"
NEXT_NAME = "SELECT min(name) FROM watch INDEXED BY watch_due WHERE name > ?"

Dues = Mapping[str, int | None]
"""Watch → when the next thing of it is due; None: it watches nothing."""


def touched(batch: Batch) -> set[str]:
    """The watches whose next due time `batch` may change."""
    names: set[str] = set()
    for append in batch.appends:
        for entry in append.entries:
            if entry.watches:
                names.update([watch.name for watch in entry.watches])
        if append.advance is not None:
            names.update([watch.name for watch in (*append.advance.moved, *append.advance.ended)])
    return names


def begin(c: sqlite3.Connection, watches: Sequence[Watch]) -> None:
    """On the writer's thread, inside a transaction: watch these, for the event that has just been stored."""
    for some in chunks(watches):
        rows = [(w.name, w.key, w.started, w.until, w.due, w.about, w.state) for w in some]
        c.execute(BEGIN.format(values=values(7, len(rows))), flat(rows))


def move(c: sqlite3.Connection, watches: Sequence[Watch]) -> None:
    for some in chunks(watches):
        rows = [(w.name, w.key, w.started, w.due, w.state) for w in some]
        c.execute(MOVE.format(values=values(5, len(rows))), flat(rows))


def end(c: sqlite3.Connection, watches: Sequence[Watch]) -> None:
    for some in chunks(watches):
        rows = [(w.name, w.key, w.started) for w in some]
        c.execute(END.format(values=values(3, len(rows))), flat(rows))


def next_due(c: sqlite3.Connection, names: Iterable[str]) -> Dues:
    return {name: c.execute(NEXT_DUE, (name,)).fetchone()[0] for name in names}


def recall(c: sqlite3.Connection) -> dict[str, int]:
    """When the next thing of each watch is due, however many things there are: name by name."""
    names: list[str] = []
    name = c.execute(NEXT_NAME, ("",)).fetchone()[0]
    while name is not None:
        names.append(name)
        name = c.execute(NEXT_NAME, (name,)).fetchone()[0]
    return {name: at for name, at in next_due(c, names).items() if at is not None}


def due(c: sqlite3.Connection, name: str, now: int, limit: int) -> list[Watch]:
    """On a reader's thread: what is due, the oldest due first."""
    return [Watch(*row) for row in c.execute(DUE, (name, now, limit))]


def count(c: sqlite3.Connection) -> dict[str, int]:
    """How many things each watch watches."""
    return dict(c.execute("SELECT name, count(*) FROM watch INDEXED BY watch_due GROUP BY name").fetchall())


def forget(c: sqlite3.Connection, name: str) -> bool:
    """On the writer's thread: a slice of them goes; whether all have."""
    slice = "SELECT key FROM watch WHERE name = ?1 LIMIT ?2"
    gone = c.execute(f"DELETE FROM watch WHERE name = ?1 AND key IN ({slice})", (name, SLICE)).rowcount
    return gone < SLICE
