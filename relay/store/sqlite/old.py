"""Deliveries that have become too old while nobody could try them."""

import sqlite3
from typing import Final

from relay.store.sqlite.chains import Head, chains_of, mend
from relay.store.sqlite.rows import PER_EVENT, chunks, values
from relay.store.sqlite.settle import settle_events

AT_ONCE: Final = 500

OLD = """
SELECT id FROM delivery INDEXED BY delivery_due WHERE state = 0 AND target = ? AND born <= ? LIMIT ?
"""
OLDEST = "SELECT min(born) FROM delivery INDEXED BY delivery_due WHERE state = 0 AND target = ? AND born > ?"


def find(
    c: sqlite3.Connection, target: str, born_before: int, taken: frozenset[int]
) -> tuple[list[int], int | None]:
    """On a reader's thread: some that are too old, and when the oldest that is not was born."""
    rows = c.execute(OLD, (target, born_before, AT_ONCE + len(taken))).fetchall()
    found = [row for (row,) in rows if row not in taken]
    if len(found) >= AT_ONCE:
        return found[:AT_ONCE], born_before
    return found, c.execute(OLDEST, (target, born_before)).fetchone()[0]


def end(c: sqlite3.Connection, rows: list[int], reason: str, now: int) -> list[Head]:
    """On the writer's thread: they are dead, but for those that something has happened to since.

    The heads of their chains.
    """
    for some in chunks(rows):
        c.execute(
            "UPDATE delivery SET state = 3, settled = ?, error = ? "
            f"WHERE state = 0 AND id IN ({values(len(some), 1)[1:-1]})",
            (now, reason, *some),
        )
    settle_events(c, sorted({row // PER_EVENT for row in rows}))
    return mend(c, chains_of(c, rows))
