"""When a target is down, and how it is probed. Times in microseconds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.clock import SECOND
from relay.deliver.breaker import LAST_PROBE, REMEMBERED, SPREAD, Record, come_back, fail_probe, go_down, word
from relay.target import TargetState
from tests.clock import START
from tests.deliver.owed import never_early


def test_one_that_fails_again_and_again() -> None:
    """One event that fails a hundred times is no target that is down."""
    record = Record()
    assert not any(record.failed("one", START + n) for n in range(100))


def test_ten_different_in_a_row() -> None:
    """Nine are not enough, the tenth is; one that failed before does not count twice."""
    record = Record()
    assert not any(record.failed(str(n), START) for n in [*range(9), *range(9)])
    assert record.failed("9", START)


def test_success_ends_the_row() -> None:
    """A row is a row only without a success in it."""
    record = Record()
    for n in range(9):
        record.failed(str(n), START)
    record.delivered("other", START)
    assert not any(record.failed(str(n), START) for n in range(9))


def mixed(good: int, bad: int) -> bool:
    """Whether it is down after good ones and bad ones, never ten bad ones in a row; the surplus first."""
    record = Record()
    down = False
    for n in range(max(good, bad), 0, -1):
        if n <= good:
            record.delivered(f"good-{n}", START)
        if n <= bad:
            down = record.failed(f"bad-{n}", START)
    return down


@pytest.mark.parametrize(
    ("good", "bad", "down"),
    [(10, 10, True), (11, 10, False), (10, 9, False), (30, 30, True), (30, 20, False)],
)
def test_half_of_twenty(good: int, bad: int, down: bool) -> None:
    """Half of at least twenty different ones; fewer than half, or fewer than twenty, are not enough."""
    assert mixed(good, bad) is down


def test_half_of_the_last_minute() -> None:
    """What is over a minute old is forgotten, be it good or bad."""
    record = Record()
    for n in range(9):
        record.failed(f"early-{n}", START)
        record.delivered(f"good-{n}", START)
    late = START + 61 * SECOND
    assert not any(record.failed(f"late-{n}", late) for n in range(9))
    record.delivered("good", late)
    assert not record.failed("one more", late)


def test_old_successes_do_not_shield() -> None:
    """A thousand successes of an hour ago do not hide what fails now."""
    record = Record()
    for n in range(1000):
        record.delivered(str(n), START)
    late, down = START + 3600 * SECOND, False
    for n in range(10):
        record.delivered(f"good-{n}", late)
        down = record.failed(f"bad-{n}", late)
    assert down


def test_failed_then_delivered_is_delivered() -> None:
    """A delivery that got through in the end is no failure."""
    record = Record()
    for n in range(9):
        record.failed(str(n), START)
    for n in range(9):
        record.delivered(str(n), START)
    for n in range(11):
        record.delivered(f"good-{n}", START)
    assert not record.failed("one", START)


def test_memory_is_bounded() -> None:
    """However many fail beside successes, only so many are told apart."""
    record = Record()
    for n in range(3 * REMEMBERED):
        record.failed(str(n), START)
        record.delivered(f"good-{n}", START)
        record.delivered(f"more-{n}", START)
    assert len(record._failed) <= REMEMBERED
    assert len(record._counts) == 1


def test_memory_of_a_healthy_target_is_bounded() -> None:
    """A target that never fails is not remembered second by second for ever."""
    record = Record()
    for second in range(1_000):
        record.delivered(f"e{second}-1", START + second * SECOND)
    assert len(record._counts) < 70


def test_forgets() -> None:
    """A target that comes back begins with a clean record."""
    record = Record()
    for n in range(9):
        record.failed(str(n), START)
    record.forget()
    assert not any(record.failed(str(n), START) for n in range(9))


def test_probes_double_to_two_minutes() -> None:
    """250 ms, then twice as long each time, and never longer than two minutes."""
    state = go_down(TargetState(), START, "refused", never_early)
    pauses = [state.probe_at - START]
    for _ in range(11):
        at = state.probe_at
        state = fail_probe(state, at, "refused", never_early)
        pauses.append(state.probe_at - at)
    milliseconds = [pause // 1000 for pause in pauses]
    assert milliseconds == [250, 500, 1000, 2000, 4000, 8000, 16000, 32000, 64000, 120000, 120000, 120000]


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 10_000))
def test_probes_are_spread(chance: float, probes: int) -> None:
    """A probe comes a little early at most, never late, however many failed before."""
    state = TargetState(down_at=START, probes=probes)
    pause = fail_probe(state, START, "refused", lambda: chance).probe_at - START
    longest = min(250_000 << min(probes + 1, 30), LAST_PROBE)
    assert longest * (1 - SPREAD) - 1 <= pause <= longest


def test_comes_back_whole() -> None:
    """Nothing of having been down is left; a pause and a wait are other matters."""
    state = TargetState(down_at=START, down_why="x", probes=3, probe_at=START, wait_until=7, stopped=5)
    assert come_back(state) == TargetState(wait_until=7, stopped=5)


def test_words() -> None:
    """As /health says it."""
    down = TargetState(down_at=START)
    assert word(TargetState(), probing=False) == "closed"
    assert word(down, probing=False) == "open"
    assert word(down, probing=True) == "half-open"
