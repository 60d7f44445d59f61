"""A rate: evenly spaced, a burst of one second's worth."""

from hypothesis import given
from hypothesis import strategies as st

from relay.bucket import Bucket
from relay.clock import SECOND
from tests.clock import START


def test_burst_of_one_second() -> None:
    """A rested bucket gives one second's worth at once, and then nothing."""
    bucket = Bucket(50)
    assert bucket.room(START) == 50
    bucket.take(START, 50)
    assert bucket.room(START) == 0


def test_evenly_spaced() -> None:
    """Behind the burst one each interval, and not a moment earlier."""
    bucket = Bucket(50)
    bucket.take(START, 50)
    assert bucket.room(START + 19_999) == 0
    assert bucket.room(START + 20_000) == 1
    assert bucket.ready_at() == START + 20_000


def test_less_than_one_a_second() -> None:
    """A slow rate has a burst of one."""
    bucket = Bucket(0.1)
    assert bucket.room(START) == 1
    bucket.take(START)
    assert bucket.room(START + 9 * SECOND) == 0
    assert bucket.room(START + 10 * SECOND) == 1


def test_rest_saves_no_more_than_the_burst() -> None:
    """However long nothing went, the burst is one second's worth."""
    bucket = Bucket(5)
    bucket.take(START, 5)
    assert bucket.room(START + 3600 * SECOND) == 5


def test_ready_where_there_is_room() -> None:
    """A rested bucket waits for nothing."""
    assert Bucket(5).ready_at() <= START


@given(st.floats(0.01, 5_000), st.lists(st.integers(0, 3 * SECOND), max_size=30))
def test_never_over_the_rate(per_second: float, pauses: list[int]) -> None:
    """Over any time, never more than the burst and the rate's worth of that time."""
    bucket, now, took = Bucket(per_second), START, 0
    for pause in pauses:
        now += pause
        room = bucket.room(now)
        bucket.take(now, room)
        took += room
    assert took <= max(1.0, per_second) + per_second * (now - START) / SECOND + 1e-3


@given(st.floats(0.01, 5_000), st.integers(1, 100))
def test_next_at_has_room(per_second: float, extra: int) -> None:
    """The moment it names is one at which something may go: nobody wakes in vain."""
    bucket = Bucket(per_second)
    bucket.take(START, bucket.room(START) + extra)
    assert bucket.room(max(START, bucket.ready_at())) >= 1
