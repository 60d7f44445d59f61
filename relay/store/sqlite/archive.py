"""Looking things up, on a reader's thread: lists, single events, counts."""

import sqlite3
from collections.abc import Iterable
from typing import Any, Final

from relay.delivery import State
from relay.event import Ids, tick_at, unpack_headers
from relay.store.protocol import DeliveryView, EventView, Page, Query, TargetStats
from relay.store.sqlite import polls, watches
from relay.store.sqlite.rows import PER_EVENT, VIA, delivery_text

EVENT = "e.id, e.source, e.key, e.type, e.via, e.received, e.occurred, e.size, e.state"
DELIVERY = "d.id, d.route, d.target, d.state, d.attempts, {due}, d.status, d.error"
SILENT = "SELECT json_extract(t.state, '$.wait_until') FROM target t WHERE t.name = d.target"
DUE: Final = f"CASE d.state WHEN 0 THEN max(d.due, coalesce(({SILENT}), 0)) END"
"""Nothing is tried before the silence is over that its target asked for."""
NEWEST = "SELECT received FROM event WHERE source = ?"
VERSION_2: Final = 2
"""Of the file: polls and watches came with it."""
VERSION_3: Final = 3
"""Order came with it: a delivery may wait for another."""
OF_EVENT = f"d.id > e.id * {PER_EVENT} AND d.id < (e.id + 1) * {PER_EVENT}"


def find(c: sqlite3.Connection, query: Query, ids: Ids) -> Page:
    """One page of events, newest first."""
    rows = find_rows(c, query, ids, query.limit + 1)
    more = len(rows) > query.limit
    views = _with_deliveries(c, rows[: query.limit], ids)
    return Page(tuple(views), ids.text(rows[query.limit - 1][0]) if more else None)


def find_rows(c: sqlite3.Connection, query: Query, ids: Ids, limit: int) -> list[tuple[Any, ...]]:
    """At most `limit` rows of events that `query` names, newest first unless it says otherwise."""
    where, values = conditions(query, ids)
    order = "ASC" if query.oldest_first else "DESC"
    sql = f"SELECT {EVENT} FROM event e WHERE {where} ORDER BY e.id {order} LIMIT ?"
    return c.execute(sql, [*values, limit]).fetchall()


def conditions(query: Query, ids: Ids) -> tuple[str, list[Any]]:
    """The SQL of `query` over `event e`, and its values."""
    parts: list[tuple[str, list[Any]]] = [("1", [])]
    if query.ids:
        ticks = [ids.tick(id) for id in query.ids]
        parts.append((f"e.id IN ({','.join('?' * len(ticks))})", list(ticks)))
    parts += [
        (f"e.{name} = ?", [value])
        for name, value in (("source", query.source), ("type", query.type), ("key", query.key))
        if value is not None
    ]
    if query.since is not None:
        # ticks never run behind the clock that gave them
        parts.append(("e.id >= ? AND e.received >= ?", [tick_at(query.since), query.since]))
    if query.until is not None:
        parts.append(("e.received < ?", [query.until]))
    if query.cursor is not None:
        beyond = "e.id > ?" if query.oldest_first else "e.id < ?"
        parts.append((beyond, [ids.tick(query.cursor)]))
    if query.below is not None:
        parts.append(("e.id < ?", [ids.tick(query.below)]))
    parts += _delivery_conditions(query)
    return " AND ".join(part for part, _ in parts), [value for _, values in parts for value in values]


def _delivery_conditions(query: Query) -> Iterable[tuple[str, list[Any]]]:
    state = None if query.state is None else int(State[query.state.upper()])
    if query.target is None and query.route is None:
        if state == State.PENDING:
            rare = f"SELECT id / {PER_EVENT} FROM delivery INDEXED BY delivery_due WHERE state = 0"
            yield f"e.state = 0 AND e.id IN ({rare})", []
        elif state is not None:
            yield f"e.state = {state}", []
        return
    inner = [
        (f"d.{name} = ?", value)
        for name, value in (("target", query.target), ("route", query.route))
        if value is not None
    ]
    tests = [test for test, _ in inner] + ([] if state is None else [f"d.state = {state}"])
    clause = " AND ".join([OF_EVENT, *tests])
    yield f"EXISTS (SELECT 1 FROM delivery d WHERE {clause})", [value for _, value in inner]


def _with_deliveries(c: sqlite3.Connection, rows: list[tuple[Any, ...]], ids: Ids) -> list[EventView]:
    by_event: dict[int, list[tuple[Any, ...]]] = {row[0]: [] for row in rows}
    listed = f"[{','.join(map(str, by_event))}]"
    query = (
        f"SELECT {_columns(c)} FROM event e JOIN delivery d ON {OF_EVENT} "
        "WHERE e.id IN (SELECT value FROM json_each(?)) ORDER BY d.id"
    )
    for delivery in c.execute(query, (listed,)):
        by_event[delivery[0] // PER_EVENT].append(delivery)
    return [_view(row, by_event[row[0]], ids) for row in rows]


def _columns(c: sqlite3.Connection) -> str:
    """Of a delivery: one that is held will be due nobody knows when."""
    due = f"CASE d.held WHEN 0 THEN {DUE} END" if since(c, VERSION_3) else DUE
    return DELIVERY.format(due=due)


def show(c: sqlite3.Connection, id: str, ids: Ids) -> EventView | None:
    """One event whole."""
    try:
        tick = ids.tick(id)
    except ValueError:
        return None
    row = c.execute(f"SELECT {EVENT} FROM event e WHERE id = ?", (tick,)).fetchone()
    if row is None:
        return None
    kept = c.execute("SELECT headers, query, body FROM body WHERE event = ?", (tick,)).fetchone()
    headers, query, body = kept or (b"", None, None)  # one that vanished is for `audit` to tell
    own = (tick * PER_EVENT, (tick + 1) * PER_EVENT)
    deliveries = c.execute(
        f"SELECT {_columns(c)} FROM delivery d WHERE d.id > ? AND d.id < ? ORDER BY d.id",
        own,
    ).fetchall()
    history = c.execute(
        "SELECT delivery, n, at, seconds, status, error, probe FROM attempt "
        "WHERE delivery > ? AND delivery < ? ORDER BY delivery, n",
        own,
    ).fetchall()
    return _view(row, deliveries, ids, history, headers=unpack_headers(headers), query=query, body=body)


def _view(
    row: tuple[Any, ...],
    deliveries: list[tuple[Any, ...]],
    ids: Ids,
    history: Iterable[tuple[Any, ...]] = (),
    **whole: Any,
) -> EventView:
    tick, source, key, kind, via, received, occurred, size, state = row
    tries: dict[int, list[dict[str, Any]]] = {}
    for delivery, *rest in history:
        tries.setdefault(delivery, []).append(_attempt(*rest))
    return EventView(
        id=ids.text(tick),
        key=key,
        source=source,
        type=kind,
        via=VIA[via],
        received_at=received,
        occurred_at=occurred,
        size=size,
        state=State(state).word,
        deliveries=tuple(_delivery_view(some, ids, tries.get(some[0], [])) for some in deliveries),
        **whole,
    )


def _attempt(
    n: int, at: int, seconds: float, status: int | None, error: str | None, probe: int
) -> dict[str, Any]:
    return {"n": n, "at": at, "seconds": seconds, "status": status, "error": error, "probe": bool(probe)}


def _delivery_view(row: tuple[Any, ...], ids: Ids, history: list[dict[str, Any]]) -> DeliveryView:
    number, route, target, state, attempts, due, status, error = row
    return DeliveryView(
        id=delivery_text(ids, number),
        route=route,
        target=target,
        state=State(state).word,
        attempts=attempts,
        next_at=due if state == State.PENDING else None,
        last_status=status,
        last_error=error,
        history=tuple(history),
    )


def target_stats(c: sqlite3.Connection, dead_since: int) -> dict[str, TargetStats]:
    """Pending and dead of each target that has any; what has no target is nobody's."""
    pending = c.execute(
        "SELECT target, count(*), min(id) FROM delivery INDEXED BY delivery_due "
        "WHERE state = 0 GROUP BY target"
    ).fetchall()
    dead = c.execute(
        "SELECT target, count(*), sum(settled >= ?) FROM delivery INDEXED BY delivery_dead "
        "WHERE state = 3 AND target > '' GROUP BY target",
        (dead_since,),
    ).fetchall()
    stats: dict[str, dict[str, Any]] = {}
    for target, n, first in pending:
        oldest = c.execute("SELECT received FROM event WHERE id = ?", (first // PER_EVENT,)).fetchone()
        stats[target] = {"pending": n, "oldest": None if oldest is None else oldest[0]}
    for target, n, lately in dead:
        stats.setdefault(target, {}).update(dead=n, dead_lately=lately)
    return {target: TargetStats(**counts) for target, counts in stats.items()}


def unusable_stats(c: sqlite3.Connection, dead_since: int) -> dict[str, TargetStats]:
    """Dead deliveries without a target, by route."""
    rows = c.execute(
        "SELECT route, count(*), sum(settled >= ?) FROM delivery INDEXED BY delivery_dead "
        "WHERE state = 3 AND target = '' GROUP BY route",
        (dead_since,),
    )
    return {route: TargetStats(dead=n, dead_lately=lately) for route, n, lately in rows}


def last_event(c: sqlite3.Connection, source: str) -> int | None:
    """When the newest event of `source` was received."""
    there = c.execute(f"{NEWEST} ORDER BY id DESC LIMIT 1", (source,)).fetchone()
    return _latest(there, _of_source(c, "event", source))


def last_webhook(c: sqlite3.Connection, source: str) -> int | None:
    """When the newest event was received that no poll brought."""
    there = c.execute(f"{NEWEST} AND via = 0 ORDER BY id DESC LIMIT 1", (source,)).fetchone()
    return _latest(there, _of_source(c, "webhook", source))


def _of_source(c: sqlite3.Connection, column: str, source: str) -> tuple[int | None] | None:
    """What is known of the events that were let go."""
    if not since(c, VERSION_2):
        return None
    row: tuple[int | None] | None = c.execute(
        f"SELECT {column} FROM source WHERE name = ?", (source,)
    ).fetchone()
    return row


def _latest(*rows: tuple[int | None] | None) -> int | None:
    return max((row[0] for row in rows if row is not None and row[0] is not None), default=None)


def since(c: sqlite3.Connection, version: int) -> bool:
    """Whether the file has this version at least: a stopped daemon may have left an older one."""
    return bool(c.execute("PRAGMA user_version").fetchone()[0] >= version)


def poll_states(c: sqlite3.Connection) -> polls.Parts:
    """What is remembered of polls."""
    return polls.recall(c) if since(c, VERSION_2) else {}


def watch_counts(c: sqlite3.Connection) -> dict[str, int]:
    """How many things each watch watches."""
    return watches.count(c) if since(c, VERSION_2) else {}


def sources(c: sqlite3.Connection) -> list[str]:
    """Every source that has events."""
    return [row[0] for row in c.execute("SELECT DISTINCT source FROM event")]
