"""What is known of polls, and what their lists held: rows of the file."""

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from relay.store.progress import Advance, Item, Json
from relay.store.sqlite.rows import chunks, flat, values

SLICE: Final = 500
SCAN: Final = 5_000
"""Rows looked at for one slice at most."""
AT_ONCE: Final = 256
"""Items to a statement: lists are long, and their rows are small."""

REMEMBER = """
INSERT INTO poll (name, part, state) VALUES (?, ?, ?)
ON CONFLICT (name, part) DO UPDATE SET state = excluded.state
"""
LIST = "SELECT id FROM poll WHERE name = ? AND part = ?"
LISTED = """
INSERT INTO item VALUES {values}
ON CONFLICT (list, name) DO UPDATE SET at = excluded.at, digest = excluded.digest, n = excluded.n
WHERE excluded.at - item.at > ? OR excluded.n != item.n OR excluded.digest IS NOT item.digest
"""
"""Most of what is listed is as it was, and then nothing is written."""
KNOWN = "SELECT name, at, digest, n FROM item WHERE list = ? AND name IN ({marks})"
NEXT_LIST = "SELECT min(id) FROM poll WHERE name = ?1 AND id >= ?2 AND part = coalesce(?3, part)"
SCANNED = "SELECT name, at FROM item WHERE list = ? AND name > ? ORDER BY name LIMIT ?"

Parts = dict[str, dict[str, Json]]
"""Poll → part → state."""


def item_name(salt: bytes, id: str) -> bytes:
    """An item's id as `item` has it. Keyed, so that nobody who writes into a list can make two meet."""
    return hashlib.blake2b(id.encode(), digest_size=16, key=salt).digest()


def recall(c: sqlite3.Connection) -> Parts:
    """What is remembered of polls."""
    found: Parts = {}
    for poll, part, state in c.execute("SELECT name, part, state FROM poll"):
        found.setdefault(poll, {})[part] = state
    return found


def remember(c: sqlite3.Connection, polls: Mapping[tuple[str, str], Json]) -> None:
    """On the writer's thread, inside a transaction."""
    for (poll, part), state in polls.items():
        c.execute(REMEMBER, (poll, part, state))


def advance(c: sqlite3.Connection, moved: Advance, salt: bytes) -> None:
    """On the writer's thread, inside a transaction: the state, and what was listed."""
    c.execute(REMEMBER, (moved.poll, moved.part, moved.state))
    if not moved.items:
        return
    of = moved.part if moved.items_of is None else moved.items_of
    if of != moved.part:
        c.execute(
            "INSERT INTO poll (name, part, state) VALUES (?, ?, '{}') ON CONFLICT DO NOTHING",
            (moved.poll, of),
        )
    list_id = c.execute(LIST, (moved.poll, of)).fetchone()[0]
    for some in chunks(moved.items, AT_ONCE):
        rows = [(list_id, item_name(salt, item.id), item.at, item.digest, item.n) for item in some]
        c.execute(LISTED.format(values=values(5, len(rows))), [*flat(rows), moved.refresh])


def known(c: sqlite3.Connection, poll: str, part: str, ids: Sequence[str], salt: bytes) -> dict[str, Item]:
    """On a reader's thread: those of `ids` that were ever listed."""
    row = c.execute(LIST, (poll, part)).fetchone()
    found: dict[str, Item] = {}
    if row is None:
        return found
    for some in chunks(ids, AT_ONCE):
        names = {item_name(salt, id): id for id in some}
        asked = KNOWN.format(marks=values(len(names), 1)[1:-1])
        for name, at, digest, n in c.execute(asked, (*row, *names)):
            found[names[name]] = Item(names[name], at, digest, n)
    return found


@dataclass(frozen=True, slots=True)
class Old:
    """A slice of a list: the names that may go, and where to look on (None: looked at all of the poll)."""

    list_id: int
    names: list[bytes]
    after: tuple[int, bytes] | None


def find_old(
    c: sqlite3.Connection, poll: str, part: str | None, after: tuple[int, bytes], before: int
) -> Old:
    """On a reader's thread: of one list of `poll`, behind `after`, what was last listed `before`."""
    start, name = after
    list_id = c.execute(NEXT_LIST, (poll, start, part)).fetchone()[0]
    if list_id is None:
        return Old(0, [], None)
    rows = c.execute(SCANNED, (list_id, name if list_id == start else b"", SCAN)).fetchall()
    names = [name for name, at in rows if at < before]
    if len(names) > SLICE:
        return Old(list_id, names[:SLICE], (list_id, names[SLICE - 1]))
    return Old(list_id, names, (list_id, rows[-1][0]) if len(rows) == SCAN else (list_id + 1, b""))


def drop_old(c: sqlite3.Connection, old: Old, before: int) -> None:
    """On the writer's thread: they go, but for those that were listed again since."""
    for some in chunks(old.names, AT_ONCE):
        c.execute(
            f"DELETE FROM item WHERE list = ? AND at < ? AND name IN ({values(len(some), 1)[1:-1]})",
            (old.list_id, before, *some),
        )


def forget(c: sqlite3.Connection, poll: str, part: str) -> bool:
    """On the writer's thread: a slice of a part's items goes, with the last its state; whether all did."""
    row = c.execute(LIST, (poll, part)).fetchone()
    if row is None:
        return True
    slice = "SELECT name FROM item WHERE list = ?1 LIMIT ?2"
    gone = c.execute(f"DELETE FROM item WHERE list = ?1 AND name IN ({slice})", (*row, SLICE)).rowcount
    if gone < SLICE:
        c.execute("DELETE FROM poll WHERE id = ?", row)
    return gone < SLICE
