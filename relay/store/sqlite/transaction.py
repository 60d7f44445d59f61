"""One batch, one transaction, one hop to the writer's thread."""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

import orjson

from relay.event import Ids
from relay.store.batch import Batch
from relay.store.protocol import Receipt
from relay.store.sqlite import answers, polls, watches
from relay.store.sqlite.append import Appended, append, count
from relay.store.sqlite.chains import Head
from relay.store.sqlite.owed import Born, Chained
from relay.store.sqlite.settle import settle
from relay.target import TargetState

T = TypeVar("T")
P = ParamSpec("P")


class Written(NamedTuple):
    """What came of a batch."""

    receipts: list[list[Receipt]]
    """Of each append."""
    dues: watches.Dues
    """Of the watches that were asked about."""
    chained: Chained
    """Of the new deliveries that have an order."""
    heads: list[Head]
    """Who is next, where one of a chain has ended."""


def commit(
    c: sqlite3.Connection, batch: Batch, about: frozenset[str], ids: Ids, salt: bytes, born: Born, now: int
) -> Written:
    """Write `batch`; when this returns it is on disk. `about`: watches that it tells the next due time of."""
    return immediately(c, _write, batch, about, ids, salt, born, now)


def immediately(
    c: sqlite3.Connection,
    write: Callable[Concatenate[sqlite3.Connection, P], T],
    /,
    *args: P.args,
    **kw: P.kwargs,
) -> T:
    """`write(c, …)` in a transaction: all of it or nothing."""
    if c.in_transaction:
        c.execute("ROLLBACK")  # that of the one before failed
    c.execute("BEGIN IMMEDIATE")
    try:
        result = write(c, *args, **kw)
        c.execute("COMMIT")
    except BaseException:
        # a full disk has rolled it back already, and a broken one may refuse to
        with suppress(sqlite3.Error):
            if c.in_transaction:
                c.execute("ROLLBACK")
        raise
    return result


def _write(
    c: sqlite3.Connection, batch: Batch, about: frozenset[str], ids: Ids, salt: bytes, born: Born, now: int
) -> Written:
    # what has ended first: a new delivery may be the next of its chain at once
    heads = settle(c, batch.settlements, now) if batch.settlements else []
    entries = [entry for waiting in batch.appends for entry in waiting.entries]
    made = append(c, entries, ids, salt, born, now) if entries else Appended([], {})
    for name, state in batch.states.items():
        _remember(c, name, state)
    if batch.polls:
        polls.remember(c, batch.polls)
    if batch.answers:
        answers.keep(c, batch.answers, ids)
    advances = [waiting.advance for waiting in batch.appends if waiting.advance is not None]
    for each in advances:
        polls.advance(c, each, salt)
        watches.move(c, each.moved)
        watches.end(c, each.ended)
    if not (entries or batch.settlements or batch.states or batch.polls or batch.answers or advances):
        count(c, {"beats": 1})
    return Written(_by_append(batch, made.receipts), watches.next_due(c, about), made.chained, heads)


def _remember(c: sqlite3.Connection, name: str, state: TargetState) -> None:
    c.execute(
        "INSERT INTO target VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET state = excluded.state",
        (name, orjson.dumps(asdict(state)).decode()),
    )


def recall(c: sqlite3.Connection) -> dict[str, TargetState]:
    """What is remembered of targets."""
    rows = c.execute("SELECT name, state FROM target").fetchall()
    return {name: TargetState(**orjson.loads(state)) for name, state in rows}


def _by_append(batch: Batch, receipts: list[Receipt]) -> list[list[Receipt]]:
    each: list[list[Receipt]] = []
    start = 0
    for waiting in batch.appends:
        end = start + len(waiting.entries)
        each.append(receipts[start:end])
        start = end
    return each


def explain(error: Exception) -> str | None:
    """Why the store could not commit; None where the fault is in what was to be stored."""
    if isinstance(
        error, sqlite3.IntegrityError | sqlite3.DataError | sqlite3.ProgrammingError | sqlite3.InterfaceError
    ):
        return None
    if isinstance(error, sqlite3.Error | OSError | MemoryError):
        return str(error) or type(error).__name__
    return None
