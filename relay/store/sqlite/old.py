"""Deliveries that have become too old while nobody could try them."""

import sqlite3
from typing import Final, NamedTuple

from relay.delivery import Ended
from relay.event import Ids
from relay.route import OWN_SOURCE
from relay.store.sqlite.chains import Head, chains_of, mend
from relay.store.sqlite.rows import PER_EVENT, chunks, values
from relay.store.sqlite.settle import settle_events

AT_ONCE: Final = 500

OLD = f"""
SELECT d.id, d.route, e.source IS ? FROM delivery d INDEXED BY delivery_due
LEFT JOIN event e ON e.id = d.id / {PER_EVENT}
WHERE d.state = 0 AND d.target = ? AND d.born <= ? LIMIT ?
"""
OLDEST = "SELECT min(born) FROM delivery INDEXED BY delivery_due WHERE state = 0 AND target = ? AND born > ?"


class Old(NamedTuple):
    """Some that are too old."""

    rows: list[int]
    oldest: int | None
    """When the oldest that is left was born."""
    own: int
    """How many of them are of relay's own events."""
    last: tuple[int, str] | None
    """Of those that are not, the last one and its route."""

    def ended(self, ids: Ids) -> Ended:
        """The same in relay's own words."""
        row, route = self.last or (0, "")
        event = ids.text(row // PER_EVENT) if row else ""
        return Ended(len(self.rows), self.oldest, self.own, event, route)


def find(c: sqlite3.Connection, target: str, born_before: int, taken: frozenset[int]) -> Old:
    """On a reader's thread: some that are too old, and when the oldest that is not was born."""
    found = c.execute(OLD, (OWN_SOURCE, target, born_before, AT_ONCE + len(taken))).fetchall()
    some = [each for each in found if each[0] not in taken][:AT_ONCE]
    others = [(row, route) for row, route, own in some if not own]
    more = len(some) >= AT_ONCE
    oldest = born_before if more else c.execute(OLDEST, (target, born_before)).fetchone()[0]
    return Old([row for row, *_ in some], oldest, len(some) - len(others), max(others, default=None))


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
