"""Group commit: what is promised to whoever waits for the disk, over a commit that does as it is told."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from relay.delivery import Delivered, Delivery, Settlement
from relay.errors import StoreUnavailable
from relay.event import Event
from relay.store import writer as module
from relay.store.batch import Batch
from relay.store.protocol import Entry, Receipt
from relay.store.writer import Writer
from relay.target import TargetState
from tests.eventually import eventually


class Disk:
    """Commits batches: at once, when it is let, or not at all."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.errors: list[Exception] = []
        self.begun = 0
        self.hangs_at: int | None = None
        self.free = asyncio.Event()
        self.free.set()

    async def commit(self, batch: Batch) -> list[list[Receipt]]:
        self.begun += 1
        if self.begun == self.hangs_at:
            self.free.clear()
        await self.free.wait()
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


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    monkeypatch.setattr(module, "PAUSE", 0.0)
    return Disk()


@pytest.fixture
async def writer(disk: Disk) -> AsyncIterator[Writer]:
    made = Writer(disk.commit, disk.explain, lambda _batch, _receipts: None)
    running = asyncio.create_task(made.run())
    yield made
    disk.free.set()
    made.close()
    await asyncio.wait([running])


def entry(id: str, kind: str = "order", body: bytes = b"") -> Entry:
    return Entry(Event(id, "shop", None, kind, "webhook", 0, body), ())


def settlement(id: str) -> Settlement:
    return Settlement(Delivery(id, id, "all", "billing", 0, 0, 0, entry("e").event), Delivered(), None)


async def begun(disk: Disk, count: int = 1) -> None:
    await eventually(lambda: disk.begun >= count)


async def test_what_gathers_while_a_commit_runs_goes_into_the_next_one(disk: Disk, writer: Writer) -> None:
    """One commit for the first, one for all that came meanwhile; each is told of its own."""
    disk.free.clear()
    waiting = [writer.append([entry("0")], None)]
    await begun(disk)
    waiting += [writer.append([entry(str(n))], None) for n in range(1, 50)]
    disk.free.set()
    assert await asyncio.gather(*waiting) == [[Receipt(str(n))] for n in range(50)]
    assert disk.sizes == [1, 49]


async def test_an_append_is_told_only_after_its_commit(disk: Disk, writer: Writer) -> None:
    """While the transaction that holds it runs, nobody is told anything."""
    disk.free.clear()
    waiting = writer.append([entry("a")], None)
    await begun(disk)
    assert not waiting.done()
    disk.free.set()
    await waiting
    assert disk.sizes == [1]


async def test_a_batch_is_bounded_in_entries_and_bytes(disk: Disk, writer: Writer) -> None:
    """No commit takes so much that the others wait for long; one event alone may be larger."""
    small = [writer.append([entry(str(n))], None) for n in range(module.BATCH_ENTRIES + 1)]
    await asyncio.gather(*small)
    assert disk.sizes == [module.BATCH_ENTRIES, 1]
    body = bytes(module.BATCH_BYTES // 2 + 1)
    await asyncio.gather(*[writer.append([entry(str(n), body=body)], None) for n in range(3)])
    assert disk.sizes[2:] == [1, 1, 1]


async def test_what_no_transaction_took_in_time_is_dropped(disk: Disk, writer: Writer) -> None:
    """It is refused, and no later commit holds it."""
    disk.free.clear()
    first = writer.append([entry("first")], None)
    await begun(disk)
    with pytest.raises(StoreUnavailable):
        await writer.append([entry("late")], 0.0)
    disk.free.set()
    await first
    await writer.flush()
    assert [e.event.id for b in disk.batches for w in b.appends for e in w.entries] == ["first"]


async def test_what_a_transaction_took_is_kept_though_it_was_refused(disk: Disk, writer: Writer) -> None:
    """The commit that runs cannot be called back: the sender's retry will be a duplicate."""
    disk.free.clear()
    late = writer.append([entry("late")], 0.001)
    await begun(disk)
    with pytest.raises(StoreUnavailable):
        await late
    disk.free.set()
    await writer.flush()
    assert disk.sizes == [1]


async def test_a_failing_commit_refuses_senders_and_keeps_the_rest(disk: Disk, writer: Writer) -> None:
    """Settlements and states are tried until they are written, in order; the newer state of a target wins."""
    disk.errors = [OSError("disk full"), OSError("disk full")]
    writer.settle([settlement("1"), settlement("2")])
    writer.remember("billing", TargetState(probes=1))
    with pytest.raises(StoreUnavailable, match="disk full"):
        await writer.append([entry("a")], None)
    writer.settle([settlement("3")])
    writer.remember("billing", TargetState(probes=2))
    await writer.flush()
    assert disk.settled == ["1", "2", "3"]
    assert [batch.states for batch in disk.batches if batch.states] == [{"billing": TargetState(probes=2)}]
    assert all(not batch.appends for batch in disk.batches)
    assert writer.backlog == 0


async def test_failing_and_recovery_are_noticed_without_a_request(disk: Disk, writer: Writer) -> None:
    """A beat finds it out, goes on until the store is well, and both are told once."""
    told: list[str | None] = []
    writer.changed = lambda: told.append(writer.pulse().failing)
    disk.errors = [OSError("locked")] * 3
    writer.beat()
    await eventually(lambda: len(told) == 2)
    assert told == ["locked", None]
    assert disk.begun == 4


async def test_one_that_cannot_be_stored_refuses_nobody_else(disk: Disk, writer: Writer) -> None:
    """Every other part of its batch is written, each in a transaction of its own."""
    disk.free.clear()
    writer.beat()
    await begun(disk)
    waiting = [
        writer.append([entry(id, kind)], None) for id, kind in (("a", "x"), ("b", "poison"), ("c", "x"))
    ]
    writer.settle([settlement("1")])
    writer.remember("billing", TargetState(probes=1))
    disk.free.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert results[0::2] == [[Receipt("a")], [Receipt("c")]]
    assert isinstance(results[1], StoreUnavailable)
    await writer.flush()
    assert disk.settled == ["1"]
    assert writer.pulse().failing is None


async def test_nobody_waits_too_long_for_the_others_of_a_batch(disk: Disk, writer: Writer) -> None:
    """Where each part of a batch is written alone, those whose turn has not come are answered in time."""
    disk.free.clear()
    writer.beat()
    await begun(disk)
    asked = [writer.append([entry("bad", "poison")], None)]
    asked += [writer.append([entry(id)], 0.05) for id in ("a", "b")]
    disk.hangs_at = 4  # the beat, all three, the first alone, the second
    disk.free.set()
    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(asked[2], 20)


async def test_a_change_has_its_turn_though_appends_never_end(disk: Disk, writer: Writer) -> None:
    """Under endless load a replay, a prune, a flush is not put off for ever: it runs between two batches."""
    running, during = True, []

    async def post_for_ever() -> None:
        while running:
            await writer.append([entry("x")], None)

    async def work() -> str:
        during.append(disk.begun - len(disk.batches))
        return "done"

    senders = [asyncio.create_task(post_for_ever()) for _ in range(4)]
    await begun(disk, 3)
    try:
        assert await asyncio.wait_for(writer.change(work), 20) == "done"
        writer.settle([settlement("1")])
        await asyncio.wait_for(writer.flush(), 20)
    finally:
        running = False
        await asyncio.gather(*senders)
    assert disk.settled == ["1"]
    assert during == [0]


@pytest.mark.parametrize(
    ("error", "told"), [(OSError("disk full"), StoreUnavailable), (KeyError("x"), KeyError)]
)
async def test_a_change_that_fails_is_told_to_who_asked(
    writer: Writer, error: Exception, told: type[Exception]
) -> None:
    """As the store's failure where it is one; what follows is done as ever."""

    async def work() -> None:
        raise error

    with pytest.raises(told):
        await writer.change(work)
    assert await writer.append([entry("a")], None) == [Receipt("a")]


async def test_a_change_is_refused_while_commits_fail(disk: Disk, writer: Writer) -> None:
    """Whoever asks for one is told, and does not wait for the disk to be emptied."""
    disk.errors = [OSError("disk full")] * 10_000
    writer.beat()
    await begun(disk, 2)

    async def work() -> None:
        raise OSError("disk full")

    with pytest.raises(StoreUnavailable, match="disk full"):
        await asyncio.wait_for(writer.change(work), 20)
    disk.errors.clear()


async def test_pulse_of_a_writer_that_hangs(
    disk: Disk, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Running for longer than HANG it fails, for longer than STUCK it does not answer; then it is well."""
    assert (writer.pulse().answers, writer.pulse().failing) == (True, None)
    disk.free.clear()
    writer.beat()
    await begun(disk)
    assert (writer.pulse().answers, writer.pulse().failing) == (True, None)
    monkeypatch.setattr(module, "HANG", -1.0)
    assert writer.pulse().answers is True
    assert "hangs" in (writer.pulse().failing or "")
    monkeypatch.setattr(module, "STUCK", -1.0)
    assert writer.pulse().answers is False
    monkeypatch.undo()
    disk.free.set()
    await writer.flush()
    assert writer.pulse().failing is None


async def test_pulse_of_a_failing_writer_still_answers(disk: Disk, writer: Writer) -> None:
    """A full disk is no reason to restart the daemon."""
    disk.errors = [OSError("disk full")] * 10_000
    writer.beat()
    await eventually(lambda: writer.pulse().failing)
    assert (writer.pulse().answers, writer.pulse().failing) == (True, "disk full")
    disk.errors.clear()


async def test_close_commits_what_waits(disk: Disk) -> None:
    """All of it, before `run` ends."""
    writer = Writer(disk.commit, disk.explain, lambda _batch, _receipts: None)
    waiting: list[Any] = [writer.append([entry(str(n))], None) for n in range(300)]
    writer.settle([settlement(str(n)) for n in range(300)])
    writer.close()
    await writer.run()
    assert all(future.done() and not future.exception() for future in waiting)
    assert len(disk.settled) == 300


async def test_close_refuses_what_cannot_be_committed(disk: Disk) -> None:
    """Nobody waits for ever for a store that fails while it closes, nor for one that is closed."""
    disk.errors = [OSError("disk full")] * 10
    writer = Writer(disk.commit, disk.explain, lambda _batch, _receipts: None)
    waiting = [writer.append([entry(str(n))], None) for n in range(module.BATCH_ENTRIES + 5)]
    asked = [asyncio.ensure_future(writer.flush())]
    writer.close()
    await writer.run()
    asked.append(asyncio.ensure_future(writer.flush()))
    waiting.append(writer.append([entry("after")], None))
    futures: list[Any] = [*waiting, *asked]
    for future in futures:
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(future, 20)


async def test_a_writer_that_died_does_not_answer(disk: Disk) -> None:
    """An error of our own in its loop leaves no daemon that looks well and stores nothing."""

    def broken(_batch: Batch, _receipts: list[list[Receipt]]) -> None:
        raise RuntimeError("ours")

    writer = Writer(disk.commit, disk.explain, broken)
    waiting = writer.append([entry("taken")], None)
    with pytest.raises(RuntimeError):
        await writer.run()
    assert writer.pulse().answers is False
    for future in (waiting, writer.append([entry("a")], None)):
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(future, 20)
