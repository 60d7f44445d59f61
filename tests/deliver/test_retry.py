"""What an answer means for a delivery and for its target: contract 4's table, row by row."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.clock import SECOND
from relay.deliver.breaker import IN_A_ROW, Record, go_down
from relay.deliver.retry import TOO_OLD, Policy, Tried, judge, judge_target
from relay.deliver.targets.protocol import Reply, Verdict
from relay.delivery import Dead, Delivered, Delivery, Outcome, Retry, Wait
from relay.target import TargetState
from tests.clock import START
from tests.deliver.owed import delivery, middle, never_early

DAY = 24 * 3600
POLICY = Policy((5.0, 300.0), 0.2, 76 * 3600 * SECOND)
WELL = TargetState()
DOWN = go_down(WELL, START - 10 * SECOND, "no connection", never_early)

TAKEN = Reply(Verdict.TAKEN, 200)
LATER = Reply(Verdict.LATER, 503, "answered 503", 30.0)
GONE = Reply(Verdict.GONE, 410, "answered 410 Gone")
REFUSED = Reply(Verdict.REFUSED, 422, "answered 422")
FAILED = Reply(Verdict.FAILED, 500, "answered 500")
UNREACHABLE = Reply(Verdict.UNREACHABLE, error="no connection")


def after(
    reply: Reply,
    state: TargetState = WELL,
    owed: Delivery | None = None,
    *,
    probe: bool = False,
    record: Record | None = None,
) -> tuple[TargetState, Outcome]:
    """The target and the delivery after one attempt at START."""
    tried = owed or delivery()
    known = judge_target(Tried(reply, tried, START, never_early, probe), state, record or Record())
    return known, judge(Tried(reply, tried, START, middle, probe), POLICY, known)


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (TAKEN, Delivered()),
        (REFUSED, Retry(START + 5 * SECOND)),
        (FAILED, Retry(START + 5 * SECOND)),
    ],
)
def test_target_that_is_well(reply: Reply, outcome: Outcome) -> None:
    """A single answer changes nothing of a target that is well; its delivery goes by the schedule."""
    assert after(reply) == (WELL, outcome)


def test_retry_after_is_the_targets() -> None:
    """Told to wait, the whole target waits, and the delivery spends no step."""
    assert after(LATER) == (replace(WELL, wait_until=START + 30 * SECOND), Wait())


def test_retry_after_is_at_most_a_day() -> None:
    """A target that asks for a year of silence gets a day of it."""
    state, _ = after(replace(LATER, retry_after=365.0 * DAY))
    assert state.wait_until == START + DAY * SECOND


def test_retry_after_only_grows() -> None:
    """A shorter wait that is said later does not shorten the longer one that runs."""
    state, _ = after(LATER, replace(WELL, wait_until=START + 60 * SECOND))
    assert state.wait_until == START + 60 * SECOND


def test_gone_pauses() -> None:
    """410 pauses the target and keeps the delivery, without a step."""
    state, outcome = after(GONE)
    assert (state.paused_at, state.paused_why, outcome) == (START, "answered 410 Gone", Wait())


def test_unreachable_is_down_at_once() -> None:
    """No connection: the target is down, and the attempt that took it down spends no step."""
    state, outcome = after(UNREACHABLE)
    assert (state.down_at, state.down_why, state.probe_at) == (START, "no connection", START + SECOND // 4)
    assert outcome == Wait()


def test_tenth_failure_in_a_row_is_down() -> None:
    """The tenth different delivery that fails takes the target down, and spends no step; the ninth does."""
    record = Record()
    for n in range(1, IN_A_ROW):
        assert after(FAILED, record=record, owed=delivery(n)) == (WELL, Retry(START + 5 * SECOND))
    state, outcome = after(FAILED, record=record, owed=delivery(IN_A_ROW))
    assert (state.down_at, outcome) == (START, Wait())


def test_clean_record_behind_an_outage() -> None:
    """What failed before it was down does not count again once it is back."""
    record = Record()
    for n in range(IN_A_ROW):
        after(FAILED, record=record, owed=delivery(n))
    for n in range(IN_A_ROW, 2 * IN_A_ROW):
        after(TAKEN, record=record, owed=delivery(n))
    assert after(FAILED, record=record, owed=delivery(99))[0] == WELL


@pytest.mark.parametrize("reply", [FAILED, UNREACHABLE])
def test_failed_probe(reply: Reply) -> None:
    """It spends no step, and the next one waits twice as long."""
    state, outcome = after(reply, DOWN, probe=True)
    assert (state.probes, state.probe_at, outcome) == (1, START + SECOND // 2, Wait())
    assert state.down_at == DOWN.down_at


@pytest.mark.parametrize("reply", [FAILED, UNREACHABLE])
def test_failure_beside_the_probe(reply: Reply) -> None:
    """An attempt that began before the target went down changes nothing of it, and spends no step."""
    assert after(reply, DOWN) == (DOWN, Wait())


@pytest.mark.parametrize("probe", [True, False])
def test_success_brings_it_back(probe: bool) -> None:
    """The first success, be it the probe's or not, and the target is well."""
    assert after(TAKEN, DOWN, probe=probe) == (WELL, Delivered())


def test_refusal_brings_it_back() -> None:
    """Who judges the probe's event is there: the target is well, the event follows its own schedule."""
    assert after(REFUSED, DOWN, probe=True) == (WELL, Retry(START + 5 * SECOND))


def test_refusal_beside_the_probe() -> None:
    """An old attempt's refusal says nothing of a target that went down since."""
    assert after(REFUSED, DOWN)[0] == DOWN


def test_refusals_never_count() -> None:
    """However many events are refused, the target is well."""
    record = Record()
    for n in range(50):
        assert after(REFUSED, owed=delivery(n), record=record)[0] == WELL


def test_schedule_is_followed() -> None:
    """Step by step, and dead with a reason when it is used up."""
    assert after(FAILED, owed=delivery(step=1))[1] == Retry(START + 300 * SECOND)
    assert after(FAILED, owed=delivery(step=2))[1] == Dead("schedule used up: answered 500")


def test_empty_schedule() -> None:
    """Without a schedule the first failure is the last."""
    policy = replace(POLICY, schedule=())
    assert judge(Tried(FAILED, delivery(), START, middle), policy, WELL) == Dead(
        "schedule used up: answered 500"
    )


def test_too_old_for_another_step() -> None:
    """Older than max_age, it is dead whatever the schedule has left."""
    old = delivery(born=START - POLICY.max_age)
    assert after(FAILED, owed=old)[1] == Dead(f"{TOO_OLD}: answered 500")


def test_last_step_is_not_after_max_age() -> None:
    """A wait that would end beyond max_age ends there."""
    nearly = delivery(born=START - POLICY.max_age + SECOND)
    assert after(FAILED, owed=nearly)[1] == Retry(START + SECOND)


def test_age_stands_still_while_stopped() -> None:
    """Time that the target was paused or missing does not count."""
    stopped = TargetState(stopped=10 * SECOND)
    old = delivery(born=START - POLICY.max_age)
    assert not POLICY.too_old(old, stopped.time(START))
    assert POLICY.too_old(old, stopped.time(START + 10 * SECOND))


@given(st.floats(0, 1, exclude_max=True), st.floats(0, 1), st.floats(0, 1e6))
def test_jitter_stays_within_its_part(chance: float, jitter: float, wait: float) -> None:
    """No wait is further off the schedule's than `jitter` says."""
    policy = Policy((wait,), jitter, 10**15)
    outcome = judge(Tried(FAILED, delivery(), START, lambda: chance), policy, WELL)
    assert isinstance(outcome, Retry)
    assert wait * (1 - jitter) - 1e-5 <= (outcome.at - START) / SECOND <= wait * (1 + jitter) + 1e-5
