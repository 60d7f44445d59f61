"""What new events are owed, as rows: on the writer's thread, inside a transaction that is open."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Final, NamedTuple

import orjson

from relay.delivery import State
from relay.event import EPOCH
from relay.route import Planned
from relay.store.protocol import Entry
from relay.store.sqlite.chains import chain_name, waited_for
from relay.store.sqlite.rows import PER_EVENT, chunks, flat, kept_text

New = tuple[int, Entry]
"""A new event's tick, and the event."""
Born = Callable[[str, int], int]
"""Target and moment → the target's own time."""
Chained = dict[int, bytes]
"""Rows that are in a chain, and not held: their chains."""

FEW: Final = 4
"""With more plans than this, one for no more events than this is not worth statements of its own."""

OWED: Final = f"""
INSERT INTO delivery (id, route, target, state, attempts, step, due, born, fresh, settled, error, shaped)
SELECT value * {PER_EVENT} + ?1, ?2, ?3, ?6, 0, 0, at, at - ?5, 0, ?7, ?8, ?9
FROM (SELECT value, min(value + {EPOCH}, ?4) AS at FROM json_each(?10))
"""
"""For each event (tick) a delivery: its number, route, target; when the last of them was received, for a tick
may be ahead of its event where the clock went back; what the target's clock is behind; its state, when it
ended, and why; how it is shaped."""


class Row(NamedTuple):
    """A delivery that was never tried."""

    id: int
    route: str
    target: str
    state: int
    due: int
    born: int
    settled: int | None
    error: str | None
    shaped: int
    chain: bytes | None
    held: int


def insert_owed(c: sqlite3.Connection, new: Sequence[New], born: Born, now: int, salt: bytes) -> Chained:
    """The deliveries of `new`: where many events are planned alike, all of one number by one statement."""
    alike: dict[int, tuple[tuple[Planned, ...], list[int]]] = {}
    last = 0
    for tick, entry in new:
        alike.setdefault(id(entry.planned), (entry.planned, []))[1].append(tick)
        last = max(last, entry.event.received)
    rows: list[Row] = []
    behind = _Behind(born, now)
    for planned, ticks in alike.values():
        worth = len(alike) <= FEW or len(ticks) > FEW
        if worth and all([owed.order is None for owed in planned]):  # noqa: C419  a generator costs more
            _insert_alike(c, planned, ticks, behind, last)
        elif planned:
            rows += _rows(planned, ticks, behind, last, salt)
    return _insert_in_order(c, rows)


def planned_row(row: int, owed: Planned, due: int, born: int, now: int, salt: bytes) -> Row:
    """A delivery as it is planned; one of a chain is held until somebody lets it go."""
    chain = None if owed.order is None else chain_name(salt, owed.target, owed.order)
    pending = owed.state is State.PENDING
    return Row(
        row,
        owed.route,
        owed.target,
        int(owed.state),
        due,
        born,
        None if pending else now,
        kept_text(owed.reason),
        int(owed.shaped),
        chain,
        int(pending and chain is not None),
    )


def insert_rows(c: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """As they are."""
    for some in chunks(rows):
        c.execute(_insert(len(some)), flat(some))


@cache
def _insert(rows: int) -> str:
    names = ", ".join(Row._fields)
    row = f"({'?,' * len(Row._fields)}0,0,0)"
    return f"INSERT INTO delivery ({names}, attempts, step, fresh) VALUES {','.join([row] * rows)}"


class _Behind(dict[str, int]):
    """What the targets' clocks are behind."""

    def __init__(self, born: Born, now: int) -> None:
        super().__init__()
        self.now = now
        self._born = born

    def __missing__(self, target: str) -> int:
        self[target] = behind = self.now - self._born(target, self.now)
        return behind


def _insert_alike(
    c: sqlite3.Connection, planned: tuple[Planned, ...], ticks: list[int], behind: _Behind, last: int
) -> None:
    listed, now = orjson.dumps(ticks).decode(), behind.now
    for n, owed in enumerate(planned, start=1):
        ended = None if owed.state is State.PENDING else now
        said = (int(owed.state), ended, kept_text(owed.reason), int(owed.shaped))
        c.execute(OWED, (n, owed.route, owed.target, last, behind[owed.target], *said, listed))


def _rows(
    planned: tuple[Planned, ...], ticks: list[int], behind: _Behind, last: int, salt: bytes
) -> Iterable[Row]:
    for tick in ticks:
        due = min(tick + EPOCH, last)
        for n, owed in enumerate(planned, start=1):
            born = due - behind[owed.target]
            yield planned_row(tick * PER_EVENT + n, owed, due, born, behind.now, salt)


def _insert_in_order(c: sqlite3.Connection, rows: list[Row]) -> Chained:
    """The first of a chain is held only where it has pending ones already, and the others are."""
    chains = {row.chain for row in rows if row.held and row.chain is not None}
    if not chains:
        insert_rows(c, rows)
        return {}
    waiting, chained = waited_for(c, chains), Chained()
    rows.sort()
    for n, row in enumerate(rows):
        if row.held and row.chain is not None and row.chain not in waiting:
            waiting.add(row.chain)
            chained[row.id] = row.chain
            rows[n] = row._replace(held=0)
    insert_rows(c, rows)
    return chained
