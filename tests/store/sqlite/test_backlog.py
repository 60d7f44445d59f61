"""The window over a target's rows: what a reading brings, and what happened while it read."""

import pytest

from relay.delivery import Delivery
from relay.event import Event
from relay.store.sqlite.backlog import WINDOW, Backlog


def delivery(n: int, size: int = 10) -> Delivery:
    event = Event(f"e{n}", "shop", None, "order", "webhook", 0, bytes(size))
    return Delivery(f"e{n}-1", f"e{n}-1", "all", "billing", 0, 0, 0, event)


@pytest.fixture
def backlog() -> Backlog:
    """One that has read all there is."""
    made = Backlog()
    made.begin_reading()
    made.end_reading((), all_due=True, next_due=None)
    return made


def ids(backlog: Backlog) -> list[str]:
    return [each.id for each in backlog.take(10_000)]


def test_what_is_new_is_ready_at_once(backlog: Backlog) -> None:
    """No reading for a target that keeps up."""
    assert backlog.offer(delivery(1), 1000) is True
    assert (backlog.due_at(5), backlog.wants_rows(5), ids(backlog)) == (5, False, ["e1-1"])


def test_one_of_a_chain_at_a_time(backlog: Backlog) -> None:
    """Whatever the rows say: the other one is found again when the first is let go."""
    first, second, other = delivery(1), delivery(2), delivery(3)
    first.chain = second.chain = b"a"
    assert [backlog.offer(each, 1000) for each in (first, second, other)] == [True, False, True]
    assert ids(backlog) == ["e1-1", "e3-1"]
    assert backlog.due_at(5) is None
    backlog.let_go(first)
    assert backlog.wants_rows(5)


@pytest.mark.parametrize("gone", [True, False])
def test_a_chain_that_was_passed_over_is_read_again(backlog: Backlog, *, gone: bool) -> None:
    """When the one that was taken is let go, or already, if that was while it read."""
    first = delivery(1)
    first.chain = b"a"
    backlog.offer(first, 1000)
    backlog.take(1)
    backlog.begin_reading()
    if gone:
        backlog.let_go(first)
    backlog.end_reading((), all_due=True, next_due=None, passed={b"a"})
    assert backlog.wants_rows(5) is gone
    backlog.let_go(first)
    assert backlog.wants_rows(5)


def test_something_may_be_due_while_it_reads(backlog: Backlog) -> None:
    """Whoever asks meanwhile is not told that nothing will come."""
    backlog.due_later(5)
    assert backlog.wants_rows(5)
    backlog.begin_reading()
    assert backlog.due_at(5) == 5
    backlog.end_reading((), all_due=True, next_due=None)
    assert backlog.due_at(5) is None


def test_what_is_given_back_comes_before_what_was_ready(backlog: Backlog) -> None:
    """Both are read again, in their order; a reading under way brings nothing."""
    for n in range(4):
        backlog.offer(delivery(n), 1000)
    (first,) = backlog.take(1)
    backlog.begin_reading()
    backlog.give_back([first])
    assert (ids(backlog), backlog.taken, backlog.bytes) == ([], set(), 0)
    backlog.end_reading([delivery(9)], all_due=True, next_due=None)
    assert backlog.wants_rows(5)
    assert ids(backlog) == []


@pytest.mark.parametrize("full", ["window", "space"])
def test_what_has_no_room_is_read_later(backlog: Backlog, full: str) -> None:
    """Then nothing newer is taken before it has been read: the order stays."""
    count = WINDOW if full == "window" else 1
    for n in range(count):
        assert backlog.offer(delivery(n), 1000)
    assert backlog.offer(delivery(count), 1000 if full == "window" else 9) is False
    assert backlog.offer(delivery(count + 1), 1000) is False
    backlog.take(count)
    assert backlog.wants_rows(5)


def test_a_reading_brings_nothing_that_is_held(backlog: Backlog) -> None:
    """What was offered while it read, and what is being tried, is there already."""
    backlog.offer(delivery(1), 1000)
    backlog.take(1)
    backlog.begin_reading()
    backlog.offer(delivery(2), 1000)
    backlog.end_reading([delivery(1), delivery(2), delivery(3)], all_due=True, next_due=None)
    assert ids(backlog) == ["e2-1", "e3-1"]


def test_a_reading_brings_nothing_that_ended_while_it_read(backlog: Backlog) -> None:
    """The row that it saw is an old one."""
    backlog.offer(delivery(1), 1000)
    backlog.take(1)
    backlog.begin_reading()
    backlog.let_go(delivery(1))
    backlog.end_reading([delivery(1)], all_due=True, next_due=None)
    assert ids(backlog) == []


def test_a_reading_brings_nothing_if_it_was_shelved_meanwhile(backlog: Backlog) -> None:
    """All that it saw may be changed since, by a discard or a replay: the rows are read again."""
    backlog.begin_reading()
    backlog.shelve()
    backlog.end_reading([delivery(1)], all_due=True, next_due=None)
    assert ids(backlog) == []
    assert backlog.wants_rows(5)
    backlog.begin_reading()
    backlog.end_reading([delivery(1)], all_due=True, next_due=None)
    assert ids(backlog) == ["e1-1"]


def test_what_falls_due_while_it_read_is_read_again(backlog: Backlog) -> None:
    """A reading that began before does not know of it."""
    backlog.begin_reading()
    backlog.fall_behind()
    backlog.end_reading((), all_due=True, next_due=None)
    assert backlog.wants_rows(5)


def test_a_later_time_is_kept_while_it_read(backlog: Backlog) -> None:
    """A retry settled meanwhile is found at its time."""
    backlog.begin_reading()
    backlog.due_later(50)
    backlog.end_reading((), all_due=True, next_due=70)
    assert (backlog.due_at(5), backlog.wants_rows(49), backlog.wants_rows(50)) == (50, False, True)


def test_one_reading_at_a_time(backlog: Backlog) -> None:
    """However often is claimed."""
    backlog.fall_behind()
    assert backlog.wants_rows(5)
    backlog.begin_reading()
    assert not backlog.wants_rows(5)


def test_a_reading_may_be_faster_than_the_writer(backlog: Backlog) -> None:
    """A row that was read before its commit had been told of is not taken twice."""
    backlog.fall_behind()
    backlog.begin_reading()
    backlog.end_reading([delivery(1)], all_due=True, next_due=None)
    backlog.offer(delivery(1), 1000)
    assert ids(backlog) == ["e1-1"]
    assert backlog.offer(delivery(1), 1000) is False
