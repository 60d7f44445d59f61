"""Fills a store through its own code, a process of its own: events that all wait, then events all delivered.

It writes `waiting.db` and `kept.db` into a folder, and prints `{"done", "of"}` as it goes.
"""

import argparse
import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from bench.daemon import ROUTE, SOURCE, TARGET
from bench.message import ID_HEADER, SIGNATURE_HEADER, SIGNATURE_PREFIX, body_of, sign
from bench.stand import KEPT, WAITING
from relay.clock import SECOND, SystemClock
from relay.delivery import Attempt, Delivered, Delivery, Settlement
from relay.event import Event, Headers
from relay.route import Planned
from relay.store.protocol import Entry
from relay.store.sqlite.store import SqliteStore, open_store

BATCH: Final = 2_000
SPAN: Final = 3600 * SECOND
"""The events were received evenly over the last hour."""
PLANNED: Final = (Planned(ROUTE, TARGET),)


async def append(store: SqliteStore, count: int) -> list[str]:
    """`count` events, each with one delivery that waits; their ids."""
    start = time.time_ns() // 1_000 - SPAN
    ids: list[str] = []
    for first in range(0, count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        events = [event(store, n, start + n * SPAN // count) for n in numbers]
        ids += [receipt.id for receipt in await store.append([Entry(some, PLANNED) for some in events])]
        store.shelve(TARGET)
        tell(len(ids), 2 * count)
    return ids


def event(store: SqliteStore, n: int, at: int) -> Event:
    """Number `n`, received at `at` (microseconds since 1970)."""
    key = f"fill-{n:08d}"
    body = body_of(key.encode())
    return Event(store.next_id(at), SOURCE, key, SOURCE, "webhook", at, body, headers_of(key.encode(), body))


async def deliver(store: SqliteStore, ids: Sequence[str]) -> None:
    """The deliveries of the events `ids` have been made, at the first attempt."""
    for first in range(0, len(ids), BATCH):
        some = ids[first : first + BATCH]
        store.settle([settlement(id) for id in some])
        await store.flush()
        tell(len(ids) + first + len(some), 2 * len(ids))


def settlement(id: str) -> Settlement:
    """The one delivery of event `id` was taken."""
    now = time.time_ns() // 1_000
    settled = Event(id, SOURCE, None, SOURCE, "webhook", now, b"")
    delivery = Delivery(f"{id}-1", f"{id}-1", ROUTE, TARGET, 0, 0, now, settled)
    return Settlement(delivery, Delivered(), Attempt(1, now, 0.002, 200))


def headers_of(id: bytes, body: bytes) -> Headers:
    """The headers with which the load generator would have sent it."""
    return (
        (b"Host", b"127.0.0.1:8080"),
        (b"User-Agent", b"bench/1"),
        (b"Accept", b"*/*"),
        (b"Content-Type", b"application/json"),
        (b"Content-Length", str(len(body)).encode()),
        (ID_HEADER.encode(), id),
        (SIGNATURE_HEADER.encode(), SIGNATURE_PREFIX.encode() + sign(body)),
    )


def tell(done: int, of: int) -> None:
    if done % (BATCH * 5) == 0 or done == of:
        print(json.dumps({"done": done, "of": of}), flush=True)


async def fill(folder: Path, count: int) -> None:
    """The store in which all wait, and made of it the one in which all are delivered."""
    waiting, kept = folder / WAITING, folder / KEPT
    async with opened(waiting) as store:
        ids = await append(store, count)
    shutil.copyfile(waiting, kept)
    async with opened(kept) as store:
        await deliver(store, ids)


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[SqliteStore]:
    """The store at `path`, closed at the end, so that the file is all there is of it."""
    store = await open_store(path, SystemClock(), 0)
    try:
        yield store
    finally:
        await store.close()
    if path.with_name(f"{path.name}-wal").exists():
        raise RuntimeError(f"{path} was closed, and not all of it is in it")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.fill")
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int)
    given: argparse.Namespace = parser.parse_args()
    asyncio.run(fill(given.folder, given.count))


if __name__ == "__main__":
    main()
