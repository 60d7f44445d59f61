"""What an answer means for a delivery and for its target: contract 4's table, pure. Times in microseconds."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from relay.clock import SECOND
from relay.deliver.breaker import Record, come_back, fail_probe, go_down
from relay.deliver.targets.protocol import Reply, Verdict
from relay.delivery import Dead, Delivered, Delivery, Outcome, Retry, Wait
from relay.target import TargetState

LONGEST_WAIT: Final = 24 * 3600.0
"""Seconds of Retry-After that are honoured at most."""
TOO_OLD: Final = "older than max_age"
DELIVERED: Final = Delivered()


@dataclass(frozen=True, slots=True)
class Policy:
    """A target's `retry`: waits between attempts in seconds, their jitter, and the age that ends it all."""

    schedule: tuple[float, ...]
    jitter: float
    max_age: int
    """Microseconds."""

    def too_old(self, delivery: Delivery, target_time: int) -> bool:
        """Whether `max_age` has passed, by the target's own time."""
        return target_time - delivery.born >= self.max_age

    def is_last(self, delivery: Delivery) -> bool:
        """Whether no attempt follows one that fails."""
        return delivery.step >= len(self.schedule)


@dataclass(slots=True)
class Tried:
    """An attempt that was answered at `now`. `spread` gives numbers in [0, 1), for jitter."""

    reply: Reply
    delivery: Delivery
    """Of a batch the youngest: what is older ends by itself."""
    now: int
    spread: Callable[[], float]
    probe: bool = False

    @property
    def why(self) -> str:
        return self.reply.error or self.reply.verdict.value


def judge_target(tried: Tried, state: TargetState, record: Record) -> TargetState:
    """What is known of the target, after an attempt."""
    reply, now = tried.reply, tried.now
    match reply.verdict:
        case Verdict.TAKEN:
            record.delivered(tried.delivery.id, now)
            return state if state.down_at is None else come_back(state)
        case Verdict.REFUSED:
            return come_back(state) if tried.probe and state.down_at is not None else state
        case Verdict.GONE:
            return state.pause(now, reply.error or "410")
        case Verdict.LATER:
            wait = now + int(min(reply.retry_after, LONGEST_WAIT) * SECOND)
            return replace(state, wait_until=max(state.wait_until, wait))
        case Verdict.FAILED | Verdict.UNREACHABLE:
            return _failed(tried, state, record)


def _failed(tried: Tried, state: TargetState, record: Record) -> TargetState:
    if state.down_at is not None:
        return fail_probe(state, tried.now, tried.why, tried.spread) if tried.probe else state
    if record.failed(tried.delivery.id, tried.now) or tried.reply.verdict is Verdict.UNREACHABLE:
        record.forget()
        return go_down(state, tried.now, tried.why, tried.spread)
    return state


def judge(tried: Tried, policy: Policy, state: TargetState) -> Outcome:
    """What becomes of the delivery, `state` being the target's after the attempt."""
    match tried.reply.verdict:
        case Verdict.TAKEN:
            return DELIVERED
        case Verdict.LATER | Verdict.GONE:
            return Wait()
        case Verdict.FAILED | Verdict.UNREACHABLE if state.down_at is not None:
            # it waits because the target is down: that is the target's state and costs it no step
            return Wait()
        case _:
            return next_step(tried, policy, state)


def next_step(tried: Tried, policy: Policy, state: TargetState) -> Outcome:
    """After a failure of its own: due again by the schedule, or given up."""
    delivery, now = tried.delivery, tried.now
    if policy.is_last(delivery):
        return Dead(f"schedule used up: {tried.why}")
    if policy.too_old(delivery, state.time(now)):
        return Dead(f"{TOO_OLD}: {tried.why}")
    wait = policy.schedule[delivery.step] * (1 + policy.jitter * (2 * tried.spread() - 1))
    left = policy.max_age - (state.time(now) - delivery.born)
    return Retry(now + min(int(wait * SECOND), left))
