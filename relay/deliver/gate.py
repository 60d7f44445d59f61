"""How much a target may take now: its concurrency, its rate, and what is known of it."""

from dataclasses import dataclass, field

from relay.bucket import Bucket
from relay.deliver.breaker import Record
from relay.target import TargetState


@dataclass(slots=True)
class Gate:
    """One target's. Every attempt enters, and leaves."""

    concurrency: int
    bucket: Bucket | None = None
    running: int = 0
    probing: bool = False
    """The one attempt that a target which is down gets at a time is under way."""
    record: Record = field(default_factory=Record)

    def room(self, state: TargetState, now: int) -> int:
        """How many attempts may begin now."""
        if state.missing_at is not None or self.is_shut(state, now):
            return 0
        free = self.concurrency - self.running if state.down_at is None else 1
        return free if self.bucket is None else min(free, self.bucket.room(now))

    def is_shut(self, state: TargetState, now: int) -> bool:
        """Whether the target itself takes nothing now, however few attempts run."""
        if state.paused_at is not None or now < state.wait_until:
            return True
        return state.down_at is not None and (self.probing or now < state.probe_at)

    def opens_at(self, state: TargetState, now: int) -> int | None:
        """When time alone will give room; None: it takes more than time."""
        if state.paused_at is not None or state.missing_at is not None:
            return None
        if state.down_at is not None:
            if self.probing:
                return None
            at = max(state.probe_at, state.wait_until)
        elif self.running >= self.concurrency:
            return None
        else:
            at = max(now, state.wait_until)
        return at if self.bucket is None else max(at, self.bucket.ready_at())

    def enter(self, state: TargetState, now: int) -> bool:
        """An attempt begins; whether it is the probe."""
        self.running += 1
        if self.bucket is not None:
            self.bucket.take(now)
        probe = state.down_at is not None
        self.probing = self.probing or probe
        return probe

    def leave(self, *, probe: bool) -> None:
        self.running -= 1
        if probe:
            self.probing = False
