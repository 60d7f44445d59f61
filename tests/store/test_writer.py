"""Group commit: what is promised to whoever waits for the disk, over a commit that does as it is told."""

import asyncio
from typing import Any

import pytest

from relay.errors import StoreUnavailable
from relay.store import queue as module
from relay.store.protocol import Receipt
from relay.store.writer import Writer
from relay.target import TargetState
from tests.eventually import PATIENCE, eventually
from tests.store.disk import Disk, begun, entry, settlement


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
    writer.remember_poll("list", "", "1")
    disk.free.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert results[0::2] == [[Receipt("a")], [Receipt("c")]]
    assert isinstance(results[1], StoreUnavailable)
    await writer.flush()
    assert disk.settled == ["1"]
    assert [batch.polls for batch in disk.batches if batch.polls] == [{("list", ""): "1"}]
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
        await asyncio.wait_for(asked[2], PATIENCE)


async def test_a_change_has_its_turn_though_appends_never_end(disk: Disk, writer: Writer) -> None:
    """Under endless load a replay, a prune, a flush is not put off for ever: it runs between two batches."""
    end, asked = 500, list[Any]()

    def one_more() -> None:
        if disk.begun < end:
            asked.append(writer.append([entry("x")], None))

    async def work() -> str:
        assert disk.begun == len(disk.batches)
        return "done"

    disk.during = one_more
    writer.beat()
    change, flush = asyncio.ensure_future(writer.change(work)), asyncio.ensure_future(writer.flush())
    writer.settle([settlement("1")])
    ended: list[int] = []
    for future in (change, flush):
        future.add_done_callback(lambda _future: ended.append(disk.begun))
    await asyncio.wait_for(asyncio.gather(change, flush, *asked), PATIENCE)
    assert max(ended) < end
    assert disk.settled == ["1"]


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
        await asyncio.wait_for(writer.change(work), PATIENCE)
    disk.errors.clear()
