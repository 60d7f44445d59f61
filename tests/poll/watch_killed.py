"""A process that asks for packages until all are delivered, and kills itself at a step: `DB URL STEP`."""

import asyncio
import sys
from pathlib import Path

from relay.http.session import open_session
from relay.store.open import open_store
from tests.clock import ManualClock
from tests.poll.killed import Killer
from tests.poll.provider import Provider
from tests.poll.watching import LIST, Watching

KEYS = ("a", "b", "c")


async def live(path: Path, url: str, step: int) -> None:
    """One life; it ends by itself when nothing is watched any more."""
    store = await open_store(path, ManualClock(), min_free=0)
    provider = Provider()
    provider.port = int(url.rpartition(":")[2])
    async with open_session() as session:
        stand = Watching(store, session, provider, LIST)
        stand.reached = Killer(step)
        await stand.begin(data={"keys": KEYS}, key="order-1")
        while stand.wait() is not None:
            await stand.next()
    await store.close()


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
