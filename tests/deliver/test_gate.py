"""How much a target may take now."""

import pytest

from relay.bucket import Bucket
from relay.clock import SECOND
from relay.deliver.gate import Gate
from relay.target import TargetState
from tests.clock import START

WELL = TargetState()
DOWN = TargetState(down_at=START - SECOND, probe_at=START)


def test_concurrency() -> None:
    """As many as its slots, and one more for each that leaves."""
    gate = Gate(3)
    for _ in range(3):
        assert gate.enter(WELL, START) is False
    assert (gate.room(WELL, START), gate.opens_at(WELL, START)) == (0, None)
    gate.leave(probe=False)
    assert (gate.room(WELL, START), gate.opens_at(WELL, START)) == (1, START)


def test_rate() -> None:
    """No more than the rate, though slots are free."""
    gate = Gate(16, Bucket(2))
    assert gate.room(WELL, START) == 2
    gate.enter(WELL, START)
    gate.enter(WELL, START)
    assert gate.room(WELL, START) == 0
    opens = gate.opens_at(WELL, START)
    assert opens is not None
    assert opens == pytest.approx(START + SECOND // 2, abs=1)


@pytest.mark.parametrize("state", [TargetState(paused_at=START), TargetState(missing_at=START)])
def test_stopped(state: TargetState) -> None:
    """Paused or missing: nothing goes, and time alone changes nothing of it."""
    assert (Gate(5).room(state, START + 10**12), Gate(5).opens_at(state, START)) == (0, None)


def test_told_to_wait() -> None:
    """Nothing goes until the moment that the target named; then as usual."""
    state = TargetState(wait_until=START + SECOND)
    gate = Gate(5)
    assert (gate.room(state, START), gate.opens_at(state, START)) == (0, START + SECOND)
    assert gate.room(state, START + SECOND) == 5


def test_down_gets_one_probe_at_a_time() -> None:
    """One attempt when its time has come, and no second one while it runs."""
    gate = Gate(5)
    assert (gate.room(DOWN, START - 1), gate.opens_at(DOWN, START - 1)) == (0, START)
    assert gate.room(DOWN, START) == 1
    assert gate.enter(DOWN, START) is True
    assert (gate.room(DOWN, START), gate.opens_at(DOWN, START)) == (0, None)
    gate.leave(probe=True)
    assert gate.room(DOWN, START) == 1


def test_hanging_attempts_do_not_hold_up_the_probe() -> None:
    """All slots taken by attempts from before it went down: the probe goes all the same."""
    gate = Gate(1)
    gate.enter(WELL, START)
    assert gate.room(DOWN, START) == 1


def test_probe_waits_as_told() -> None:
    """A target that is down and asked for silence is not probed before both are over."""
    state = TargetState(down_at=START, probe_at=START + SECOND, wait_until=START + 9 * SECOND)
    gate = Gate(5)
    assert (gate.room(state, START + SECOND), gate.opens_at(state, START)) == (0, START + 9 * SECOND)


def test_others_leave_the_probe_alone() -> None:
    """An attempt from before that ends is not the probe's end."""
    gate = Gate(5)
    gate.enter(WELL, START)
    gate.enter(DOWN, START)
    gate.leave(probe=False)
    assert gate.probing
    assert gate.room(DOWN, START) == 0
