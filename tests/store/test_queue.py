"""What goes into the next commit: neither senders nor passes wait for more than a batch of the others."""

import asyncio
from math import inf

import pytest

from relay.delivery import Settlement
from relay.store.batch import Append, Batch
from relay.store.progress import Advance
from relay.store.queue import BATCH_ENTRIES, Queue
from relay.target import TargetState
from tests.store.disk import entry, settlement
from tests.store.words import items

LARGE = BATCH_ENTRIES * 4


@pytest.fixture
def queue() -> Queue:
    return Queue()


def append(queue: Queue, name: str, count: int = 1, *, listed: int = 0, poll: bool = False) -> Append:
    """One that waits, `count` entries of the name; `poll`: as a pass does, with `listed` items."""
    advance = Advance("list", "", "{}", items(*map(str, range(listed)))) if poll else None
    done: asyncio.Future[list[object]] = asyncio.Future()
    waiting = Append([entry(name)] * count, done, inf, advance)  # type: ignore[arg-type]  # nobody asks for it
    queue.add(waiting)
    return waiting


def batches(queue: Queue) -> list[list[str]]:
    """The names of what goes together, batch by batch."""
    taken = []
    while (batch := queue.take()) is not None:
        taken.append([waiting.entries[0].event.id if waiting.entries else "-" for waiting in batch.appends])
    return taken


async def test_nothing_waits(queue: Queue) -> None:
    """There is no batch; a beat makes an empty one, once."""
    assert queue.take() is None
    queue.beat = True
    assert batches(queue) == [[]]


async def test_what_fits_goes_together(queue: Queue) -> None:
    """Senders and small passes share a transaction, senders first."""
    append(queue, "pass", 3, poll=True)
    append(queue, "a")
    append(queue, "b")
    assert batches(queue) == [["a", "b", "pass"]]


async def test_a_large_pass_goes_alone_and_in_turn_with_senders(queue: Queue) -> None:
    """Those who sent meanwhile are in the next commit, whatever else polls bring."""
    for name in ("1", "2", "3"):
        append(queue, name, LARGE, poll=True)
    append(queue, "a")
    taken = []
    for n in range(6):
        batch = queue.take()
        assert batch is not None
        taken.append([waiting.entries[0].event.id for waiting in batch.appends])
        append(queue, f"later {n}")
    assert taken == [["a"], ["1"], ["later 0", "later 1"], ["2"], ["later 2", "later 3"], ["3"]]


async def test_a_large_pass_waits_for_nobody_where_nobody_sends(queue: Queue) -> None:
    """One commit after the other."""
    for name in ("1", "2"):
        append(queue, name, LARGE, poll=True)
    assert batches(queue) == [["1"], ["2"]]


async def test_passes_have_their_turn_though_senders_never_end(queue: Queue) -> None:
    """Each second batch begins with a pass, and what room it leaves is the senders'."""
    append(queue, "pass", 2, poll=True)
    for n in range(BATCH_ENTRIES * 3):
        append(queue, str(n))
    first, second, *_ = batches(queue)
    assert "pass" not in first
    assert (second[0], len(second)) == ("pass", 1 + BATCH_ENTRIES - 3)


async def test_a_long_list_counts_though_nothing_in_it_is_new(queue: Queue) -> None:
    """It is looked up item by item, while senders wait."""
    append(queue, "-", 0, listed=LARGE * 16, poll=True)
    append(queue, "a")
    assert batches(queue) == [["a"], ["-"]]


def settlements(batch: int | None, count: int) -> list[Settlement]:
    """Of so many deliveries that were tried in one batch; None: each alone."""
    return [settlement(f"{batch}-{n}")._replace(batch=batch) for n in range(count)]


@pytest.mark.parametrize("alone", [0, 1, BATCH_ENTRIES - 1, BATCH_ENTRIES, BATCH_ENTRIES * 2 - 7])
async def test_what_was_tried_in_one_batch_is_written_at_once(queue: Queue, alone: int) -> None:
    """Wherever the line is cut; and what was tried alone in bites as ever."""
    queue.settlements += settlements(None, alone)
    for number in (1, 2, 3):
        queue.settlements += settlements(number, 200)
    taken = []
    while (batch := queue.take()) is not None:
        taken.append([each.batch for each in batch.settlements])
    assert [number for some in taken for number in some] == [None] * alone + [1] * 200 + [2] * 200 + [3] * 200
    assert max(map(len, taken)) < BATCH_ENTRIES + 200
    for number in (1, 2, 3):
        assert sum(number in some for some in taken) == 1


def test_a_batch_that_fails_is_taken_apart_but_for_what_belongs_together() -> None:
    """Its parts: each settlement alone, those of one batch in one."""
    made = [*settlements(None, 2), *settlements(1, 3), *settlements(2, 2), *settlements(None, 1)]
    parts = Batch(settlements=made, answers={("e", "a"): "1", ("e", "b"): "2"}).parts()
    assert [len(part.settlements) for part in parts] == [1, 1, 3, 2, 1, 0, 0]
    assert [part.answers for part in parts[5:]] == [{("e", "a"): "1"}, {("e", "b"): "2"}]


async def test_what_could_not_be_written_comes_first_again(queue: Queue) -> None:
    """In its order, and the newer word of a target or poll wins."""
    kept = [append(queue, "1", poll=True), append(queue, "a"), append(queue, "b")]
    queue.settlements.append(settlement("s1"))
    queue.states["billing"] = TargetState(probes=1)
    queue.polls |= {("list", ""): "1", ("chat", ""): "1"}
    queue.answers |= {("e", "order"): "1", ("e", "customer"): "1"}
    batch = queue.take()
    assert batch is not None
    append(queue, "c")
    append(queue, "2", poll=True)
    queue.settlements.append(settlement("s2"))
    queue.states["billing"] = TargetState(probes=2)
    queue.polls["list", ""] = "2"
    queue.answers["e", "order"] = "2"
    queue.put_back(batch, kept)
    again = queue.take()
    assert again is not None
    assert [waiting.entries[0].event.id for waiting in again.appends] == ["a", "b", "c", "1", "2"]
    assert [each.delivery.id for each in again.settlements] == ["s1", "s2"]
    assert again.states == {"billing": TargetState(probes=2)}
    assert again.polls == {("list", ""): "2", ("chat", ""): "1"}
    assert again.answers == {("e", "order"): "2", ("e", "customer"): "1"}


async def test_who_gave_up_is_not_taken(queue: Queue) -> None:
    """A sender or a pass that is dropped is in no batch."""
    for waiting in (append(queue, "a"), append(queue, "1", poll=True)):
        queue.drop(waiting)
        queue.drop(waiting)
    assert queue.take() is None
