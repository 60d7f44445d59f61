"""A writer that hangs, fails, closes, dies: what is told of it, and to whoever waits for it."""

import asyncio
from typing import Any

import pytest

from relay.errors import StoreUnavailable
from relay.store import writer as module
from relay.store.batch import Batch
from relay.store.protocol import Receipt
from relay.store.queue import BATCH_ENTRIES
from relay.store.writer import Writer
from tests.eventually import PATIENCE, eventually
from tests.store.disk import Disk, begun, entry, settlement


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
    waiting = [writer.append([entry(str(n))], None) for n in range(BATCH_ENTRIES + 5)]
    asked = [asyncio.ensure_future(writer.flush())]
    writer.close()
    await writer.run()
    asked.append(asyncio.ensure_future(writer.flush()))
    waiting.append(writer.append([entry("after")], None))
    futures: list[Any] = [*waiting, *asked]
    for future in futures:
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(future, PATIENCE)


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
            await asyncio.wait_for(future, PATIENCE)


async def test_who_has_more_patience_is_tried_again(disk: Disk, writer: Writer) -> None:
    """A sender that waits long, and may never come again, is not refused for one commit that failed."""
    disk.errors = [OSError("database is locked")]
    patient, other = writer.append([entry("a")], PATIENCE), writer.append([entry("b")], 1.0)
    assert [receipt.id for receipt in await patient] == ["a"]
    with pytest.raises(StoreUnavailable, match="locked"):
        await other
