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
