"""What enrichments answered, by event: rows of the file."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

import orjson

from relay.event import Ids
from relay.store.progress import Json
from relay.store.sqlite.rows import chunks, flat, values

KEEP: Final = """
WITH new (event, name, json) AS (VALUES {values})
INSERT INTO answer (event, name, json)
SELECT new.event, new.name, new.json FROM new WHERE EXISTS (SELECT 1 FROM event e WHERE e.id = new.event)
ON CONFLICT (event, name) DO UPDATE SET json = excluded.json
"""
"""An event may have been let go meanwhile."""
FORGET: Final = "DELETE FROM answer WHERE event IN (SELECT value FROM json_each(?))"


def keep(c: sqlite3.Connection, answers: Mapping[tuple[str, str], Json], ids: Ids) -> None:
    """On the writer's thread, inside a transaction: `answers` by event and name."""
    rows = [(ids.tick(event), name, json) for (event, name), json in answers.items()]
    for some in chunks(rows):
        c.execute(KEEP.format(values=values(3, len(some))), flat(some))


def forget(c: sqlite3.Connection, events: Sequence[int]) -> None:
    """On the writer's thread, inside a transaction: those of `events` (ticks) go."""
    if events:
        c.execute(FORGET, (orjson.dumps(events).decode(),))


def of(c: sqlite3.Connection, event: int) -> dict[str, Json]:
    """On a reader's thread: those of one event (its tick), by name."""
    return dict(c.execute("SELECT name, json FROM answer WHERE event = ?", (event,)).fetchall())
