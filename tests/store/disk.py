"""A disk that does as it is told, and what a writer is given to write on it."""

import asyncio
from collections.abc import Callable

from relay.delivery import Delivered, Delivery, Settlement
from relay.event import Event
from relay.store.batch import Batch
from relay.store.protocol import Entry, Receipt
from tests.eventually import eventually


async def turn() -> None:
    """Whoever else has something to do does it."""
    turned = asyncio.Event()
    asyncio.get_running_loop().call_soon(turned.set)
    await turned.wait()


class Disk:
    """Commits batches: at once, when it is let, or not at all."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.errors: list[Exception] = []
        self.begun = 0
        self.hangs_at: int | None = None
        self.during: Callable[[], None] = lambda: None
        """What happens while a commit runs."""
        self.free = asyncio.Event()
        self.free.set()

    async def commit(self, batch: Batch) -> list[list[Receipt]]:
        self.begun += 1
        if self.begun == self.hangs_at:
            self.free.clear()
        await self.free.wait()
        self.during()
        await turn()
        if self.errors:
            raise self.errors.pop(0)
        if any(entry.event.type == "poison" for waiting in batch.appends for entry in waiting.entries):
            raise TypeError("cannot be bound")
        self.batches.append(batch)
        return [[Receipt(entry.event.id) for entry in waiting.entries] for waiting in batch.appends]

    def explain(self, error: Exception) -> str | None:
        return str(error) if isinstance(error, OSError) else None

    @property
    def sizes(self) -> list[int]:
        return [len(batch.appends) for batch in self.batches]

    @property
    def settled(self) -> list[str]:
        return [settlement.delivery.id for batch in self.batches for settlement in batch.settlements]


def entry(id: str, kind: str = "order", body: bytes = b"") -> Entry:
    return Entry(Event(id, "shop", None, kind, "webhook", 0, body), ())


def settlement(id: str) -> Settlement:
    return Settlement(Delivery(id, id, "all", "billing", 0, 0, 0, entry("e").event), Delivered(), None)


async def begun(disk: Disk, count: int = 1) -> None:
    await eventually(lambda: disk.begun >= count)
