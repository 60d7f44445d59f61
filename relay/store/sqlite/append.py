"""New events into the file, on the writer's thread, inside a transaction that is open."""

import sqlite3
from collections.abc import Sequence
from typing import Final, NamedTuple

import orjson

from relay.delivery import State
from relay.event import Event, Ids, pack_headers, tick_in
from relay.route import Planned
from relay.store.protocol import Entry, Receipt
from relay.store.sqlite.owed import Born, Chained, New, insert_owed
from relay.store.sqlite.rows import VIA, chunks, flat, seen_name, values
from relay.store.sqlite.watches import begin

Learnt = tuple[bytes, int, int | None]
"""A name, its event's tick, and the tick of the duplicate that brought it (None: the event itself did)."""


class Appended(NamedTuple):
    """What came of entries."""

    receipts: list[Receipt]
    """Of each, in order."""
    chained: Chained
    """Of their deliveries that have an order."""


def append(
    c: sqlite3.Connection, entries: Sequence[Entry], ids: Ids, salt: bytes, born: Born, now: int
) -> Appended:
    """Store what is new of `entries`.

    Most batches hold nothing that is known: their names are learnt without having been looked for, and
    only where one was known after all are they taken back and looked for.
    """
    names = [_names(salt, entry.event) for entry in entries]
    sorted_out = _sort_out(entries, names, {}, ids)
    if not _learn(c, sorted_out.learnt):
        _unlearn(c, sorted_out.learnt)
        sorted_out = _sort_out(entries, names, known(c, [name for mine in names for name in mine]), ids)
        _learn(c, sorted_out.learnt)
    chained: Chained = {}
    if sorted_out.new:
        _insert_events(c, sorted_out.new)
        chained = insert_owed(c, sorted_out.new, born, now, salt)
        planned = sum([len(entry.planned) for _, entry in sorted_out.new])
        begun = [watch for _, entry in sorted_out.new for watch in entry.watches]
        if begun:
            begin(c, begun)
        count(c, {"events.accepted": len(sorted_out.new), "deliveries.planned": planned})
    return Appended(sorted_out.receipts, chained)


def _names(salt: bytes, event: Event) -> list[bytes]:
    if event.key is None or event.key == event.id:
        return [seen_name(salt, event.source, name) for name in event.also]
    return [seen_name(salt, event.source, name) for name in (event.key, *event.also)]


class _SortedOut(NamedTuple):
    receipts: list[Receipt]
    new: list[New]
    learnt: list[Learnt]


def _sort_out(
    entries: Sequence[Entry], names: list[list[bytes]], known: dict[bytes, int], ids: Ids
) -> _SortedOut:
    """Which are new, which are known, and the names to learn; two of one name in here are one event, too."""
    found = _SortedOut([], [], [])
    for entry, mine in zip(entries, names, strict=True):
        first = _first_known(mine, known)
        if first is None:
            event, heard = tick_in(entry.event.id), None
            found.new.append((event, entry))
            found.receipts.append(Receipt(entry.event.id))
        else:
            event, heard = first, tick_in(entry.event.id)
            found.receipts.append(Receipt(ids.text(first), duplicate=True))
        for name in mine:
            if name not in known:
                known[name] = event
                found.learnt.append((name, event, heard))
    return found


def _first_known(names: list[bytes], known: dict[bytes, int]) -> int | None:
    for name in names:
        if name in known:
            return known[name]
    return None


def _learn(c: sqlite3.Connection, learnt: list[Learnt]) -> bool:
    """Whether all of them were unknown indeed; those that were are learnt."""
    made = 0
    for some in chunks(learnt):
        insert = f"INSERT INTO seen VALUES {values(3, len(some))} ON CONFLICT DO NOTHING"
        made += c.execute(insert, flat(some)).rowcount
    return made == len(learnt)


def _unlearn(c: sqlite3.Connection, learnt: list[Learnt]) -> None:
    """Take back what `_learn` has just put in: known names are other events'."""
    events = orjson.dumps(sorted({event for _, event, _ in learnt})).decode()
    for some in chunks([name for name, _, _ in learnt]):
        c.execute(
            f"DELETE FROM seen WHERE name IN ({values(len(some), 1)[1:-1]}) "
            "AND event IN (SELECT value FROM json_each(?))",
            (*some, events),
        )


def known(c: sqlite3.Connection, names: list[bytes]) -> dict[bytes, int]:
    """Those of `names` that are known, and the ticks of their events."""
    found: dict[bytes, int] = {}
    for some in chunks(names):
        query = f"SELECT name, event FROM seen WHERE name IN ({values(len(some), 1)[1:-1]})"
        found.update(c.execute(query, some).fetchall())
    return found


def _insert_events(c: sqlite3.Connection, new: list[New]) -> None:
    for some in chunks(new):
        rows: list[object] = []
        bodies: list[object] = []
        for tick, entry in some:
            event, planned = entry.event, entry.planned
            rows += (tick, event.source, event.key, event.type, VIA.index(event.via), event.received)
            rows += (event.occurred, len(event.body), _state(planned), len(planned))
            bodies += (tick, pack_headers(event.headers), event.query, event.body)
        c.execute(f"INSERT INTO event VALUES {values(10, len(some))}", rows)
        c.execute(f"INSERT INTO body VALUES {values(4, len(some))}", bodies)


BY_RANK: Final = [
    (state, int(state)) for state in (State.PENDING, State.DEAD, State.DELIVERED, State.SKIPPED)
]
UNROUTED: Final = int(State.UNROUTED)


def _state(planned: Sequence[Planned]) -> int:
    """An event's state by what is planned for it: contract 5."""
    states = [owed.state for owed in planned]
    for state, number in BY_RANK:
        if state in states:
            return number
    return UNROUTED


COUNT: Final = """
UPDATE counter SET value = value + (SELECT by.value FROM json_each(?1) AS by WHERE by.key = counter.name)
WHERE name IN (SELECT key FROM json_each(?1))
"""


def count(c: sqlite3.Connection, by: dict[str, int]) -> None:
    """Add to counters, in the transaction of what they count."""
    c.execute(COUNT, (orjson.dumps(by).decode(),))
