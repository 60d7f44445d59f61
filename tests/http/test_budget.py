"""One budget for all who ask an api: its rate, its order, its stops, and those who go away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.bucket import Bucket
from relay.clock import SECOND
from relay.http.budget import Budget, Need
from tests.clock import START, ManualClock
from tests.http.line import Line, later, settle


async def test_the_most_urgent_goes_first(clock: ManualClock) -> None:
    """Enrichments before watches, gaps, polls and backfills; within one of them who came first."""
    line = Line(Budget(clock, at_once=1))
    await line.come("first")
    for name, need in [("b", Need.BACKFILL), ("p1", Need.POLL), ("g", Need.GAP), ("w", Need.WATCH)]:
        await line.come(name, need)
    await line.come("p2", Need.POLL)
    await line.come("e", Need.ENRICH)
    for _ in range(6):
        line.budget.leave()
        await settle()
    assert line.through == ["first", "e", "w", "g", "p1", "p2", "b"]


async def test_no_more_at_once(clock: ManualClock) -> None:
    """The next goes when one is over, and not before, however long that takes."""
    line = Line(Budget(clock, at_once=2))
    for name in "abcd":
        await line.come(name)
    await later(clock, 3600)
    assert line.through == ["a", "b"]
    line.budget.leave()
    await settle()
    assert line.through == ["a", "b", "c"]
    await line.end()


async def test_rate_and_burst(clock: ManualClock) -> None:
    """A burst, and then one each interval, not a moment earlier."""
    line = Line(Budget(clock, Bucket(2, burst=3), at_once=100))
    for name in "abcdef":
        await line.come(name)
    assert line.through == ["a", "b", "c"]
    await later(clock, 0.499)
    assert line.through == ["a", "b", "c"]
    await later(clock, 0.001)
    assert line.through == ["a", "b", "c", "d"]
    await later(clock, 1)
    assert line.through == ["a", "b", "c", "d", "e", "f"]


@pytest.mark.parametrize(("rate", "burst"), [(5.0, 5), (0.01, 1), (1.5, 1)])
async def test_burst_of_one_second(clock: ManualClock, rate: float, burst: int) -> None:
    """Without a word the burst is one second's worth, at least one."""
    line = Line(Budget(clock, Bucket(rate), at_once=100))
    for number in range(10):
        await line.come(str(number))
    assert len(line.through) == burst
    await line.end()


async def test_a_rate_of_ones_own(clock: ManualClock) -> None:
    """A poll that waits for its own rate lets the others by, and goes when it is ready."""
    own = Bucket(0.1)
    line = Line(Budget(clock, at_once=100))
    await line.come("a1", Need.WATCH, own)
    await line.come("a2", Need.WATCH, own)
    await line.come("b", Need.BACKFILL)
    assert line.through == ["a1", "b"]
    await later(clock, 9.9)
    assert line.through == ["a1", "b"]
    await later(clock, 0.2)
    assert line.through == ["a1", "b", "a2"]


async def test_a_stop_stops_everybody(clock: ManualClock) -> None:
    """Nobody goes before its end, the most urgent neither; then in order."""
    line = Line(Budget(clock, at_once=1))
    line.budget.stop(START + 30 * SECOND)
    await line.come("p")
    await line.come("e", Need.ENRICH)
    await later(clock, 29.9)
    assert line.through == []
    await later(clock, 0.1)
    assert line.through == ["e"]
    line.budget.leave()
    await settle()
    assert line.through == ["e", "p"]


async def test_a_longer_stop_counts(clock: ManualClock) -> None:
    """A shorter one that is told later ends nothing early; a longer one does extend it."""
    line = Line(Budget(clock))
    line.budget.stop(START + 30 * SECOND)
    await line.come("a")
    line.budget.stop(START + 10 * SECOND)
    await later(clock, 11)
    assert line.through == []
    line.budget.stop(START + 40 * SECOND)
    await later(clock, 20)
    assert line.through == []
    await later(clock, 9)
    assert line.through == ["a"]


async def test_a_long_stop_is_told(clock: ManualClock) -> None:
    """Who waits is told of a stop beyond its patience, at the door as well as in line."""
    line = Line(Budget(clock, at_once=1))
    await line.come("busy")
    await line.come("short")
    await line.come("patient", patience=7200)
    await line.come("behind it")
    line.budget.stop(START + 3600 * SECOND)
    await settle()
    assert line.told == dict.fromkeys(["short", "behind it"], START + 3600 * SECOND)
    await line.come("late")
    assert line.told["late"] == START + 3600 * SECOND
    line.budget.leave()
    await later(clock, 3600)
    assert line.through == ["busy", "patient"]


async def test_who_goes_away_leaves_nothing_behind(clock: ManualClock) -> None:
    """Cancelled in line, at its head, or in the moment of its turn: the others go on as if it never came."""
    line = Line(Budget(clock, Bucket(1), at_once=2))
    for name in "abcd":
        await line.come(name)
    assert line.through == ["a"]
    line.tasks["b"].cancel()
    await later(clock, 1.1)
    assert line.through == ["a", "c"]
    line.budget.leave()
    clock.advance(1.1)
    line.tasks["d"].cancel()
    await settle()
    await line.come("e")
    await later(clock, 1.1)
    assert line.through == ["a", "c", "e"]
    assert line.budget._waiting == []
    assert line.budget._under_way == 2
    assert clock._waits == []


async def test_cancelled_in_the_moment_of_its_turn(clock: ManualClock) -> None:
    """One that was let go but never ran gives its place back."""
    line = Line(Budget(clock, at_once=1))
    await line.come("a")
    await line.come("b")
    await line.come("c")
    line.budget.leave()
    line.tasks["b"].cancel()
    await settle()
    assert line.through == ["a", "c"]
    assert line.budget._under_way == 1


def test_waits_without_a_moment_double(clock: ManualClock) -> None:
    """1 s, 2 s, 4 s … 5 min; short again once it answered."""
    budget = Budget(clock)
    waits = []
    for _ in range(11):
        asked = clock.now()
        until = budget.back_off(asked, clock.now())
        waits.append((until - asked) / SECOND)
        clock.set(until)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    budget.relax(clock.now())
    assert budget.back_off(clock.now(), clock.now()) == clock.now() + SECOND


def test_those_under_way_are_told_once(clock: ManualClock) -> None:
    """Four answers to requests sent together are one wait; a good one among them ends no doubling."""
    budget = Budget(clock)
    untils = {budget.back_off(START, START + 5) for _ in range(4)}
    assert untils == {START + 5 + SECOND}
    budget.relax(START)
    after = START + 2 * SECOND
    assert budget.back_off(after, after) == after + 2 * SECOND


@given(st.floats(0.01, 5_000), st.lists(st.integers(0, 3 * SECOND), max_size=30))
def test_never_over_the_rate(per_second: float, pauses: list[int]) -> None:
    """Over any time, never more than the burst and the rate's worth of that time."""
    bucket, now, took = Bucket(per_second), START, 0
    for pause in pauses:
        now += pause
        while bucket.ready_at() <= now:
            bucket.take(now)
            took += 1
    assert took <= max(1, int(per_second)) + per_second * (now - START) / SECOND + 1e-6


@given(st.floats(0.01, 5_000), st.integers(1, 100))
def test_ready_when_it_says(per_second: float, took: int) -> None:
    """One interval behind the last is the earliest of the next: nobody wakes in vain, or late."""
    bucket = Bucket(per_second, burst=1)
    for _ in range(took):
        bucket.take(START)
    assert abs(bucket.ready_at() - (START + took * SECOND / per_second)) <= 1 + took / 1000
