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


TOO_OLD: Final = "older than max_age"


def judge_target(
    reply: Reply,
    delivery: Delivery,
    state: TargetState,
    record: Record,
    now: int,
    *,
    probe: bool,
    spread: Callable[[], float],
) -> TargetState:
    """What is known of the target, after `reply`."""
    match reply.verdict:
        case Verdict.TAKEN:
            record.delivered(delivery.id, now)
            return state if state.down_at is None else come_back(state)
        case Verdict.REFUSED:
            return come_back(state) if probe and state.down_at is not None else state
        case Verdict.GONE:
            return state.pause(now, reply.error or "410")
        case Verdict.LATER:
            wait = now + int(min(reply.retry_after, LONGEST_WAIT) * SECOND)
            return replace(state, wait_until=max(state.wait_until, wait))
        case Verdict.FAILED | Verdict.UNREACHABLE:
            return _failed(reply, delivery, state, record, now, probe=probe, spread=spread)


def _failed(
    reply: Reply,
    delivery: Delivery,
    state: TargetState,
    record: Record,
    now: int,
    *,
    probe: bool,
    spread: Callable[[], float],
) -> TargetState:
    why = reply.error or reply.verdict.value
    if state.down_at is not None:
        return fail_probe(state, now, why, spread) if probe else state
    if record.failed(delivery.id, now) or reply.verdict is Verdict.UNREACHABLE:
        record.forget()
        return go_down(state, now, why, spread)
    return state


def judge(
    reply: Reply,
    delivery: Delivery,
    policy: Policy,
    state: TargetState,
    now: int,
    spread: Callable[[], float],
) -> Outcome:
    """What becomes of the delivery, `state` being the target's after `reply`."""
    match reply.verdict:
        case Verdict.TAKEN:
            return Delivered()
        case Verdict.LATER | Verdict.GONE:
            return Wait()
        case Verdict.FAILED | Verdict.UNREACHABLE if state.down_at is not None:
            # it waits because the target is down: that is the target's state and costs it no step
            return Wait()
        case _:
            return _next_step(reply, delivery, policy, state, now, spread)


def _next_step(
    reply: Reply,
    delivery: Delivery,
    policy: Policy,
    state: TargetState,
    now: int,
    spread: Callable[[], float],
) -> Outcome:
    why = reply.error or reply.verdict.value
    if delivery.step >= len(policy.schedule):
        return Dead(f"schedule used up: {why}")
    if policy.too_old(delivery, state.time(now)):
        return Dead(f"{TOO_OLD}: {why}")
    wait = policy.schedule[delivery.step] * (1 + policy.jitter * (2 * spread() - 1))
    left = policy.max_age - (state.time(now) - delivery.born)
    return Retry(now + min(int(wait * SECOND), left))
