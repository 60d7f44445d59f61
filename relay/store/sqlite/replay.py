"""Deliveries due again, or given up by hand: on the writer's thread, in a transaction of their own."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as but
from typing import Final, NamedTuple

import orjson

from relay.clock import SECOND
from relay.delivery import State
from relay.event import Ids
from relay.route import Planned
from relay.store.protocol import Count, Query, Replan, Replay
from relay.store.sqlite import answers
from relay.store.sqlite.append import count
from relay.store.sqlite.archive import OF_EVENT, conditions, find_rows
from relay.store.sqlite.archive_file import look
from relay.store.sqlite.chains import mend
from relay.store.sqlite.claims import READ_BYTES, read_events
from relay.store.sqlite.connection import Connection
from relay.store.sqlite.owed import Born, insert_rows, planned_row
from relay.store.sqlite.rows import PER_EVENT, chunks, flat, values
from relay.store.sqlite.settle import settle_events

Plans = Mapping[int, tuple[Planned, ...]]
"""What unrouted events (ticks) are owed by today's routes."""

AGAIN: Final = """
WITH new (id, due, born) AS (VALUES {values})
UPDATE delivery SET
    state = 0, step = 0, due = new.due, born = new.born, fresh = fresh + {fresh}, replays = replays + 1,
    settled = NULL, held = (chain IS NOT NULL), shaped = min(shaped, 1), batch = NULL
FROM new WHERE delivery.id = new.id
"""
"""Of a chain it is held until the chain is mended. What went as it came, for its filter had failed, is for
today's route again. It has been in no batch yet."""


class Page(NamedTuple):
    """Events that a replay takes at once, oldest first."""

    ticks: list[int]
    next: str | None
    unrouted: list[tuple[int, int]]
    """Those that have to be planned anew, and the sizes of their bodies."""


class Changed(NamedTuple):
    """What a change by hand came to."""

    taken: Count
    targets: set[str]
    """At which something changed."""
    events: list[int]
    """Those that are asked about anew."""


class Owed(NamedTuple):
    """A delivery that is meant."""

    row: int
    target: str
    state: int
    chain: bytes | None

    @property
    def tick(self) -> int:
        return self.row // PER_EVENT


def find(c: sqlite3.Connection, query: Query, ids: Ids) -> Page:
    """On a reader's thread: the next page of what `query` means."""
    rows = find_rows(c, query, ids, query.limit)
    unrouted = [(row[0], row[7]) for row in rows if row[8] == State.UNROUTED]
    return Page([row[0] for row in rows], _next(rows, query, ids), unrouted)


async def plan_anew(reader: Connection, page: Page, replan: Replan, ids: Ids) -> Plans:
    """Outside of any transaction, for it may take long: what the unrouted ones of `page` are owed today."""
    plans: dict[int, tuple[Planned, ...]] = {}
    for some in _pieces(page.unrouted):
        events = await look(reader.run(read_events, some, ids))
        plans.update(zip(events, await replan(list(events.values())), strict=True))
    return plans


def _pieces(unrouted: Iterable[tuple[int, int]]) -> Iterator[list[int]]:
    """So many at once as memory has room for their bodies, one at least."""
    some: list[int] = []
    total = 0
    for tick, size in unrouted:
        if some and total + size > READ_BYTES:
            yield some
            some, total = [], 0
        some.append(tick)
        total += size
    if some:
        yield some


@dataclass(frozen=True, slots=True)
class Turn:
    """One page of a replay, and how it goes."""

    query: Query
    page: Page
    plans: Plans
    how: Replay
    ids: Ids
    born: Born
    salt: bytes


def replay(c: sqlite3.Connection, turn: Turn) -> Changed:
    """What is still meant of the page; an event that is no longer unrouted is not planned anew."""
    query, how = turn.query, turn.how
    events = _still(c, turn)
    deliveries = _deliveries(c, [tick for tick, _ in events], query)
    anew = [
        (tick * PER_EVENT + n, owed)
        for tick, state in events
        if state == State.UNROUTED
        for n, owed in enumerate(turn.plans.get(tick, ()), start=1)
        if query.target in {None, owed.target} and query.route in {None, owed.route}
    ]
    again = sorted({owed.tick for owed in deliveries})
    touched = sorted({*again, *(row // PER_EVENT for row, _ in anew)})
    taken = Count(len(touched), len(deliveries) + len(anew), turn.page.next)
    if how.dry_run:
        return Changed(taken, set(), [])
    _make_due(c, deliveries, how, turn.born)
    chains = _insert_anew(c, anew, turn, len(deliveries))
    mend(c, chains | {owed.chain for owed in deliveries if owed.chain is not None})
    settle_events(c, touched)
    answers.forget(c, again)
    return Changed(taken, {owed.target for owed in deliveries} | {owed.target for _, owed in anew}, again)


def discard(c: sqlite3.Connection, query: Query, now: int, ids: Ids, *, dry_run: bool) -> Changed:
    """One page of a discard: pending ones become dead, reason `discarded`."""
    events = find_rows(c, query, ids, query.limit)
    meant = [
        owed for owed in _deliveries(c, [row[0] for row in events], query) if owed.state == State.PENDING
    ]
    touched = sorted({owed.tick for owed in meant})
    taken = Count(len(touched), len(meant), _next(events, query, ids))
    if dry_run or not meant:
        return Changed(taken, set(), [])
    for some in chunks([owed.row for owed in meant]):
        c.execute(
            "UPDATE delivery SET state = 3, settled = ?, error = 'discarded' "
            f"WHERE id IN ({values(len(some), 1)[1:-1]})",
            (now, *some),
        )
    mend(c, {owed.chain for owed in meant if owed.chain is not None})
    settle_events(c, touched)
    return Changed(taken, {owed.target for owed in meant}, [])


def _next(rows: Sequence[tuple[int, ...]], query: Query, ids: Ids) -> str | None:
    return ids.text(rows[-1][0]) if len(rows) == query.limit else None


def _still(c: sqlite3.Connection, turn: Turn) -> list[tuple[int, int]]:
    """Those of the page that are meant by now, oldest first, and their states."""
    where, given = conditions(but(turn.query, cursor=None), turn.ids)
    listed = orjson.dumps(turn.page.ticks).decode()
    return c.execute(
        "SELECT e.id, e.state FROM event e WHERE e.id IN (SELECT value FROM json_each(?)) "
        f"AND {where} ORDER BY e.id",
        [listed, *given],
    ).fetchall()


def _deliveries(c: sqlite3.Connection, ticks: list[int], query: Query) -> list[Owed]:
    """The deliveries of events that `query` means, oldest event first.

    What has no target (an item that a poll could not use) can be neither tried again nor given up.
    """
    tests: list[str] = ["d.target != ''"]
    asked: list[object] = [orjson.dumps(ticks).decode()]
    for name, value in (("target", query.target), ("route", query.route)):
        if value is not None:
            tests.append(f"d.{name} = ?")
            asked.append(value)
    if query.state is not None and query.state != "unrouted":
        tests.append(f"d.state = {int(State[query.state.upper()])}")
    sql = (
        f"SELECT d.id, d.target, d.state, d.chain FROM event e JOIN delivery d ON {OF_EVENT} "
        f"WHERE e.id IN (SELECT value FROM json_each(?)) AND {' AND '.join(tests)} ORDER BY d.id"
    )
    return [Owed(*row) for row in c.execute(sql, asked)]


def _make_due(c: sqlite3.Connection, deliveries: list[Owed], how: Replay, born: Born) -> None:
    dues = [_due(how, n) for n in range(len(deliveries))]
    rows = [(owed.row, due, born(owed.target, due)) for owed, due in zip(deliveries, dues, strict=True)]
    for some in chunks(rows):
        c.execute(AGAIN.format(values=values(3, len(some)), fresh=int(how.fresh)), flat(some))


def _due(how: Replay, number: int) -> int:
    """When the `number`-th delivery of a page is due, at the replay's pace."""
    return how.now + (0 if how.per_second is None else int((how.before + number) * SECOND / how.per_second))


def _insert_anew(
    c: sqlite3.Connection, anew: list[tuple[int, Planned]], turn: Turn, before: int
) -> set[bytes]:
    """The deliveries of events that had none; their chains. `before`: deliveries of the page before them."""
    rows = []
    for n, (row, owed) in enumerate(anew):
        due = _due(turn.how, before + n)
        rows.append(planned_row(row, owed, due, turn.born(owed.target, due), turn.how.now, turn.salt))
    insert_rows(c, rows)
    for tick, planned in Counter([row // PER_EVENT for row, _ in anew]).items():
        c.execute("UPDATE event SET planned = planned + ? WHERE id = ?", (planned, tick))
    if rows:
        count(c, {"deliveries.planned": len(rows)})
    return {row.chain for row in rows if row.chain is not None}
