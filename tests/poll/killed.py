"""A process that runs one pass, and kills itself at a step: `killed.py DB URL KIND STEP`."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Final

from relay.http.session import open_session
from relay.store.open import open_store
from tests.clock import ManualClock
from tests.poll.provider import Provider
from tests.poll.shop import NEWEST, PLAIN
from tests.poll.stand import Stand

KINDS: Final = {
    "newest": NEWEST,
    "oldest": PLAIN.replace('items = "body"', 'items = "body.list"')
    + 'order = "oldest"\nnext = "body.more"\nchange = "item.state"\n',
    "detail": PLAIN + 'order = "newest"\ndetail = { path = "/things/${string(item.id)}", data = "body.n" }\n',
}


class Killer:
    """Ends the process at the step of that number; 0: never."""

    def __init__(self, step: int) -> None:
        self.left = step

    def __call__(self, _step: str) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


async def live(path: Path, url: str, kind: str, step: int) -> None:
    """One life; it ends by itself when the pass is complete."""
    store = await open_store(path, ManualClock(), min_free=0)
    provider = Provider()
    provider.port = int(url.rpartition(":")[2])
    async with open_session() as session:
        stand = Stand(store, session, provider, KINDS[kind])
        stand.reached = Killer(step)
        assert (await stand.run()).complete
    await store.close()


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))
