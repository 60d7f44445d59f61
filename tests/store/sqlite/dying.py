"""A process with a store, for tests that kill it or watch its system calls.

`python -m tests.store.sqlite.dying STORE WAY AT`: writes a line to stdout for what it was told. WAY:
`exit` (it ends at its AT-th statement), `passing` (so does one that polls), `ordered` (so does one whose
deliveries are in order), `honest` (each event is told
once it is stored), `hasty` (before).
"""

import asyncio
import os
import sys
from pathlib import Path

from relay.store.open import open_store
from relay.store.protocol import Store
from tests.clock import START, ManualClock
from tests.store.sqlite.faulty import break_writing
from tests.store.words import (
    DELIVERED,
    claimed,
    claimed_all,
    entry,
    in_order,
    items,
    put,
    retry,
    settled,
    stored,
    watch,
)

EVENTS = 6


def tell(word: str) -> None:
    os.write(1, f"{word}\n".encode())


async def live(store: Store) -> None:
    """Stores events and delivers every other one."""
    for n in range(EVENTS):
        tell(f"stored {(await put(store, f'k{n}', to=('billing', 'ledger'))).id}")
        if n % 2:
            deliveries = await claimed(store)
            await settled(store, deliveries, DELIVERED, status=200)
            for delivery in deliveries:
                tell(f"settled {delivery.id}")


async def keep_order(store: Store) -> None:
    """Stores events of two keys, in turn, and delivers what is due after each; fails every third time."""
    tries = 0
    for n in range(EVENTS):
        id = (await put(store, f"k{n}", planned=in_order("ab"[n % 2]))).id
        tell(f"stored {id}-1")
        for delivery in await claimed_all(store):
            tries += 1
            tell(f"tried {delivery.id}")
            await settled(store, [delivery], DELIVERED if tries % 3 else retry(0))


async def poll(store: Store) -> None:
    """Pass after pass: each begins a watch with an event, moves the last one, ends the one before that."""
    for n in range(EVENTS):
        news = entry(store, f"p{n}", via="poll", watches=(watch(str(n)),))
        moved, ended = [watch(str(n - 1), due=START + 1)], [watch(str(n - 2))]
        await stored(store, news, state=str(n), items=items(f"p{n}"), moved=moved, ended=ended)
        tell(f"passed {n}")


async def answer(store: Store, *, hasty: bool) -> None:
    """Stores events one after the other."""
    for n in range(EVENTS):
        if hasty:
            tell(f"answered {n}")
        await put(store, f"k{n}")
        if not hasty:
            tell(f"answered {n}")


LIVES = {"exit": live, "passing": poll, "ordered": keep_order}


async def main(path: Path, way: str, at: int) -> None:
    store = await open_store(path, ManualClock(), min_free=0)
    if way in LIVES:
        break_writing(store, at, "exit")
        await LIVES[way](store)
    else:
        tell("ready")
        await answer(store, hasty=way == "hasty")
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
