"""What is remembered of a target, and its own time."""

from hypothesis import given
from hypothesis import strategies as st

from relay.target import TargetState
from tests.clock import START

HOUR = 3_600_000_000


def test_time_stands_still() -> None:
    """While paused or missing; overlapping times count once."""
    state = TargetState().pause(START, "x").missing(START + HOUR)
    assert state.time(START + 5 * HOUR) == START
    state = state.resume(START + 2 * HOUR)
    assert state.time(START + 5 * HOUR) == START
    state = state.found(START + 3 * HOUR)
    assert state.time(START + 5 * HOUR) == START + 2 * HOUR


def test_pause_again() -> None:
    """The first pause, and its reason, is the one that counts."""
    state = TargetState().pause(START, "first")
    assert state.pause(START + HOUR, "second") is state


def test_found_and_missing_again() -> None:
    """What is there is not found, what is missing is not lost again."""
    well, gone = TargetState(), TargetState().missing(START)
    assert well.found(START) is well
    assert gone.missing(START + HOUR) is gone


def test_resume_gives_another_chance() -> None:
    """Down and told to wait are over as well."""
    state = TargetState(
        down_at=START, down_why="x", probe_at=START + 9, probes=3, wait_until=START + 9, paused_at=START
    )
    assert state.resume(START) == TargetState()


@given(
    st.lists(st.tuples(st.sampled_from(["pause", "resume", "missing", "found", "go"]), st.integers(0, 1000)))
)
def test_time_only_goes_forward(steps: list[tuple[str, int]]) -> None:
    """Whatever happens in whatever order: never back, and never while it stands."""
    state, now = TargetState(), START
    for word, pause in steps:
        before, stands = state.time(now), state.paused_at is not None or state.missing_at is not None
        now += pause
        assert state.time(now) == (before if stands else before + pause)
        then = state.time(now)
        match word:
            case "pause":
                state = state.pause(now, "x")
            case "resume":
                state = state.resume(now)
            case "missing":
                state = state.missing(now)
            case "found":
                state = state.found(now)
        assert state.time(now) == then
