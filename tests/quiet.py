"""When a worker has done all that it can do without time going by."""

from relay.deliver.worker import Worker
from relay.store.protocol import Store
from relay.store.sqlite.store import SqliteStore
from tests.clock import ManualClock
from tests.eventually import eventually


async def quiet(clock: ManualClock, store: Store, worker: Worker, running: int = 0) -> None:
    """Return when nothing more happens by itself; `running`: attempts that hang meanwhile."""
    assert isinstance(store, SqliteStore)

    def still() -> bool:
        return (
            clock.waits_for(worker._wake)
            and len(worker._running) == running
            and not store._backlogs._readings
            and not worker._preparer._tasks
        )

    while True:
        await eventually(still)
        await store.flush()
        if still():
            return
