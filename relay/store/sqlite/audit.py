"""Do the sums match? What was counted when it was made, against the rows that are there (contract 5)."""

import sqlite3
from typing import Final

from relay.delivery import State
from relay.event import Ids
from relay.store.protocol import Audit
from relay.store.sqlite.archive import VERSION_3, since
from relay.store.sqlite.rows import PER_EVENT, delivery_text

LISTED: Final = 10
"""Problems of one kind that are listed; the rest is counted."""

COUNTED: Final = dict.fromkeys(
    ("events.accepted", "events.pruned", "deliveries.planned", "deliveries.pruned"), 0
)
"""A counter that vanished counts as nothing."""

INCOMPLETE = f"""
SELECT e.id, e.planned, (
    SELECT count(*) FROM delivery d WHERE d.id > e.id * {PER_EVENT} AND d.id < (e.id + 1) * {PER_EVENT}
) AS there
FROM event e WHERE there != e.planned
"""
BODILESS = "SELECT id FROM event WHERE NOT EXISTS (SELECT 1 FROM body WHERE body.event = event.id)"
ORPHANS = (
    f"SELECT id FROM delivery d WHERE NOT EXISTS (SELECT 1 FROM event WHERE event.id = d.id / {PER_EVENT})"
)
WRONG_STATE = f"""
SELECT e.id, e.state, (
    SELECT CASE
        WHEN count(*) = 0 THEN 4 WHEN min(d.state) = 0 THEN 0 WHEN max(d.state) = 3 THEN 3 ELSE min(d.state)
    END
    FROM delivery d WHERE d.id > e.id * {PER_EVENT} AND d.id < (e.id + 1) * {PER_EVENT}
) AS should FROM event e WHERE should != e.state
"""

OUT_OF_ORDER = """
SELECT min(id), sum(held = 0) AS free FROM delivery INDEXED BY delivery_chain
WHERE state = 0 AND chain IS NOT NULL GROUP BY chain HAVING free != 1
UNION ALL
SELECT id, 0 FROM delivery INDEXED BY delivery_due WHERE state = 0 AND held = 1 AND chain IS NULL
"""


def audit(c: sqlite3.Connection, ids: Ids) -> Audit:
    """Count everything, in one view of the file."""
    c.execute("BEGIN")
    try:
        counters = COUNTED | dict(c.execute("SELECT name, value FROM counter").fetchall())
        events = _by_state(c, "event")
        deliveries = _by_state(c, "delivery")
        problems = [
            *_sum("events", counters["events.accepted"], counters["events.pruned"], sum(events.values())),
            *_sum(
                "deliveries",
                counters["deliveries.planned"],
                counters["deliveries.pruned"],
                sum(deliveries.values()),
            ),
            *_rows(c, ids),
        ]
    finally:
        c.execute("COMMIT")
    states = ("pending", "delivered", "dead", "skipped")
    return Audit(
        ok=not problems,
        events={"accepted": counters["events.accepted"], "pruned": counters["events.pruned"]}
        | {state: events.get(state, 0) for state in (*states, "unrouted")},
        deliveries={"planned": counters["deliveries.planned"], "pruned": counters["deliveries.pruned"]}
        | {state: deliveries.get(state, 0) for state in states},
        problems=tuple(problems),
    )


def _by_state(c: sqlite3.Connection, table: str) -> dict[str, int]:
    rows = c.execute(f"SELECT state, count(*) FROM {table} GROUP BY state").fetchall()
    return {State(state).word: n for state, n in rows}


def _sum(what: str, made: int, pruned: int, there: int) -> list[str]:
    if made - pruned == there:
        return []
    return [
        f"{what}: {made} were stored and {pruned} pruned, so {made - pruned} should be there; {there} are"
    ]


def _rows(c: sqlite3.Connection, ids: Ids) -> list[str]:
    found = [
        [
            f"event {ids.text(tick)}: {planned} deliveries planned, {there} there"
            for tick, planned, there in c.execute(INCOMPLETE)
        ],
        [f"event {ids.text(tick)}: its body is missing" for (tick,) in c.execute(BODILESS)],
        [f"delivery {delivery_text(ids, row)}: its event is missing" for (row,) in c.execute(ORPHANS)],
        [
            f"event {ids.text(tick)}: is {State(state).word}, by its deliveries {State(should).word}"
            for tick, state, should in c.execute(WRONG_STATE)
        ],
        [
            f"delivery {delivery_text(ids, row)}: of those that go in order with it, {due} are due, not one"
            for row, due in (c.execute(OUT_OF_ORDER) if since(c, VERSION_3) else ())
        ],
    ]
    return [line for lines in found for line in _bounded(lines)]


def _bounded(lines: list[str]) -> list[str]:
    if len(lines) <= LISTED:
        return lines
    return [*lines[:LISTED], f"… and {len(lines) - LISTED} more like the last"]
