"""Deliveries due again, or given up by hand: on the writer's thread, in a transaction of their own."""

import sqlite3
from collections.abc import Callable
from typing import Any

from relay.clock import SECOND
from relay.delivery import State
from relay.event import Event, Ids
from relay.route import Planned
from relay.store.protocol import Count, Query, Replay
from relay.store.sqlite.append import Born, ended, insert_deliveries
from relay.store.sqlite.archive import OF_EVENT, find_rows
from relay.store.sqlite.claims import read_events
from relay.store.sqlite.rows import PER_EVENT, chunks, flat, values
from relay.store.sqlite.settle import settle_events

Replan = Callable[[Event], tuple[Planned, ...]]
Touched = set[str]
"""Targets at which something changed."""

AGAIN = """
WITH new (id, due, born) AS (VALUES {values})
UPDATE delivery SET
    state = 0, step = 0, due = new.due, born = new.born, fresh = fresh + {fresh}, replays = replays + 1,
    settled = NULL
FROM new WHERE delivery.id = new.id
"""


def replay(
    c: sqlite3.Connection, query: Query, how: Replay, replan: Replan, ids: Ids, born: Born
) -> tuple[Count, Touched]:
    """One page of a replay."""
    events = find_rows(c, query, ids, query.limit)
    deliveries = _deliveries(c, events, query)
    replanned = _replan(c, [row for row in events if row[8] == State.UNROUTED], query, replan, ids)
    count = Count(
        len({row[0] // PER_EVENT for row in deliveries} | {row[0] // PER_EVENT for row in replanned}),
        len(deliveries) + len(replanned),
        ids.text(events[-1][0]) if len(events) == query.limit else None,
    )
    if how.dry_run:
        return count, set()
    _make_due(c, deliveries, how, born)
    _plan_anew(c, replanned, how, born, len(deliveries))
    touched = [row[0] for row in deliveries] + [row for row, _ in replanned]
    settle_events(c, sorted({row // PER_EVENT for row in touched}))
    return count, {row[1] for row in deliveries} | {owed.target for _, owed in replanned}


def discard(
    c: sqlite3.Connection, query: Query, now: int, ids: Ids, *, dry_run: bool
) -> tuple[Count, Touched]:
    """One page of a discard: pending ones become dead, reason `discarded`."""
    events = find_rows(c, query, ids, query.limit)
    rows = [row for row in _deliveries(c, events, query) if row[2] == State.PENDING]
    count = Count(
        len({row[0] // PER_EVENT for row in rows}),
        len(rows),
        ids.text(events[-1][0]) if len(events) == query.limit else None,
    )
    if dry_run or not rows:
        return count, set()
    for some in chunks([row[0] for row in rows]):
        c.execute(
            "UPDATE delivery SET state = 3, settled = ?, error = 'discarded' "
            f"WHERE id IN ({values(len(some), 1)[1:-1]})",
            (now, *some),
        )
    settle_events(c, sorted({row[0] // PER_EVENT for row in rows}))
    return count, {row[1] for row in rows}


def _deliveries(
    c: sqlite3.Connection, events: list[tuple[Any, ...]], query: Query
) -> list[tuple[int, str, int]]:
    """(id, target, state) of the deliveries of `events` that `query` means, newest event first.

    What has no target (an item that a poll could not use) can be neither tried again nor given up.
    """
    tests: list[str] = ["d.target != ''"]
    asked: list[Any] = [f"[{','.join(str(row[0]) for row in events)}]"]
    for name, value in (("target", query.target), ("route", query.route)):
        if value is not None:
            tests.append(f"d.{name} = ?")
            asked.append(value)
    if query.state is not None and query.state != "unrouted":
        tests.append(f"d.state = {int(State[query.state.upper()])}")
    sql = (
        f"SELECT d.id, d.target, d.state FROM event e JOIN delivery d ON {OF_EVENT} "
        f"WHERE e.id IN (SELECT value FROM json_each(?)) AND {' AND '.join(tests)} ORDER BY d.id DESC"
    )
    return c.execute(sql, asked).fetchall()


def _make_due(c: sqlite3.Connection, deliveries: list[tuple[int, str, int]], how: Replay, born: Born) -> None:
    rows = [(row, _due(how, n), born(target, _due(how, n))) for n, (row, target, _) in enumerate(deliveries)]
    for some in chunks(rows):
        c.execute(AGAIN.format(values=values(3, len(some)), fresh=int(how.fresh)), flat(some))


def _due(how: Replay, number: int) -> int:
    """When the `number`-th delivery of a page is due, at the replay's pace."""
    return how.now + (0 if how.per_second is None else int((how.before + number) * SECOND / how.per_second))


def _replan(
    c: sqlite3.Connection, unrouted: list[tuple[Any, ...]], query: Query, replan: Replan, ids: Ids
) -> list[tuple[int, Planned]]:
    """Id and plan of what unrouted events are owed by today's routes."""
    if not unrouted:
        return []
    events = read_events(c, [row[0] for row in unrouted], ids)
    return [
        (tick * PER_EVENT + n, planned)
        for tick, event in sorted(events.items(), reverse=True)
        for n, planned in enumerate(replan(event), start=1)
        if query.target in (None, planned.target) and query.route in (None, planned.route)
    ]


def _plan_anew(
    c: sqlite3.Connection, planned: list[tuple[int, Planned]], how: Replay, born: Born, before: int
) -> None:
    rows: list[tuple[object, ...]] = []
    for n, (row, owed) in enumerate(planned):
        due = _due(how, before + n)
        rows.append((row, owed.route, owed.target, due, born(owed.target, due), *ended(owed, how.now)))
    insert_deliveries(c, rows)
    for tick in {row // PER_EVENT for row, _ in planned}:
        own = [row for row, _ in planned if row // PER_EVENT == tick]
        c.execute("UPDATE event SET planned = planned + ? WHERE id = ?", (len(own), tick))
