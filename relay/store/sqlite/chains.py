"""Order per key: deliveries of one target and key are a chain, and one of them at a time is due.

The others are `held`: pending, and passed over. At acceptance a delivery is held where its chain has a
pending one. When one has ended, or rows were changed by hand, the first of its chain (by id: the order of
acceptance) is due, in the same transaction. However many wait behind it, the first is found by an index.
"""

import hashlib
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

from relay.store.sqlite.rows import chunks, values

WAITED_FOR: Final = """
WITH asked (chain) AS (VALUES {values}) SELECT chain FROM asked WHERE EXISTS (
    SELECT 1 FROM delivery d INDEXED BY delivery_chain WHERE d.state = 0 AND d.chain = asked.chain
)
"""
_FIRST: Final = """
(SELECT min(d.id) FROM delivery d INDEXED BY delivery_chain
 WHERE d.state = 0 AND d.chain = touched.chain AND d.held = {held})
"""
HEADS: Final = f"""
WITH touched (chain) AS (VALUES {{values}}),
firsts (free, held) AS MATERIALIZED (SELECT {_FIRST.format(held=0)}, {_FIRST.format(held=1)} FROM touched)
SELECT d.id, d.target, d.due, d.held, nullif(firsts.free, d.id)
FROM firsts CROSS JOIN delivery d ON d.id = coalesce(min(firsts.free, firsts.held), firsts.free, firsts.held)
"""
"""Of chains that have pending ones: the first, whether it is held, and which other one is not."""


class Head(NamedTuple):
    """The one of a chain that is due, or will be at `due` (microseconds since 1970)."""

    row: int
    target: str
    due: int


def chain_name(salt: bytes, target: str, key: str) -> bytes:
    """The chain of a key at `target`. Keyed, so that no sender can make two meet."""
    named = f"{target}\0{key}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(named, digest_size=16, key=salt).digest()


def waited_for(c: sqlite3.Connection, chains: Iterable[bytes]) -> set[bytes]:
    """Those of `chains` that have a pending delivery."""
    found: set[bytes] = set()
    for some in chunks(list(chains)):
        found.update([chain for (chain,) in c.execute(WAITED_FOR.format(values=values(1, len(some))), some)])
    return found


def chains_of(c: sqlite3.Connection, rows: Sequence[int]) -> set[bytes]:
    """The chains of deliveries, by their row ids."""
    found: set[bytes] = set()
    for some in chunks(rows):
        asked = f"SELECT DISTINCT chain FROM delivery WHERE id IN ({values(len(some), 1)[1:-1]})"
        found.update([chain for (chain,) in c.execute(f"{asked} AND chain IS NOT NULL", some)])
    return found


def mend(c: sqlite3.Connection, chains: Collection[bytes]) -> list[Head]:
    """On the writer's thread, inside a transaction: of each chain the first is not held, and no other.

    There may be one other that is not held, as there is where all was well before. The heads of those that
    have pending ones.
    """
    heads: list[Head] = []
    for some in chunks(list(chains)):
        found = c.execute(HEADS.format(values=values(1, len(some))), some).fetchall()
        _set_held(c, [other for *_, other in found if other is not None], 1)
        _set_held(c, [row for row, _, _, held, _ in found if held], 0)
        heads += [Head(row, target, due) for row, target, due, *_ in found]
    return heads


def _set_held(c: sqlite3.Connection, rows: list[int], held: int) -> None:
    if rows:
        c.execute(f"UPDATE delivery SET held = ? WHERE id IN ({values(len(rows), 1)[1:-1]})", (held, *rows))
